"""I2C buses and their devices, described by data."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ipmi_lab.errors import LocalError
from ipmi_lab.wire.fields import to_bytes


class I2cModel(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid")


def _hex(value: Any) -> Any:
    try:
        to_bytes(value)
    except LocalError as error:
        raise ValueError(str(error)) from None
    return value


Address = Annotated[int, Field(ge=0x03, le=0x77)]
Hex = Annotated[str, BeforeValidator(_hex)]


class EepromProfile(I2cModel):
    """An EEPROM; up to 2048 bytes it is of the 24C16 kind, with an address a 256 bytes, above it has two offset bytes.
    ``content`` is hex, the rest is FFh. ``write_time`` is in seconds."""

    device: Literal["eeprom"]
    address: Address
    size: int = Field(default=256, ge=1, le=65536)
    page: int = Field(default=8, ge=1, le=256)
    write_time: float = Field(default=0.005, ge=0)
    content: Hex = ""

    @property
    def content_bytes(self) -> bytes:
        return to_bytes(self.content)


class SensorProfile(I2cModel):
    """A temperature sensor of the LM75 kind."""

    device: Literal["temperature-sensor"]
    address: Address
    celsius: float = Field(default=25.0, ge=-55, le=125)


class RegistersProfile(I2cModel):
    """A file of registers, such as an I/O expander's or a CPLD's; ``content`` is hex, the rest is 0."""

    device: Literal["registers"]
    address: Address
    size: int = Field(default=256, ge=1, le=256)
    read_only: bool = False
    content: Hex = ""

    @property
    def content_bytes(self) -> bytes:
        return to_bytes(self.content)


class MultiplexerProfile(I2cModel):
    """A switch of the PCA9548 kind, with the devices behind each of its channels."""

    device: Literal["multiplexer"]
    address: Address
    channels: "dict[Annotated[int, Field(ge=0, le=7)], list[I2cDeviceProfile]]" = {}


class FaultyProfile(I2cModel):
    """A device that answers with a completion code so many ``times``, or always."""

    device: Literal["faulty"]
    address: Address
    code: Literal["nak on write", "lost arbitration", "bus error", "truncated read"] = "nak on write"
    times: int | None = Field(default=None, ge=1)


class BusHolderProfile(I2cModel):
    """A device that holds its bus for ``seconds`` once it is spoken to; ``silent`` where the controller then waits
    instead of saying so."""

    device: Literal["bus-holder"]
    address: Address
    seconds: float = Field(default=1.0, gt=0)
    silent: bool = False


I2cDeviceProfile = Annotated[
    EepromProfile | SensorProfile | RegistersProfile | MultiplexerProfile | FaultyProfile | BusHolderProfile,
    Field(discriminator="device"),
]


class BusProfile(I2cModel):
    """One bus and what hangs on it; ``largest_write`` and ``largest_read`` are what the controller carries in one
    go."""

    bus_type: Literal["private", "public"] = "private"
    bus_id: int = Field(default=0, ge=0, le=7)
    channel: int = Field(default=0, ge=0, le=15)
    largest_write: int = Field(default=36, ge=1, le=255)
    largest_read: int = Field(default=36, ge=1, le=255)
    devices: list[I2cDeviceProfile] = []
