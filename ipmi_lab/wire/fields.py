"""How one field lies in bytes: the kinds that message declarations are written in."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import OpenEnum


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An unsigned number of whole bytes, least significant first unless ``big``."""

    size: int
    big: bool = False


@dataclass(frozen=True, slots=True)
class Bits:
    """Some bits of one byte; the fields of a byte are declared from bit 7 down and fill it."""

    width: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """Exactly ``size`` bytes; ``padded`` ones may be given shorter and are filled up with zeros."""

    size: int
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """A length byte, then so many bytes."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """All bytes that are left."""


Kind = Unsigned | Bits | Fixed | Counted | Remaining

U8 = Annotated[int, Unsigned(1)]
U16 = Annotated[int, Unsigned(2)]
U24 = Annotated[int, Unsigned(3)]
U32 = Annotated[int, Unsigned(4)]
BigU16 = Annotated[int, Unsigned(2, big=True)]
BigU32 = Annotated[int, Unsigned(4, big=True)]
Bit = Annotated[bool, Bits(1)]
Bits2 = Annotated[int, Bits(2)]
Bits3 = Annotated[int, Bits(3)]
Bits4 = Annotated[int, Bits(4)]
Bits5 = Annotated[int, Bits(5)]
Bits6 = Annotated[int, Bits(6)]
Bits7 = Annotated[int, Bits(7)]
Bytes16 = Annotated[bytes, Fixed(16)]
Text16 = Annotated[str, Fixed(16, padded=True)]
CountedBytes = Annotated[bytes, Counted()]
CountedText = Annotated[str, Counted()]
Rest = Annotated[bytes, Remaining()]
Password = Annotated[Secret, Remaining()]
Key = Annotated[Secret, Remaining()]


def _limit(kind: Kind) -> int:
    if isinstance(kind, Unsigned):
        return (1 << 8 * kind.size) - 1
    return (1 << kind.width) - 1 if isinstance(kind, Bits) else 0xFF


def to_bytes(value: object) -> bytes:
    """Bytes from what people write: bytes, a list of numbers, or hex text (``0x06 0x01``, ``06:01``, ``0601``)."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return _from_hex(value)
    if isinstance(value, (list, tuple)):
        return b"".join(_one_byte(item) if isinstance(item, int) else _from_hex(str(item)) for item in value)
    raise LocalError(f"{value!r} is not bytes", hint="Write hex such as 06 01 FF, or a list of numbers.")


def _one_byte(number: int) -> bytes:
    if not 0 <= number <= 0xFF:
        raise LocalError(f"{number} does not fit a byte")
    return bytes((number,))


def _from_hex(text: str) -> bytes:
    found = bytearray()
    for word in text.replace(",", " ").replace(":", " ").replace("-", " ").split():
        digits = word[2:] if word[:2].lower() == "0x" else word
        try:
            found += bytes.fromhex(digits if len(digits) != 1 else "0" + digits)
        except ValueError:
            raise LocalError(f"{word!r} is not a byte in hex", hint="Write bytes such as 0x06 0x01 or 06 01.") from None
    return bytes(found)


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field: its name, where its bits lie, and what Python value stands for them.

    A ``reserved`` one is sent as its default, ignored on receipt and not shown. ``limit`` is the largest number that
    fits.
    """

    name: str
    kind: Kind
    type: type[Any]
    optional: bool
    reserved: bool = field(init=False)
    limit: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reserved", self.name.startswith("_"))
        object.__setattr__(self, "limit", _limit(self.kind))

    def coerce(self, value: object) -> Any:
        """The value as the message keeps it, from what a person or program wrote; LocalError names the field."""
        if value is None and self.optional:
            return None
        try:
            return self._coerce(value)
        except LocalError as error:
            raise LocalError(f"{self.name}: {error.message}", hint=error.hint) from None

    def unfit(self, value: str, kind: str) -> str:
        """The expression of whether a value needs ``coerce``: anything but what nearly every program gives, the very
        type and in bounds. ``value`` and ``kind`` are what value and type are called in it."""
        if self.type is str or isinstance(self.kind, Counted):
            return "True"
        other = f"_type({value}) is not {kind}"
        if isinstance(self.kind, Remaining):
            return other
        if isinstance(self.kind, Fixed):
            return f"{other} or _len({value}) != {self.kind.size}"
        return f"{other} or not 0 <= {value} <= {self.limit}"

    def _coerce(self, value: object) -> Any:
        if self.type is Secret:
            return self._fit(value if isinstance(value, Secret) else Secret(_secret_source(value)))
        if self.type is str:
            return self._fit(value)
        if self.type is bytes:
            return self._fit(to_bytes(value))
        return self._number(value)

    def _number(self, value: object) -> Any:
        if isinstance(value, str):
            value = self._from_text(value)
        if not isinstance(value, int):
            raise LocalError(f"{value!r} is not a number")
        if not 0 <= value <= self.limit:
            raise LocalError(f"{value} is outside 0 to {self.limit} (0x{self.limit:X})")
        return value if type(value) is self.type else self.type(value)

    def _from_text(self, text: str) -> int:
        if issubclass(self.type, OpenEnum):
            return self.type.from_words(text)
        if self.type is bool and text.strip().lower() in _TRUTHS:
            return _TRUTHS[text.strip().lower()]
        try:
            return int(text, 0)
        except ValueError:
            if self.type is bool:
                raise LocalError(f"{text!r} is neither yes nor no", hint="Write yes or no.") from None
            raise LocalError(f"{text!r} is not a number", hint="Write 32 or 0x20.") from None

    def _fit(self, value: Any) -> Any:
        if self.type is str and not isinstance(value, str):
            raise LocalError(f"{value!r} is not text")
        try:
            raw = encode_bytes(value)
        except UnicodeEncodeError:
            raise LocalError(f"{value!r} has characters outside Latin-1") from None
        kind, size = self.kind, len(raw)
        if isinstance(kind, Fixed) and (size > kind.size or (size < kind.size and not kind.padded)):
            bound = "at most" if kind.padded else "exactly"
            raise LocalError(f"{size} bytes are given, {bound} {kind.size} fit")
        if isinstance(kind, Counted) and size > 0xFF:
            raise LocalError(f"{size} bytes are given, at most 255 fit")
        return value

    def words(self, value: object) -> str:
        """A value as a person reads it in a trace or a report."""
        if value is None:
            return "not given"
        if isinstance(value, OpenEnum):
            return f"{value.words} (0x{value:02X})"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int):
            return f"{value} (0x{value:02X})"
        if isinstance(value, bytes):
            return value.hex(" ") or "nothing"
        return str(value)


_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _secret_source(value: object) -> Any:
    if isinstance(value, (str, bytes)) or hasattr(value, "value"):
        return value
    raise LocalError("a secret is text, bytes or a Secret")


def encode_bytes(value: "bytes | str | Secret") -> bytes:
    """The bytes of a field that is no number."""
    if isinstance(value, Secret):
        return value.reveal()
    return value.encode("latin-1") if isinstance(value, str) else value


def decode_bytes(type: type[Any], raw: bytes) -> Any:
    """The value of a field that is no number; texts end at their first zero byte."""
    if type is str:
        return raw.split(b"\0", 1)[0].decode("latin-1")
    return Secret(raw) if type is Secret else raw
