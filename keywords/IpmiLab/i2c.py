"""Keywords for I2C buses behind a BMC."""

from robot.api.deco import keyword

from ipmi_lab.commands.i2c import BusType
from ipmi_lab.errors import LocalError, did_you_mean
from IpmiLab.context import Context
from IpmiLab.types import Hex


class I2cKeywords:
    """Master Write-Read; addresses have 7 bits: an EEPROM is 0x50."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword
    def i2c_write_read(
        self,
        bus_type: BusType,
        bus_id: int,
        channel: int,
        address: int,
        count: int,
        *data: Hex,
        session: str | None = None,
    ) -> bytes:
        """Writes bytes to an I2C device, then reads ``count`` bytes of it; returns them.

        More than two written bytes, or a write without a read, need the permission ``write``.

        Args:
            bus_type: ``private`` or ``public``.
            bus_id: The number of the bus, 0 to 7.
            channel: The channel of the bus, mostly 0.
            address: The 7-bit address, such as 0x50.
            count: How many bytes to read.
            data: The bytes to write first, in hex.
            session: The alias of the session; else the current one.

        Example:
        | ${data}= | I2C Write Read | private | 1 | 0 | 0x50 | 4 | 0x00 |
        """
        return self.context.ipmi(session).i2c_write_read(bus_type, bus_id, channel, address, count, b"".join(data))

    @keyword
    def i2c_read(
        self, bus_type: BusType, bus_id: int, channel: int, address: int, count: int, *, session: str | None = None
    ) -> bytes:
        """Reads ``count`` bytes of an I2C device; returns them.

        Args:
            bus_type: ``private`` or ``public``.
            bus_id: The number of the bus, 0 to 7.
            channel: The channel of the bus, mostly 0.
            address: The 7-bit address.
            count: How many bytes to read.
            session: The alias of the session; else the current one.

        Example:
        | ${data}= | I2C Read | private | 1 | 0 | 0x48 | 2 |
        """
        return self.context.ipmi(session).i2c_write_read(bus_type, bus_id, channel, address, count)

    @keyword(tags=["Setter", "Destructive"])
    def i2c_write(
        self, bus_type: BusType, bus_id: int, channel: int, address: int, *data: Hex, session: str | None = None
    ) -> None:
        """Writes bytes to an I2C device; needs the permission ``write``.

        Args:
            bus_type: ``private`` or ``public``.
            bus_id: The number of the bus, 0 to 7.
            channel: The channel of the bus, mostly 0.
            address: The 7-bit address.
            data: The bytes in hex.
            session: The alias of the session; else the current one.

        Example:
        | I2C Write | private | 1 | 0 | 0x50 | 0x10 0xAA |
        """
        self.context.ipmi(session).i2c_write_read(bus_type, bus_id, channel, address, 0, b"".join(data))

    @keyword(tags=["Getter"])
    def i2c_scan(self, bus_type: BusType, bus_id: int, channel: int, *, session: str | None = None) -> list[int]:
        """Reads one byte of each address from 0x08 to 0x77; returns the addresses that answer.

        Args:
            bus_type: ``private`` or ``public``.
            bus_id: The number of the bus, 0 to 7.
            channel: The channel of the bus, mostly 0.
            session: The alias of the session; else the current one.

        Example:
        | ${there}= | I2C Scan | private | 1 | 0 |
        """
        return self.context.ipmi(session).i2c_scan(bus_type, bus_id, channel)

    @keyword(tags=["Getter"])
    def read_i2c_device(self, device: str, count: int, *data: Hex, session: str | None = None) -> bytes:
        """Reads a device that the inventory names (``i2c:`` of the target), after writing ``data``.

        Args:
            device: The name in the inventory.
            count: How many bytes to read.
            data: The bytes to write first, such as a register's address.
            session: The alias of the session; else the current one.

        Example:
        | ${id}= | Read I2C Device | eeprom | 4 | 0x00 |
        """
        held = self.context.held(session)
        found = held.target.i2c_device(device)
        if found is None:
            known = [known for known, _ in held.target.i2c]
            raise LocalError(
                f"the inventory names no I2C device {device!r} of this target",
                target=held.target.name,
                hint=did_you_mean(device, known) or "Write it under i2c: of the target.",
            )
        kind = BusType.from_words(found.bus_type)
        ipmi = self.context.ipmi(session)
        return ipmi.i2c_write_read(kind, found.bus_id, found.channel, found.address, count, b"".join(data))
