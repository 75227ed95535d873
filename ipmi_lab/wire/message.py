"""A message is declared as annotated fields; this file turns the declaration into bytes and back.

A layout is planned once, at its first use, as one ``struct`` for everything up to the first optional or variable
field, a table that says which bits of which number are which field, and a short list of what may follow.
"""

import struct
import types
import typing
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, Self, dataclass_transform

from ipmi_lab.errors import LocalError, TooShort, did_you_mean
from ipmi_lab.wire.codes import OpenEnum
from ipmi_lab.wire.fields import Bits, Counted, Field, Fixed, Kind, Unsigned, decode_bytes, encode_bytes

_FORMATS = {1: "B", 2: "H", 4: "I"}


class Cell:
    """Some whole bytes and the fields in them: one number split into bits, or one run of bytes."""

    def __init__(self, fields: list[Field]) -> None:
        first = fields[0]
        self.fields = fields
        self.key = next((field.name for field in fields if not field.reserved), first.name)
        self.kind = first.kind
        self.optional = first.optional
        self.number = isinstance(first.kind, (Unsigned, Bits))
        self.size = _size(first.kind)
        self.order: Any = "big" if isinstance(first.kind, Unsigned) and first.kind.big else "little"
        shift = 8
        self.shifts = []
        for field in fields:
            if isinstance(field.kind, Bits):
                shift -= field.kind.width
                self.shifts.append(shift)
            else:
                self.shifts.append(0)

    def parts(self) -> Iterator[tuple[Field, int]]:
        return zip(self.fields, self.shifts, strict=True)

    @property
    def format(self) -> str:
        """As ``struct`` writes it. Three-byte and big-endian numbers come as bytes and are converted apart."""
        assert self.size is not None
        plain = isinstance(self.kind, Bits) or (
            isinstance(self.kind, Unsigned) and not self.kind.big and self.size in _FORMATS
        )
        return _FORMATS[self.size] if plain else f"{self.size}s"


def _size(kind: Kind) -> int | None:
    """How many bytes a cell takes; None where the data says it."""
    if isinstance(kind, (Unsigned, Fixed)):
        return kind.size
    return 1 if isinstance(kind, Bits) else None


class Plan:
    """What is known of one layout: its fields, and how to read and write them."""

    def __init__(self, layout: "type[Layout]") -> None:
        self.layout = layout
        self.fields = {field.name: field for field in _declared(layout)}
        self.public = {name: field for name, field in self.fields.items() if not field.reserved}
        cells = list(_cells(layout, list(self.fields.values())))
        fixed = 0
        while fixed < len(cells) and cells[fixed].size is not None and not cells[fixed].optional:
            fixed += 1
        self.head, self.tail = cells[:fixed], cells[fixed:]
        self.struct = struct.Struct("<" + "".join(cell.format for cell in self.head))
        self.table = [
            (part.name, index, shift, part.limit if cell.number else 0, _reader(cell, part))
            for index, cell in enumerate(self.head)
            for part, shift in cell.parts()
            if not part.reserved
        ]
        self.defaults = {name: getattr(layout, name) for name in self.fields if hasattr(layout, name)}
        self.writers = [self._writer(cell) for cell in self.head]

    def read(self, data: bytes) -> dict[str, Any]:
        if len(data) < self.struct.size:
            raise TooShort(
                f"{self.layout.__name__} needs at least {self.struct.size} bytes, {len(data)} came ({data.hex(' ')})"
            )
        numbers = self.struct.unpack_from(data)
        values: dict[str, Any] = {}
        for name, index, shift, mask, read in self.table:
            value = numbers[index]
            if read is not None:
                values[name] = read(value)
            else:
                values[name] = value >> shift & mask
        if self.tail:
            self._read_tail(data, values)
        return values

    def _read_tail(self, data: bytes, values: dict[str, Any]) -> None:
        at = self.struct.size
        for cell in self.tail:
            raw = self._piece(cell, data, at)
            for part, shift in cell.parts():
                if part.reserved:
                    continue
                if raw is None:
                    values[part.name] = self.defaults.get(part.name)
                elif cell.number:
                    values[part.name] = part.type(int.from_bytes(raw, cell.order) >> shift & part.limit)
                else:
                    values[part.name] = decode_bytes(part.type, raw)
            if raw is not None:
                at += len(raw) + isinstance(cell.kind, Counted)

    def _piece(self, cell: Cell, data: bytes, at: int) -> bytes | None:
        """The bytes of one cell behind the fixed part, or None where an old BMC left it out."""
        if cell.optional and at >= len(data):
            return None
        if isinstance(cell.kind, Counted):
            size = data[at] if at < len(data) else 1
            at += 1
        else:
            size = len(data) - at if cell.size is None else cell.size
        raw = data[at : at + size]
        if len(raw) < size:
            if cell.optional:
                return None
            raise TooShort(f"{self.layout.__name__} ends inside {cell.fields[0].name} ({data.hex(' ')})")
        return raw

    def write(self, values: dict[str, Any]) -> bytes:
        if not self.fields:
            return b""
        data = self.struct.pack(*[write(values) for write in self.writers])
        for cell in self.tail:
            if cell.optional and values.get(cell.key) is None:
                break
            piece = self._writer(cell)(values)
            if isinstance(piece, int):
                piece = piece.to_bytes(cell.size or 1, cell.order)
            data += bytes((len(piece),)) + piece if isinstance(cell.kind, Counted) else piece
        return data

    def _writer(self, cell: Cell) -> Callable[[dict[str, Any]], Any]:
        """What makes one number or run of bytes out of the values, as ``struct`` wants it."""
        name, size, order = cell.key, cell.size or 0, cell.order
        if not cell.number:
            return lambda values: encode_bytes(values[name]).ljust(size, b"\0")
        constant = sum(int(self.defaults[f.name] or 0) << shift for f, shift in cell.parts() if f.reserved)
        parts = [(field.name, shift) for field, shift in cell.parts() if not field.reserved]
        if cell.format.endswith("s"):
            still = constant.to_bytes(size, order)
            return lambda values: int(values[name]).to_bytes(size, order) if parts else still
        if len(parts) == 1 and not constant and not parts[0][1]:
            only = parts[0][0]
            return lambda values: values[only]
        return lambda values: constant + sum(values[name] << shift for name, shift in parts)

    def fill(self, given: dict[str, Any]) -> dict[str, Any]:
        """The given fields, checked, with the defaults of the others."""
        unknown = [name for name in given if name not in self.public]
        if unknown:
            offer = did_you_mean(unknown[0], list(self.public))
            raise LocalError(f"it has no field {unknown[0]!r}", hint=offer or "It has none.")
        values = {}
        for name, field in self.public.items():
            if name in given:
                values[name] = field.coerce(given[name])
            elif name in self.defaults:
                values[name] = self.defaults[name]
            else:
                raise LocalError(f"the field {name!r} is missing", hint=f"It takes {', '.join(self.signature())}.")
        return values

    def signature(self) -> list[str]:
        """The fields as a person gives them: ``action``, ``lun=0``."""
        return [f"{name}={self.defaults[name]!r}" if name in self.defaults else name for name in self.public]


def _reader(cell: Cell, part: Field) -> Callable[[Any], Any] | None:
    """How a number out of ``struct`` becomes the field's value; None where shift and mask are all there is to do."""
    if not cell.number:
        return lambda raw: decode_bytes(part.type, raw)
    shift = next(shift for field, shift in cell.parts() if field is part)
    mask, kind = part.limit, part.type
    if cell.format.endswith("s"):
        order = cell.order
        return lambda raw: kind(int.from_bytes(raw, order))
    if issubclass(kind, OpenEnum):
        known = kind._value2member_map_
        return lambda raw: known.get(raw >> shift & mask) or kind(raw >> shift & mask)
    if kind is bool:
        bit = 1 << shift
        return lambda raw: raw & bit != 0
    return None


def _declared(layout: type) -> Iterator[Field]:
    hints = typing.get_type_hints(layout, include_extras=True)
    for name, hint in hints.items():
        if typing.get_origin(hint) is ClassVar or hint is ClassVar:
            continue
        optional = False
        if typing.get_origin(hint) in (typing.Union, types.UnionType):
            hint, optional = next(arg for arg in typing.get_args(hint) if arg is not type(None)), True
        if typing.get_origin(hint) is not Annotated:
            raise TypeError(f"{layout.__name__}.{name} says no kind: annotate it with U8, Bits4, Rest …")
        base, kind = typing.get_args(hint)[:2]
        yield Field(name, kind, base, optional)


def _cells(layout: type, fields: list[Field]) -> Iterator[Cell]:
    gathered: list[Field] = []
    for field in fields:
        if isinstance(field.kind, Bits):
            gathered.append(field)
            width = sum(part.kind.width for part in gathered if isinstance(part.kind, Bits))
            if width > 8:
                raise TypeError(f"{layout.__name__}.{field.name} runs over its byte: {width} bits")
            if width == 8:
                yield Cell(gathered)
                gathered = []
            continue
        if gathered:
            raise TypeError(f"{layout.__name__}: the bits before {field.name} do not fill a byte")
        yield Cell([field])
    if gathered:
        raise TypeError(f"{layout.__name__}: the bits from {gathered[0].name} on do not fill a byte")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Layout:
    """Bytes with named fields. Made from keywords, or from bytes with ``decode``; never changed afterwards."""

    _plan: ClassVar[Plan | None] = None

    def __init__(self, **fields: Any) -> None:
        try:
            self.__dict__.update(self.plan().fill(fields))
            self._check()
        except LocalError as error:
            raise error.about(request=type(self).__name__) from None

    def _check(self) -> None:
        """LocalError where fields that are right one by one do not go together; what was received is not checked."""

    @classmethod
    def plan(cls) -> Plan:
        """The plan of this very class, made at first use."""
        found = cls.__dict__.get("_plan")
        if found is None:
            found = Plan(cls)
            cls._plan = found
        return typing.cast(Plan, found)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message that ``data`` is. TooShort where it ends early; bytes behind the last field are ignored."""
        message = object.__new__(cls)
        message.__dict__.update(cls.plan().read(data))
        return message

    def encode(self) -> bytes:
        """The message as bytes."""
        return self.plan().write(self.__dict__)

    def asdict(self) -> dict[str, Any]:
        """Field names and values, in the order of the declaration."""
        return dict(self.__dict__)

    def describe(self) -> list[tuple[str, str]]:
        """Field names and values in words, for people."""
        fields = self.plan().fields
        return [(name, fields[name].words(value)) for name, value in self.__dict__.items()]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is not changed after it was made")

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.encode()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
