"""I2C devices of software: EEPROM, temperature sensor, register file, multiplexer, and two that behave badly."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ipmi_lab.commands.i2c import MasterWriteReadCode as Code

if TYPE_CHECKING:
    from ipmi_lab.virtual import i2cprofile as profiles

ONE_BYTE_OFFSETS = 2048  # 24C16 and smaller: the upper bits of an offset are in the device's address
BLOCK = 256


class Truncated(Exception):
    """The device ended a read early."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class Silence(Exception):
    """The bus is held, and the controller waits for it instead of answering."""


class I2cDevice(Protocol):
    """What hangs on a bus: it takes the written bytes, then gives the bytes that are read."""

    addresses: range

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code: ...


class Eeprom:
    """An EEPROM with one offset byte, or two where it is larger than 2048 bytes; a write wraps inside its page and
    takes its time, in which the device does not answer."""

    def __init__(self, profile: "profiles.EepromProfile") -> None:
        self.memory = bytearray(profile.content_bytes.ljust(profile.size, b"\xff")[: profile.size])
        self.page, self.write_time = profile.page, profile.write_time
        self.offset_bytes = 1 if profile.size <= ONE_BYTE_OFFSETS else 2
        self.writes = 0
        blocks = -(-profile.size // BLOCK) if self.offset_bytes == 1 else 1
        self.addresses = range(profile.address, profile.address + blocks)
        self._at = 0
        self._busy_until = float("-inf")

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        if now < self._busy_until:
            return Code.NAK_ON_WRITE
        offset, data = written[: self.offset_bytes], written[self.offset_bytes :]
        if len(offset) == self.offset_bytes:
            upper = BLOCK * (address - self.addresses.start) if self.offset_bytes == 1 else 0
            self._at = (upper + int.from_bytes(offset, "big")) % len(self.memory)
        self._write(data, now)
        read = bytes(self.memory[(self._at + index) % len(self.memory)] for index in range(count))
        self._at = (self._at + count) % len(self.memory)
        return read

    def _write(self, data: bytes, now: float) -> None:
        page = self._at - self._at % self.page
        for index, byte in enumerate(data):
            self.memory[page + (self._at - page + index) % self.page] = byte
        if data:
            self.writes += 1
            self._busy_until = now + self.write_time


class TemperatureSensor:
    """A sensor of the LM75 kind: register 0 holds the temperature in half degrees, most significant byte first."""

    def __init__(self, profile: "profiles.SensorProfile") -> None:
        self.addresses = range(profile.address, profile.address + 1)
        self.celsius = profile.celsius
        self._registers = {1: b"\0", 2: b"\x4b\0", 3: b"\x50\0"}
        self._pointer = 0

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        if written:
            self._pointer = written[0] & 3
        if len(written) > 1 and self._pointer:
            self._registers[self._pointer] = written[1:]
        halves = round(self.celsius * 2)
        register = self._registers.get(self._pointer) or (halves << 7 & 0xFFFF).to_bytes(2, "big")
        return (register * count)[:count]


class Registers:
    """So many registers of a byte; the first written byte chooses one, and each further byte is of the next."""

    def __init__(self, profile: "profiles.RegistersProfile") -> None:
        self.addresses = range(profile.address, profile.address + 1)
        self.memory = bytearray(profile.content_bytes.ljust(profile.size, b"\0")[: profile.size])
        self.read_only = profile.read_only
        self._at = 0

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        size = len(self.memory)
        if written:
            self._at = written[0] % size
        if len(written) > 1 and self.read_only:
            return Code.NAK_ON_WRITE
        for byte in written[1:]:
            self.memory[self._at] = byte
            self._at = (self._at + 1) % size
        read = bytes(self.memory[(self._at + index) % size] for index in range(count))
        self._at = (self._at + count) % size
        return read


class Multiplexer:
    """A switch of the PCA9548 kind: each bit of its one register connects a channel, with what hangs on it."""

    def __init__(self, profile: "profiles.MultiplexerProfile") -> None:
        self.addresses = range(profile.address, profile.address + 1)
        self.control = 0
        self._channels = {number: Segment(devices) for number, devices in profile.channels.items()}

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        if written:
            self.control = written[-1]
        return bytes((self.control,)) * count

    def connected(self) -> "list[Segment]":
        """What can be reached through it at this moment."""
        return [segment for number, segment in self._channels.items() if self.control >> number & 1]


class Faulty:
    """Answers with a completion code instead of doing something: so many times, or always."""

    def __init__(self, profile: "profiles.FaultyProfile") -> None:
        self.addresses = range(profile.address, profile.address + 1)
        self.code, self.times = Code.from_words(profile.code), profile.times

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        if self.times == 0:
            return bytes(count)
        if self.times is not None:
            self.times -= 1
        if self.code == Code.TRUNCATED_READ:
            raise Truncated(bytes(count // 2))
        return self.code


class BusHolder:
    """Holds its bus for so many seconds once it is spoken to: nobody on it can be reached, and the controller either
    says that or waits without an answer."""

    def __init__(self, profile: "profiles.BusHolderProfile") -> None:
        self.addresses = range(profile.address, profile.address + 1)
        self.seconds, self.silent = profile.seconds, profile.silent
        self._until = float("-inf")
        self._held = False

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        if self._held:  # it has just let go
            self._held = False
            return bytes(count)
        self._held, self._until = True, now + self.seconds
        return self.held(now) or bytes(count)

    def held(self, now: float) -> Code | None:
        """What everybody on the bus gets while it is held; Silence where not even that."""
        if now >= self._until:
            return None
        if self.silent:
            raise Silence
        return Code.BUS_ERROR


class Segment:
    """A bus, or what is behind a channel of a multiplexer."""

    def __init__(self, devices: "Sequence[profiles.I2cDeviceProfile]") -> None:
        self.devices: list[I2cDevice] = [_made(device) for device in devices]

    def transfer(self, address: int, written: bytes, count: int, now: float) -> bytes | Code:
        """What came of a transaction with an address."""
        for holder in self._all(BusHolder):
            held = holder.held(now)
            if held is not None:
                return held
        device = self.find(address)
        return Code.NAK_ON_WRITE if device is None else device.transfer(address, written, count, now)

    def find(self, address: int) -> I2cDevice | None:
        """The device of an address, here or behind a multiplexer that connects it."""
        for device in self.devices:
            if address in device.addresses:
                return device
        for behind in self._behind():
            found = behind.find(address)
            if found is not None:
                return found
        return None

    def _behind(self) -> "list[Segment]":
        return [each for device in self.devices if isinstance(device, Multiplexer) for each in device.connected()]

    def _all(self, kind: type[BusHolder]) -> list[BusHolder]:
        here = [device for device in self.devices if isinstance(device, kind)]
        return here + [device for behind in self._behind() for device in behind._all(kind)]


def _made(profile: "profiles.I2cDeviceProfile") -> I2cDevice:
    makers: dict[str, Callable[[Any], I2cDevice]] = {
        "eeprom": Eeprom,
        "temperature-sensor": TemperatureSensor,
        "registers": Registers,
        "multiplexer": Multiplexer,
        "faulty": Faulty,
        "bus-holder": BusHolder,
    }
    return makers[profile.device](profile)
