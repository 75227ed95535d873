"""I2C buses behind a virtual BMC, and the devices on them."""

from typing import TYPE_CHECKING, Protocol

from ipmi_lab.commands.i2c import BusType, I2cData, MasterWriteRead, MasterWriteReadCode
from ipmi_lab.virtual.part import Answer, ControllerPart, answers
from ipmi_lab.virtual.profile import EepromProfile, SensorProfile
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.virtual.controller import Controller

MOST_BYTES = 36


class I2cDevice(Protocol):
    """What hangs on a bus: it takes the written bytes, then gives the bytes that are read."""

    def transfer(self, written: bytes, count: int, now: float) -> bytes | MasterWriteReadCode: ...


class Eeprom:
    """An EEPROM of up to 256 bytes with one address byte; a write wraps inside its page and takes its time, in which
    the device does not answer."""

    def __init__(self, profile: EepromProfile) -> None:
        self.memory = bytearray(profile.content_bytes.ljust(profile.size, b"\xff")[: profile.size])
        self.page, self.write_time = profile.page, profile.write_time
        self._at = 0
        self._busy_until = float("-inf")

    def transfer(self, written: bytes, count: int, now: float) -> bytes | MasterWriteReadCode:
        if now < self._busy_until:
            return MasterWriteReadCode.NAK_ON_WRITE
        if written:
            self._at = written[0] % len(self.memory)
            self._write(written[1:], now)
        data = bytes(self.memory[(self._at + index) % len(self.memory)] for index in range(count))
        self._at = (self._at + count) % len(self.memory)
        return data

    def _write(self, data: bytes, now: float) -> None:
        page = self._at - self._at % self.page
        for index, byte in enumerate(data):
            self.memory[page + (self._at - page + index) % self.page] = byte
        if data:
            self._busy_until = now + self.write_time


class TemperatureSensor:
    """A sensor of the LM75 kind: register 0 holds the temperature in half degrees, most significant byte first."""

    def __init__(self, profile: SensorProfile) -> None:
        self.celsius = profile.celsius
        self._registers = {1: b"\0", 2: b"\x4b\0", 3: b"\x50\0"}
        self._pointer = 0

    def transfer(self, written: bytes, count: int, now: float) -> bytes | MasterWriteReadCode:
        if written:
            self._pointer = written[0] & 3
        if len(written) > 1 and self._pointer:
            self._registers[self._pointer] = written[1:]
        halves = round(self.celsius * 2)
        register = self._registers.get(self._pointer) or (halves << 7 & 0xFFFF).to_bytes(2, "big")
        return (register * count)[:count]


class I2cBuses(ControllerPart):
    """All buses; a bus that the profile does not name is refused, an address where nothing sits does not answer."""

    def __init__(self, bmc: "Controller") -> None:
        super().__init__(bmc)
        self.devices: dict[tuple[int, int, int], dict[int, I2cDevice]] = {}
        for bus in bmc.profile.i2c:
            devices = self.devices.setdefault((BusType[bus.bus_type.upper()], bus.bus_id, bus.channel), {})
            for device in bus.devices:
                devices[device.address] = (
                    Eeprom(device) if isinstance(device, EepromProfile) else TemperatureSensor(device)
                )

    @answers(MasterWriteRead)
    def master_write_read(self, ask: MasterWriteRead) -> Answer:
        devices = self.devices.get((ask.bus_type, ask.bus_id, ask.channel))
        if devices is None:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.count > MOST_BYTES:
            return CompletionCode.CANNOT_RETURN_REQUESTED_BYTES
        if len(ask.data) > MOST_BYTES:
            return CompletionCode.REQUEST_DATA_LENGTH_LIMIT_EXCEEDED
        device = devices.get(ask.address)
        if device is None:
            return MasterWriteReadCode.NAK_ON_WRITE
        data = device.transfer(ask.data, ask.count, self.bmc.asking.now)
        return data if isinstance(data, MasterWriteReadCode) else I2cData(data=data)


def _device(profile: EepromProfile | SensorProfile) -> I2cDevice:
    return Eeprom(profile) if isinstance(profile, EepromProfile) else TemperatureSensor(profile)
