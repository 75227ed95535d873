"""A command by its numbers alone, whether we know it or not."""

from typing import Any, cast

from ipmi_lab.commands.byname import find_number
from ipmi_lab.commands.command import Permission, Request, Response, title
from ipmi_lab.errors import IpmiLabError, LocalError
from ipmi_lab.wire.fields import Rest


class RawData(Response):
    """Whatever came behind the completion code."""

    data: Rest = b""


class Raw(Request[RawData]):
    """Any command at all. What is known of these numbers (permission, repetition, codes) holds here too; a command
    that nobody declared needs the permission ``raw`` and is not sent twice."""

    def __init__(self, netfn: int, command: int, data: bytes = b"", lun: int = 0) -> None:
        if not 0 <= netfn <= 0x3E or netfn & 1:
            raise LocalError(f"{netfn} (0x{netfn:02X}) is no network function of a request", hint="Even, up to 0x3E.")
        if not 0 <= command <= 0xFF or not 0 <= lun <= 3:
            raise LocalError(f"command 0x{command:02X} or LUN {lun} does not fit", hint="Up to 0xFF, and 0 to 3.")
        known = find_number(netfn, command, data)
        self.__dict__.update(
            netfn=netfn,
            command=command,
            data=bytes(data),
            lun=lun,
            known=known,
            codes=Request.codes if known is None else known.codes,
            sessionless=known is not None and known.sessionless,
            once=known is not None and known.once,
        )

    def encode(self) -> bytes:
        return cast(bytes, self.__dict__["data"])

    def _typed(self) -> Request[Any] | None:
        """The typed request that these bytes are, or None where they are none."""
        known: type[Request[Any]] | None = self.__dict__["known"]
        try:
            return None if known is None else known.decode(self.encode()[len(known.prefix) :])
        except IpmiLabError:
            return None

    def permission(self) -> Permission:
        known: type[Request[Any]] | None = self.__dict__["known"]
        if known is None:
            return "raw"
        if known.permission is Request.permission:
            return known.needs
        typed = self._typed()
        return known.needs if typed is None else typed.permission()

    def repeatable(self) -> bool:
        known: type[Request[Any]] | None = self.__dict__["known"]
        if known is None:
            return False
        if known.repeatable is Request.repeatable:
            return known.repeat
        typed = self._typed()
        return typed is not None and typed.repeatable()

    def secret(self) -> bool:
        known: type[Request[Any]] | None = self.__dict__["known"]
        if known is None or known.secret is Request.secret:
            return False
        typed = self._typed()
        return typed is not None and typed.secret()

    def label(self) -> str:  # type: ignore[override]  # of this very command
        known: type[Request[Any]] | None = self.__dict__["known"]
        name = title(known.__name__) if known is not None else "raw command"
        return f"{name} (0x{self.netfn:02X} 0x{self.command:02X})"
