"""A command by its numbers alone, whether we know it or not."""

from typing import TYPE_CHECKING, Any, ClassVar

from ipmi_lab.commands.byname import BODIES, find_number
from ipmi_lab.commands.command import BY_NUMBER, RAW_READS, Permission, Request, meaning, title
from ipmi_lab.errors import CompletionError, IpmiLabError, LocalError
from ipmi_lab.wire.fields import to_bytes


class Raw(Request[bytes]):
    """Any command at all; its answer is what comes behind the completion code. What is known of these numbers
    (permission, repetition, codes) holds here too; a command that nobody declared needs the permission ``raw`` and is
    not sent twice."""

    typed: ClassVar[Request[Any] | None] = None
    """The command that it is, where its permission, repetition or secrecy hang on its data."""

    if TYPE_CHECKING:
        data: bytes
        known: type[Request[Any]] | None

    def __init__(self, netfn: int, command: int, data: bytes = b"", lun: int = 0) -> None:
        if type(data) is not bytes:
            data = to_bytes(data)
        known = None if netfn in BODIES else BY_NUMBER.get((netfn, command, b""))
        known = known or find_number(netfn, command, data)
        here = self.__dict__  # what a class says of all its requests, each of these says of itself
        here.update(netfn=netfn, command=command, lun=lun, data=data, known=known)
        if known is not None and known.plain and lun == 0:  # nearly always
            here["plain"] = True
            if not data and (type(self), type(netfn), type(command)) == (Raw, int, int):
                RAW_READS[netfn, command] = self
            return
        for number in (netfn, command, lun):
            if not isinstance(number, int):
                raise LocalError(
                    f"{number!r} is no number", hint="Network function, command and LUN are: 0x06, 0x01, 0."
                )
        if not 0 <= netfn <= 0x3E or netfn & 1:
            raise LocalError(f"{netfn} (0x{netfn:02X}) is no network function of a request", hint="Even, up to 0x3E.")
        if not 0 <= command <= 0xFF or not 0 <= lun <= 3:
            raise LocalError(f"command 0x{command:02X} or LUN {lun} does not fit", hint="Up to 0xFF, and 0 to 3.")
        if known is None:
            here["repeat"] = False
            return
        here.update(once=known.once, repeat=known.repeat)
        if known.varies:
            try:
                here["typed"] = known.decode(data[len(known.prefix) :])
            except IpmiLabError:  # no request of that command: the BMC will say so
                here["repeat"] = known.repeat and known.repeatable is Request.repeatable

    @property
    def sessionless(self) -> bool:  # type: ignore[override]  # of this very command
        return self.known is not None and self.known.sessionless

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

    def answer(self, code: int, data: bytes) -> bytes:  # type: ignore[override]  # of this very command
        if code:
            raise CompletionError(code, meaning(self.known, code), request=self.label(), data=data)
        return data

    def label(self) -> str:  # type: ignore[override]  # of this very command
        name = title(self.known.__name__) if self.known is not None else "raw command"
        return f"{name} (0x{self.netfn:02X} 0x{self.command:02X})"
