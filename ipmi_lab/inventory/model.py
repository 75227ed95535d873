"""What an inventory file may say: its keys, and what their values may be."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ipmi_lab.commands.command import PERMISSIONS
from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.ports.address import parse_route
from ipmi_lab.sessions.quirks import QUIRKS
from ipmi_lab.wire.codes import Privilege

UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def seconds(value: object) -> object:
    """``2``, ``2s``, ``500 ms``, ``1 min 30 s`` as seconds."""
    if isinstance(value, bool) or not isinstance(value, str):
        return value
    found = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", value.strip().lower())
    rest = re.sub(r"(\d+(?:\.\d+)?)\s*([a-z]+)|\s+", "", value.strip().lower())
    if not found or rest or any(unit not in UNITS for _, unit in found):
        raise ValueError(f"{value!r} is no time; write 2s, 500ms or 1 min 30 s")
    return sum(float(number) * UNITS[unit] for number, unit in found)


def whole(value: object) -> object:
    """``0x50`` as a number, also where it was quoted."""
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            raise ValueError(f"{value!r} is no number; write 80 or 0x50") from None
    return value


def _known(known: list[str], what: str) -> BeforeValidator:
    def validate(value: object) -> object:
        if isinstance(value, str) and value not in known:
            raise ValueError(f"{value!r} is no {what}. {did_you_mean(value, known)}")
        return value

    return BeforeValidator(validate)


def _level(value: object) -> object:
    try:
        level = Privilege.from_words(str(value))
    except LocalError as error:
        raise ValueError(str(error)) from None
    if not Privilege.CALLBACK <= level <= Privilege.OEM:
        raise ValueError(f"{value!r} is no level to log in with")
    return level.words


def _cipher(value: object) -> object:
    if value == "auto":
        return value
    number = whole(value)
    if not isinstance(number, int) or not 0 <= number <= 19:
        raise ValueError(f"{value!r} is no cipher suite; write a number from 0 to 19, or auto")
    return number


def _reference(value: object) -> object:
    """A secret's reference. Its text never goes into an error: it might be the secret itself."""
    if not isinstance(value, str):
        raise ValueError("a secret is a reference such as env:NAME; quote a literal")
    return value


def _hop(value: object) -> object:
    try:
        parse_route(str(value))
    except LocalError as error:
        raise ValueError(str(error)) from None
    return value


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0)]
Number = Annotated[int, BeforeValidator(whole)]
Words = list[str]
Guid = Annotated[str, Field(pattern=r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Reference = Annotated[str, BeforeValidator(_reference)]


class Model(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid")


class LabModel(Model):
    """The lab, as the report names it."""

    name: str = ""
    site: str = ""
    station: str = ""


class CredentialsModel(Model):
    """Who logs in. ``password`` and ``kg`` are references: env: file: cmd: keyring: prompt:."""

    user: str | None = Field(default=None, max_length=16)
    password: Reference | None = None
    kg: Reference | None = None
    allow_literal: bool = False


class I2cModel(Model):
    """A named I2C device; ``size`` and ``page`` are those of an EEPROM, in bytes."""

    bus_type: Literal["private", "public"] = "private"
    bus_id: Number = Field(default=0, ge=0, le=7)
    channel: Number = Field(default=0, ge=0, le=15)
    address: Number = Field(ge=0, le=0x7F)
    size: Number = Field(default=256, ge=1, le=65536)
    page: Number = Field(default=8, ge=1, le=256)


class DeviceIdModel(Model):
    """What Get Device ID should answer."""

    manufacturer: Number | None = None
    product: Number | None = None
    device_id: Number | None = None
    firmware: str | None = Field(default=None, pattern=r"^(>=|<=|==|>|<)?\s*\d+(\.\d+)*$")


class ExpectModel(Model):
    """What is expected of a target; a GUID as Get System GUID and Get Device GUID are shown."""

    device_id: DeviceIdModel | None = None
    system_guid: Guid | None = None
    device_guid: Guid | None = None


class SettingsModel(Model):
    """What defaults, groups and targets may all say; the nearest wins, lists add up."""

    transport: str | None = None
    host: str | None = None
    port: Number | None = Field(default=None, ge=1, le=65535)
    credentials: str | CredentialsModel | None = None
    cipher: Annotated[int | Literal["auto"] | None, BeforeValidator(_cipher)] = None
    authentication: Literal["auto", "none", "md2", "md5", "straight"] | None = None
    name_only: bool | None = None
    plain_secrets: bool | None = None
    privilege: Annotated[str | None, BeforeValidator(_level)] = None
    timeout: Seconds | None = None
    retries: Number | None = Field(default=None, ge=0, le=20)
    budget: Seconds | None = None
    keep_alive: Seconds | None = None
    in_flight: Number | None = Field(default=None, ge=1, le=63)
    wait_for_slot: Seconds | None = None
    gentle: bool | None = None
    tags: Words = []
    caps: Words = []
    bridge: list[Annotated[str, BeforeValidator(_hop)]] | None = None
    quirks: list[Annotated[str, _known(sorted(QUIRKS), "quirk that we know")]] = []
    allow: list[Annotated[str, _known(list(PERMISSIONS), "permission")]] = []
    protect: bool | None = None
    location: dict[str, Any] | None = None
    i2c: dict[str, I2cModel] | None = None
    expect: ExpectModel | None = None


class GroupModel(SettingsModel):
    """Settings that several targets share; groups may build on groups."""

    groups: Words = []


class TargetModel(GroupModel):
    """One target; ``via`` names another one, over whose session it is reached."""

    via: str | None = None


class InventoryModel(Model):
    """The whole file."""

    version: Literal[1] = 1
    lab: LabModel = LabModel()
    credentials: dict[str, CredentialsModel] = {}
    defaults: SettingsModel = SettingsModel()
    groups: dict[str, GroupModel] = {}
    targets: dict[str, TargetModel]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of an inventory, for editors."""
    return InventoryModel.model_json_schema() | {"title": "ipmi-lab inventory"}
