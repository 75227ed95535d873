"""Puts an exchange into words, with its secrets struck out."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from ipmi_lab.commands.byname import find_number
from ipmi_lab.commands.command import Request, Response, meaning, title
from ipmi_lab.commands.messaging import GetMessage, SendMessage
from ipmi_lab.commands.session import ActivateSession, AuthenticationType
from ipmi_lab.commands.user import LONG, SHORT, GetAuthCode, SetUserPassword
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Said
from ipmi_lab.wire.fields import Bits

Words = list[tuple[str, str]]
LONG_PASSWORD = b"\x80"  # from here on the first byte of Set User Password announces 20 bytes
CARRIERS = {(each.netfn, each.command) for each in (SendMessage, GetMessage)}


class ExchangeText(NamedTuple):
    """A command's name, its fields and those of its answer, and what the completion code says."""

    name: str
    request: Words
    response: Words
    completion: str


def command_name(netfn: int, command: int, request: bytes = b"") -> str:
    """``Get Device Id``, or the numbers of a command that nobody declared."""
    known = find_number(netfn, command, request)
    return title(known.__name__) if known is not None else f"0x{netfn:02X} 0x{command:02X}"


def describe(netfn: int, command: int, request: bytes, code: int | None, response: bytes) -> ExchangeText:
    """An exchange in words; bytes that do not decode stay bytes."""
    known = find_number(netfn, command, request)
    asked = _fields(known, request)
    answered = _fields(known.response if known is not None else None, response) if code == 0 else _bytes(response)
    said = "no answer" if code is None else f"0x{code:02X} {meaning(known, code)}"
    return ExchangeText(command_name(netfn, command, request), asked, answered, said)


def struck(netfn: int, command: int, request: bytes, response: bytes) -> tuple[str, str]:
    """Request and response in hex, with ``**`` for each byte of a password or key, and for what is behind it."""
    return _hex(request, _place(netfn, command, request)), _hex(response, _answered(netfn, command, response))


def secrets(netfn: int, command: int, request: bytes, response: bytes) -> Iterator[Secret]:
    """The passwords and keys that an exchange carries, without the zeros that fill them up."""
    for data, place in (
        (request, _place(netfn, command, request)),
        (response, _answered(netfn, command, response)),
    ):
        if place is not None and place.size:
            yield Secret(data[place.start : place.start + place.size].rstrip(b"\0"))


def _hex(data: bytes, place: "Place | None") -> str:
    shown = data if place is None else data[: place.start]
    stars = ["**"] * (len(data) - len(shown))
    return " ".join([shown.hex(" "), *stars] if shown else stars)


class Place(NamedTuple):
    """Where a secret begins in a message, and how many bytes it has at most; 0 for what is only made with it."""

    start: int
    size: int


def _answered(netfn: int, command: int, response: bytes) -> Place | None:
    found = _place(netfn | 1, command, b"\0" + response)
    return None if found is None else Place(found.start - 1, found.size)


def _place(netfn: int, command: int, body: bytes) -> Place | None:
    """Where the secret is in the body of a request, or of an answer with its completion code; None without one."""
    answer = netfn & 1
    if (netfn & ~1, command) in CARRIERS:
        return _carried_place(body)
    known = find_number(netfn & ~1, command, body[answer:])
    if known is None:
        return None
    straight = bytes((AuthenticationType.STRAIGHT,))
    if known is ActivateSession and not answer and body[:1] == straight:
        return Place(2, SHORT)
    if known is GetAuthCode:
        return Place(1, 0) if answer else Place(3, SHORT if body[:1] == straight else 0)
    layout: Any = known.response if answer else known
    before = _before_secret(layout)
    if before is None:
        return None
    short = known is SetUserPassword and body[:1] < LONG_PASSWORD
    return Place(answer + len(known.prefix) + before, SHORT if short else LONG)


@cache
def _before_secret(layout: Any) -> int | None:
    """How many bytes are before the secret of a layout; None where it has none."""
    bits = 0
    for field in layout.plan().fields.values():
        if field.type is Secret:
            return bits // 8
        bits += field.kind.width if isinstance(field.kind, Bits) else 8 * getattr(field.kind, "size", 0)
    return None


def _carried_place(body: bytes) -> Place | None:
    """The same for messages inside a message, however deep: what stands before one differs, so every place where one
    can begin is looked at, and rather too much is struck than too little."""
    for start in range(len(body) - 5):
        netfn, command, inner = body[start] >> 2, body[start + 4], body[start + 5 :]
        if (netfn & ~1, command) not in CARRIERS:
            found = _place(netfn, command, inner)
            if found is not None:
                whole = found.start + found.size <= len(inner)  # else it was only taken for one
                return Place(start + 5 + found.start, found.size if whole else 0)
    return None


def _fields(layout: type[Request[Any]] | type[Response] | None, data: bytes) -> Words:
    if layout is None:
        return _bytes(data)
    prefix = len(layout.prefix) if issubclass(layout, Request) else 0
    try:
        return layout.decode(data[prefix:]).describe()
    except IpmiLabError:
        return _bytes(data)


def _bytes(data: bytes) -> Words:
    return [("data", data.hex(" "))] if data else []


def line(target: str, netfn: int, command: int, request: str, code: int | None, response: str, ms: float) -> str:
    """One exchange as a line of a trace: ``bmc1  Get Device Id  -> 00 20 01 …  0.4 ms``."""
    said = "no answer" if code is None else f"{code:02x} {response}".rstrip()
    return f"{target}  {command_name(netfn, command)}  [{request}] -> {said}  {ms:.1f} ms"


def said_line(target: str, event: Said) -> str:
    """A text command of terminal mode as a line of a trace: ``bench  [SYS TMODE] -> [OK TMODE]  0.4 ms``."""
    reply = "no answer" if event.reply is None else f"[{event.reply}]"
    return f"{target}  [{event.text}] -> {reply}  {event.elapsed * 1000:.1f} ms"
