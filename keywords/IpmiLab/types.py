"""Arguments of keywords as people write them, and how getters check what they got."""

import inspect
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from assertionengine import AssertionOperator, verify_assertion

from ipmi_lab.errors import LocalError, did_you_mean, fold
from ipmi_lab.secret import HasValue
from ipmi_lab.wire.codes import OpenEnum
from ipmi_lab.wire.fields import to_bytes


class Hex(bytes):
    """Bytes in hex: ``0x06 0x01 0xff``, ``06:01:FF``, or a list of numbers.

    Robot's own conversion to bytes would take ``0x06`` for four letters.
    """

    @classmethod
    def from_words(cls, value: object) -> "Hex":
        """Bytes in hex: ``0x06 0x01 0xff``, ``06:01:FF``, or a list of numbers."""
        return cls(to_bytes([value] if isinstance(value, int) else value))


class Password:
    """A secret: Robot's ``Secret`` (``%{BMC_PASSWORD: Secret}``), never plain text."""

    def __init__(self, value: HasValue) -> None:
        self.value = value.value

    @classmethod
    def from_secret(cls, value: object) -> "Password":
        """A secret: a Robot variable of type ``Secret``, never plain text in a suite."""
        if isinstance(value, HasValue):
            return cls(value)
        raise ValueError(
            "a password is not written into a suite: give a variable of type Secret, such as "
            "${PASSWORD: Secret}    %{BMC_PASSWORD}, or a reference in the inventory"
        )

    def __repr__(self) -> str:
        return "****"


if TYPE_CHECKING:
    Operator = AssertionOperator | None
else:

    class Operator:
        """How a getter checks what it got. A type of its own: of a union, Robot would not tell what is wrong."""


def operator(word: str) -> AssertionOperator:
    """How a getter checks what it got: ``==``, ``!=``, ``>``, ``contains``, ``matches``, ``validate``, ``then`` …"""
    for name, member in AssertionOperator.__members__.items():
        if fold(name) == fold(word):
            return member
    name, equals, _ = word.partition("=")
    also = f" And there is no argument {name!r}." if equals and name.isidentifier() else ""
    raise LocalError(f"{word!r} is no check", hint=did_you_mean(word, list(AssertionOperator.__members__)) + also)


def choices(kind: type[OpenEnum]) -> str:
    """The words that may be written for an enum."""
    return f"One of {', '.join(member.words for member in kind)}; or its number."


def chosen(kind: type[OpenEnum]) -> Callable[[str | int], OpenEnum]:
    """Makes one of an enum's members of a word or number, and says which there are where it is none. Robot's own
    conversion knows no numbers that nobody has named."""

    def convert(value: str | int) -> OpenEnum:
        return kind(value) if isinstance(value, int) else kind.from_words(value)

    convert.__doc__ = f"{inspect.getdoc(kind)}\n\n{choices(kind)}"
    return convert


class AutoClose(Enum):
    """When sessions are closed, and faults on purpose end, by themselves: at the end of the test or suite that opened
    or injected them, or never before the library goes."""

    TEST = "test"
    SUITE = "suite"
    MANUAL = "manual"


class Trace(Enum):
    """Whose exchanges the report shows."""

    OFF = "off"
    FAILED = "failed"
    ALL = "all"


def check(
    get: Any, operator: AssertionOperator | None, expected: Any, message: str | None, *, within: float = 0.0
) -> Any:
    """What ``get()`` gives, checked where an operator is given; asked again for ``within`` seconds until it fits."""
    end = time.monotonic() + within
    while True:
        value = get()
        if operator is None:
            return value
        try:
            return verify_assertion(_plain(value), operator, _like(value, operator, expected), "", message)
        except AssertionError:
            if time.monotonic() >= end:
                raise
            time.sleep(min(0.1, within))


def _plain(value: Any) -> Any:
    """What the engine compares: words of an enum, hex of bytes, else the value."""
    if isinstance(value, OpenEnum):
        return value.words
    return value.hex(" ") if isinstance(value, bytes) else value


def _like(value: Any, operator: AssertionOperator, expected: Any) -> Any:
    """The expected text as the value's own type: ``85`` against a float, ``power on`` against an enum."""
    if operator in (AssertionOperator["validate"], AssertionOperator["then"]) or not isinstance(expected, str):
        return _plain(expected) if not isinstance(expected, str) else expected
    if isinstance(value, OpenEnum):
        return type(value).from_words(expected).words
    if isinstance(value, bytes):
        return expected if operator == AssertionOperator["$"] else to_bytes(expected).hex(" ")
    if isinstance(value, bool):
        return expected.strip().lower() in ("true", "yes", "on", "1")
    if isinstance(value, int):
        return int(expected, 0)
    return float(expected) if isinstance(value, float) else expected
