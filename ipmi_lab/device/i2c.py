"""I2C buses behind a BMC."""

from ipmi_lab.commands.i2c import BusType, MasterWriteRead, MasterWriteReadCode
from ipmi_lab.device.part import Part, World, feature
from ipmi_lab.errors import RemoteError

ABSENT = (MasterWriteReadCode.NAK_ON_WRITE, MasterWriteReadCode.BUS_ERROR, MasterWriteReadCode.TRUNCATED_READ)
"""What an address answers where nothing sits; controllers differ."""


class I2cCommands(Part[World]):
    """Master Write-Read."""

    @feature
    async def master_write_read(
        self, bus_type: BusType, address: int, count: int, data: bytes = b"", *, bus_id: int = 0, channel: int = 0
    ) -> bytes:
        """The bare command: ``address`` has 7 bits, and as many bytes come as the controller gave. IPMI 2.0 §22.11."""
        ask = MasterWriteRead(
            bus_type=bus_type, bus_id=bus_id, channel=channel, address=address, count=count, data=data
        )
        return (await self.link.send(ask)).data

    @feature
    async def i2c_write_read(
        self,
        bus_type: BusType | int,
        bus_id: int,
        channel: int,
        address: int,
        count: int,
        data: bytes | None = None,
    ) -> bytes:
        """Write ``data`` to an I2C device, then read ``count`` bytes of it. IPMI 2.0 §22.11.

        ``address`` has 7 bits: an EEPROM is 0x50. RemoteError where fewer bytes come than were asked for.
        """
        ask = MasterWriteRead(
            bus_type=BusType(bus_type), bus_id=bus_id, channel=channel, address=address, count=count, data=data or b""
        )
        read = (await self.link.send(ask)).data
        if len(read) != count:
            raise RemoteError(
                f"{count} bytes were asked for, {len(read)} came ({read.hex(' ')})",
                target=self.link.name,
                request=ask.label(),
            )
        return read

    @feature
    async def i2c_scan(self, bus_type: BusType | int, bus_id: int, channel: int) -> list[int]:
        """The 7-bit addresses from 0x08 to 0x77 of which one byte can be read. CompletionError where the bus itself
        is refused."""
        found = []
        for address in range(0x08, 0x78):
            ask = MasterWriteRead(bus_type=BusType(bus_type), bus_id=bus_id, channel=channel, address=address, count=1)
            code, _ = await self.link.exchange(ask)
            if code == 0:
                found.append(address)
            elif code not in ABSENT:
                ask.answer(code, b"")
        return found
