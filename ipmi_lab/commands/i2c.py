"""Reads and writes on the I2C buses behind a controller."""

from typing import Annotated

from ipmi_lab.commands.command import CommandCode, Permission, Request, Response
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, Bit, Bits, Bits3, Bits4, Bits7, Rest


class BusType(OpenEnum):
    """Public buses are shared with other controllers (IPMB), private ones belong to the controller."""

    PUBLIC = 0
    PRIVATE = 1


class MasterWriteReadCode(CommandCode):
    """What only Master Write-Read answers."""

    LOST_ARBITRATION = 0x81
    BUS_ERROR = 0x82
    NAK_ON_WRITE = 0x83
    TRUNCATED_READ = 0x84


class I2cData(Response):
    """The bytes that were read."""

    data: Rest = b""


class MasterWriteRead(
    Request[I2cData],
    netfn=NetFn.APP,
    command=0x52,
    needs="write",
    privilege=Privilege.OPERATOR,
    codes=MasterWriteReadCode,
):
    """Write bytes to an I2C device, then read ``count`` bytes of it; ``address`` has 7 bits: an EEPROM is 0x50.
    IPMI 2.0 §22.11."""

    channel: Bits4 = 0
    bus_id: Bits3 = 0
    bus_type: Annotated[BusType, Bits(1)]
    address: Bits7
    _1: Bit = False
    count: U8
    data: Rest = b""

    def permission(self) -> Permission:
        """A read may write the one or two bytes of a register's address."""
        return "" if self.reads_only else self.needs

    @property
    def reads_only(self) -> bool:
        return self.count > 0 and len(self.data) <= 2

    def repeatable(self) -> bool:
        return self.reads_only
