"""I2C buses behind a virtual controller: Master Write-Read finds the bus, the bus its device."""

from typing import TYPE_CHECKING

from ipmi_lab.commands.i2c import BusType, I2cData, MasterWriteRead, MasterWriteReadCode
from ipmi_lab.virtual.i2cdevices import Segment, Silence, Truncated
from ipmi_lab.virtual.part import Answer, ControllerPart, Refuse, answers
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.virtual.controller import Controller
    from ipmi_lab.virtual.i2cprofile import BusProfile


class I2cBus:
    """One bus, and what the controller carries over it in one go."""

    def __init__(self, profile: "BusProfile") -> None:
        self.segment = Segment(profile.devices)
        self.largest_write, self.largest_read = profile.largest_write, profile.largest_read


class I2cBuses(ControllerPart):
    """All buses; a bus that the profile does not name is refused, an address where nothing sits does not answer."""

    def __init__(self, bmc: "Controller") -> None:
        super().__init__(bmc)
        self.buses = {(BusType[bus.bus_type.upper()], bus.bus_id, bus.channel): I2cBus(bus) for bus in bmc.profile.i2c}

    @answers(MasterWriteRead)
    def master_write_read(self, ask: MasterWriteRead) -> Answer:
        bus = self.buses.get((ask.bus_type, ask.bus_id, ask.channel))
        if bus is None:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.count > bus.largest_read:
            return CompletionCode.CANNOT_RETURN_REQUESTED_BYTES
        if len(ask.data) > bus.largest_write:
            return CompletionCode.REQUEST_DATA_LENGTH_LIMIT_EXCEEDED
        try:
            data = bus.segment.transfer(ask.address, ask.data, ask.count, self.bmc.asking.now)
        except Silence:
            return None
        except Truncated as short:
            raise Refuse(MasterWriteReadCode.TRUNCATED_READ, short.data) from None
        return data if isinstance(data, int) else I2cData(data=data)
