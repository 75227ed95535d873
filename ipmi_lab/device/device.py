"""A BMC that you hold in your hand: every command by name, and what takes more than one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from ipmi_lab.commands import byname
from ipmi_lab.commands.command import RAW_READS, Request, Response
from ipmi_lab.commands.raw import Raw
from ipmi_lab.device.bmc import BmcCommands
from ipmi_lab.device.boot import Boot
from ipmi_lab.device.channel import ChannelCommands
from ipmi_lab.device.chassis import Chassis
from ipmi_lab.device.i2c import I2c, I2cCommands
from ipmi_lab.device.messaging import MessagingCommands
from ipmi_lab.device.part import World, asks, feature
from ipmi_lab.device.sel import Sel
from ipmi_lab.device.session import Session, SessionCommands
from ipmi_lab.device.terminal import TerminalCommands
from ipmi_lab.device.user import UserCommands
from ipmi_lab.errors import CompletionError, IpmiLabError
from ipmi_lab.inventory.target import I2cDevice
from ipmi_lab.links.link import Link
from ipmi_lab.links.worlds import Asyncio, Blocking, run
from ipmi_lab.wire.codes import CompletionCode


class RawAnswer(NamedTuple):
    """What came back to a command: its completion code, the data behind it, and the seconds that it took."""

    completion: CompletionCode
    data: bytes
    elapsed: float


class Device(
    BmcCommands[World],
    SessionCommands[World],
    ChannelCommands[World],
    UserCommands[World],
    MessagingCommands[World],
    I2cCommands[World],
    TerminalCommands[World],
):
    """One BMC. ``ipmi.session`` opens and closes its session, ``ipmi.chassis`` is the machine around it, ``ipmi.boot``
    what that boots from, ``ipmi.sel`` its system event log, ``ipmi.i2c`` are the devices that the inventory names on
    its buses."""

    def __init__(self, link: Link, i2c: Mapping[str, I2cDevice] | None = None) -> None:
        super().__init__(link)
        self.i2c: I2c[World] = I2c(link, i2c)
        self.session: Session[World] = Session(link)
        self.boot: Boot[World] = Boot(link)
        self.chassis: Chassis[World] = Chassis(link)
        self.sel: Sel[World] = Sel(link)

    @property
    def name(self) -> str:
        """What errors and reports call it."""
        return self.link.name

    @feature
    async def send_message_with_name(self, name: str, /, **fields: Any) -> Response:
        """Send any known command by its name, ``send_message_with_name("ChassisControl", action="on")``.

        Case, spaces and underscores of the name do not count; fields may be words, numbers or hex text. LocalError
        teaches where name or fields are wrong, CompletionError where the BMC says no.
        """
        fields = byname.hide(byname.find(name), fields)
        answer: Response = await self.link.send(byname.request(name, **fields))
        return answer

    @asks
    def raw(self, netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> Request[bytes]:
        """Send any command by its numbers; gives the data behind the completion code.

        CompletionError where that code is not 0.
        """
        if data or lun:
            return Raw(netfn, command, data, lun)
        return RAW_READS.get((netfn, command)) or Raw(netfn, command)

    @feature
    async def exchange(self, netfn: int, command: int, data: bytes = b"", *, lun: int = 0) -> RawAnswer:
        """Send any command by its numbers; gives what came back, whatever its completion code."""
        begun = self.link.clock()
        code, answer = await self.link.exchange(Raw(netfn, command, data, lun))
        return RawAnswer(CompletionCode(code), answer, self.link.clock() - begun)

    @contextmanager
    def expect(self, code: int) -> Iterator[None]:
        """Fail unless the block ends with that completion code: ``with ipmi.expect(CompletionCode.…): …``."""
        try:
            yield
        except CompletionError as error:
            if error.code != code:
                raise
        else:
            raise IpmiLabError(
                f"the completion code 0x{code:02X} ({CompletionCode(code).words}) was expected, and the command was "
                "answered with 0x00",
                target=self.link.name,
            )

    def __repr__(self) -> str:
        return f"<BMC {self.link.name}>"

    def __enter__(self: "Device[Blocking]") -> "Device[Blocking]":
        run(self.link.open(self.session.holder))
        return self

    def __exit__(
        self: "Device[Blocking]",
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        run(self.link.close(self.session.holder))

    async def __aenter__(self: "Device[Asyncio]") -> "Device[Asyncio]":
        await self.link.open(self.session.holder)
        return self

    async def __aexit__(
        self: "Device[Asyncio]",
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.link.close(self.session.holder)
