"""Numbers with names, open to numbers that nobody has named yet."""

from enum import IntEnum
from typing import Self

from ipmi_lab.errors import LocalError, did_you_mean, fold


class OpenEnum(IntEnum):
    """An enum that answers an unknown number with a member that says it, since real BMCs know more than any list."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_0x{value:02X}"
        member._value_ = value
        return member

    @classmethod
    def from_words(cls, text: str) -> Self:
        """The member that ``text`` names (``power cycle``, ``POWER_CYCLE``) or numbers (``2``, ``0x02``)."""
        wanted = fold(text)
        for name, member in cls.__members__.items():
            if fold(name) == wanted:
                return member
        try:
            if cls.__members__:
                return cls(int(text, 0))
            raise ValueError
        except ValueError:
            choices = [name.lower().replace("_", " ") for name in cls.__members__]
            raise LocalError(f"{text!r} is no {cls.__name__}", hint=did_you_mean(text, choices)) from None

    @property
    def words(self) -> str:
        """The name as a person writes it: ``power cycle``."""
        return self.name.lower().replace("_", " ") if self.name in type(self).__members__ else f"0x{self.value:02X}"


class NetFn(OpenEnum):
    """Network functions of requests; an answer carries the number plus one. IPMI 2.0 §5.1."""

    CHASSIS = 0x00
    BRIDGE = 0x02
    SENSOR_EVENT = 0x04
    APP = 0x06
    FIRMWARE = 0x08
    STORAGE = 0x0A
    TRANSPORT = 0x0C
    GROUP = 0x2C
    OEM_GROUP = 0x2E


class Privilege(OpenEnum):
    """Privilege levels of users, channels and sessions. IPMI 2.0 §6.8."""

    HIGHEST = 0x00
    CALLBACK = 0x01
    USER = 0x02
    OPERATOR = 0x03
    ADMINISTRATOR = 0x04
    OEM = 0x05
    NO_ACCESS = 0x0F


class CompletionCode(OpenEnum):
    """Completion codes that every command may give. IPMI 2.0 §5.2."""

    OK = 0x00
    NODE_BUSY = 0xC0
    INVALID_COMMAND = 0xC1
    INVALID_COMMAND_FOR_LUN = 0xC2
    TIMEOUT = 0xC3
    OUT_OF_SPACE = 0xC4
    RESERVATION_CANCELLED = 0xC5
    REQUEST_DATA_TRUNCATED = 0xC6
    REQUEST_DATA_LENGTH_INVALID = 0xC7
    REQUEST_DATA_LENGTH_LIMIT_EXCEEDED = 0xC8
    PARAMETER_OUT_OF_RANGE = 0xC9
    CANNOT_RETURN_REQUESTED_BYTES = 0xCA
    NOT_PRESENT = 0xCB
    INVALID_DATA_FIELD = 0xCC
    ILLEGAL_FOR_SENSOR_OR_RECORD = 0xCD
    RESPONSE_NOT_PROVIDED = 0xCE
    DUPLICATED_REQUEST = 0xCF
    SDR_REPOSITORY_IN_UPDATE_MODE = 0xD0
    DEVICE_IN_FIRMWARE_UPDATE_MODE = 0xD1
    BMC_INITIALISING = 0xD2
    DESTINATION_UNAVAILABLE = 0xD3
    INSUFFICIENT_PRIVILEGE = 0xD4
    NOT_SUPPORTED_IN_PRESENT_STATE = 0xD5
    SUB_FUNCTION_DISABLED = 0xD6
    UNSPECIFIED_ERROR = 0xFF
