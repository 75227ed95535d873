"""A command by its numbers alone, whether we know it or not."""

from typing import TYPE_CHECKING, Any

from ipmi_lab.commands.byname import find_number
from ipmi_lab.commands.command import Permission, Request, Response, meaning, title
from ipmi_lab.errors import CompletionError, IpmiLabError, LocalError
from ipmi_lab.wire.fields import Rest


class RawData(Response):
    """Whatever came behind the completion code."""

    data: Rest = b""


class Raw(Request[RawData]):
    """Any command at all. What is known of these numbers (permission, repetition, codes) holds here too; a command
    that nobody declared needs the permission ``raw`` and is not sent twice."""

    if TYPE_CHECKING:
        data: bytes
        known: type[Request[Any]] | None
        typed: Request[Any] | None

    def __init__(self, netfn: int, command: int, data: bytes = b"", lun: int = 0) -> None:
        if not 0 <= netfn <= 0x3E or netfn & 1:
            raise LocalError(f"{netfn} (0x{netfn:02X}) is no network function of a request", hint="Even, up to 0x3E.")
        if not 0 <= command <= 0xFF or not 0 <= lun <= 3:
            raise LocalError(f"command 0x{command:02X} or LUN {lun} does not fit", hint="Up to 0xFF, and 0 to 3.")
        known = find_number(netfn, command, data)
        typed, repeat = None, known is not None and known.repeat
        if known is not None and known.varies:
            try:
                typed = known.decode(data[len(known.prefix) :])
            except IpmiLabError:  # no request of that command: the BMC will say so
                repeat = repeat and known.repeatable is Request.repeatable
        fields = {
            "netfn": netfn,
            "command": command,
            "data": bytes(data),
            "lun": lun,
            "known": known,
            "typed": typed,
            "repeat": repeat,
            "once": known is not None and known.once,
            "sessionless": known is not None and known.sessionless,
        }
        object.__setattr__(self, "__dict__", fields)

    def encode(self) -> bytes:
        return self.data

    def permission(self) -> Permission:
        if self.known is None:
            return "raw"
        return self.known.needs if self.typed is None else self.typed.permission()

    def repeatable(self) -> bool:
        return self.repeat if self.typed is None else self.typed.repeatable()

    def secret(self) -> bool:
        return self.typed is not None and self.typed.secret()

    def answer(self, code: int, data: bytes) -> RawData:  # type: ignore[override]  # of this very command
        if code:
            raise CompletionError(code, meaning(self.known, code), request=self.label(), data=data)
        return RawData(data=data)

    def label(self) -> str:  # type: ignore[override]  # of this very command
        name = title(self.known.__name__) if self.known is not None else "raw command"
        return f"{name} (0x{self.netfn:02X} 0x{self.command:02X})"
