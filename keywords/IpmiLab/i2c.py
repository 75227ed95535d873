"""Keywords for I2C buses behind a BMC."""

from robot.api.deco import keyword

from ipmi_lab.commands.i2c import BusType
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
    def i2c_scan(self, bus_type: BusType, bus_id: int, channel: int = 0, *, session: str | None = None) -> list[int]:
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

        A lost arbitration is tried again a few times.

        Args:
            device: The name in the inventory.
            count: How many bytes to read.
            data: The bytes to write first, such as a register's address.
            session: The alias of the session; else the current one.

        Example:
        | ${id}= | Read I2C Device | eeprom | 4 | 0x00 |
        """
        return self.context.ipmi(session).i2c.read(device, count, b"".join(data))

    @keyword(tags=["Setter", "Destructive"])
    def write_i2c_device(self, device: str, *data: Hex, session: str | None = None) -> None:
        """Writes bytes to a device that the inventory names; needs the permission ``write``.

        Args:
            device: The name in the inventory.
            data: The bytes in hex.
            session: The alias of the session; else the current one.

        Example:
        | Write I2C Device | switch | 0x04 |
        """
        self.context.ipmi(session).i2c.write(device, b"".join(data))

    @keyword(tags=["Getter"])
    def read_i2c_eeprom(
        self, device: str, offset: int = 0, count: int | None = None, *, session: str | None = None
    ) -> bytes:
        """Reads an EEPROM that the inventory names, in pieces of at most 32 bytes; returns the bytes.

        Args:
            device: The name in the inventory, which also says its ``size``.
            offset: Where to begin.
            count: How many bytes; else all to the end.
            session: The alias of the session; else the current one.

        Example:
        | ${label}= | Read I2C Eeprom | eeprom | 0 | 16 |
        """
        return self.context.ipmi(session).i2c.read_eeprom(device, offset, count)

    @keyword(tags=["Setter", "Destructive"])
    def write_i2c_eeprom(self, device: str, offset: int, *data: Hex, session: str | None = None) -> bytes:
        """Writes into an EEPROM that the inventory names, page by page, and reads it back; returns what was there.

        Needs the permission ``write``. Fails where the EEPROM holds something else afterwards.

        Args:
            device: The name in the inventory, which also says its ``size`` and ``page``.
            offset: Where to begin.
            data: The bytes in hex.
            session: The alias of the session; else the current one.

        Example:
        | ${before}= | Write I2C Eeprom | eeprom | 16 | 53 4E 30 31 |
        """
        return self.context.ipmi(session).i2c.write_eeprom(device, offset, b"".join(data))
