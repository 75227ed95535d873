"""Puts an exchange into words, with its secrets struck out."""

from typing import Any, NamedTuple

from ipmi_lab.commands.byname import find_number
from ipmi_lab.commands.command import Request, Response, meaning, title
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.secret import Secret
from ipmi_lab.wire.message import Layout

Words = list[tuple[str, str]]


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
    """Request and response in hex, with ``**`` for each byte of a password or key."""
    known = find_number(netfn, command, request)
    prefix = b"" if known is None else known.prefix
    return (
        _strike(known, request, len(prefix)),
        _strike(known.response if known is not None else None, response, len(prefix)),
    )


def _strike(layout: type[Layout] | None, data: bytes, prefix: int) -> str:
    if layout is None:
        return data.hex(" ")
    plan = layout.plan()
    tail = [cell for cell in plan.tail if cell.fields[0].type is Secret]
    shown = data[: prefix + plan.struct.size] if tail else data
    return " ".join([f"{byte:02x}" for byte in shown] + ["**"] * (len(data) - len(shown)))


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
