"""A machine described by data: what a virtual BMC plays."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ipmi_lab import document
from ipmi_lab.commands.bmc import DeviceId
from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.sessions.quirks import known_quirks
from ipmi_lab.virtual.i2cprofile import BusProfile
from ipmi_lab.wire.codes import Privilege

MessageFlag = Literal["watchdog_pre_timeout", "oem_0", "oem_1", "oem_2"]
AUTHENTICATIONS = {"none": 0, "md2": 1, "md5": 2, "straight": 4}


class Model(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid")


class DeviceIdProfile(Model):
    """What Get Device ID answers; ``firmware`` is ``2.09``."""

    device_id: int = Field(default=0x20, ge=0, le=0xFF)
    revision: int = Field(default=1, ge=0, le=15)
    firmware: str = Field(default="1.00", pattern=r"^\d{1,3}\.\d{2}$")
    ipmi: Literal["1.5", "2.0"] = "2.0"
    supports: int = Field(default=0x80, ge=0, le=0xFF)
    manufacturer: int = Field(default=0, ge=0, le=0xFFFFF)
    product: int = Field(default=0, ge=0, le=0xFFFF)

    def message(self) -> DeviceId:
        major, minor = self.firmware.split(".")
        return DeviceId(
            device_id=self.device_id,
            provides_sdrs=False,
            revision=self.revision,
            updating=False,
            firmware_major=int(major),
            firmware_minor=int(minor, 16),
            ipmi_version=0x02 if self.ipmi == "2.0" else 0x51,
            supports=self.supports,
            manufacturer=self.manufacturer,
            product=self.product,
            auxiliary=bytes(4),
        )


class UserProfile(Model):
    """A user and the most that he may become. His password is given by who starts the BMC, or made up; with
    ``password: none`` he has none, which takes ``insecure: true``. The user "" is the null user."""

    user: str = Field(max_length=16)
    privilege: str = "administrator"
    password: Literal["made up", "none"] = "made up"

    @field_validator("privilege")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            Privilege.from_words(value)
        except LocalError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def level(self) -> Privilege:
        return Privilege.from_words(self.privilege)


class OemAuthenticationProfile(Model):
    """An authentication of a maker's own that the BMC announces for IPMI 1.5, beside those that it has."""

    maker: int = Field(ge=0, le=0xFFFFFF)
    auxiliary: int = Field(default=0, ge=0, le=0xFF)


class ChassisProfile(Model):
    """Seconds that the machine takes to power up and down."""

    power_up: float = Field(default=0.0, ge=0)
    power_down: float = Field(default=0.0, ge=0)


class SerialProfile(Model):
    """The serial line, where the machine is served with one. ``session: true`` answers only who logs in; ``echo``,
    ``editing`` and ``newline`` are what terminal mode starts with; ``handshake`` says in basic mode when another
    message may come; ``connection_active`` tells every two seconds that the connection lives."""

    session: bool = False
    authentications: list[Literal["none", "md2", "md5", "straight"]] = ["md2", "md5"]
    handshake: bool = True
    echo: bool = False
    editing: bool = False
    newline: Literal["cr-lf", "nul", "cr", "lf-cr", "lf"] = "cr-lf"
    connection_active: bool = False

    @property
    def authentication_types(self) -> list[int]:
        return [AUTHENTICATIONS[kind] for kind in self.authentications]


class PartsProfile(Model):
    """What a BMC and a controller behind it have alike."""

    device_id: DeviceIdProfile = DeviceIdProfile()
    guid: str = Field(default="0123456789abcdef0123456789abcdef", pattern=r"^[0-9a-fA-F]{32}$")
    i2c: list[BusProfile] = []
    controllers: "list[ControllerProfile]" = []

    @property
    def guid_bytes(self) -> bytes:
        return bytes.fromhex(self.guid)


class ControllerProfile(PartsProfile):
    """A controller behind another one, with those behind it in turn; ``channel`` is that of the one before, ``delay``
    the seconds until it answers."""

    address: int = Field(ge=0x02, le=0xFE, multiple_of=2)
    channel: int = Field(default=0, ge=0, le=15)
    delay: float = Field(default=0.0, ge=0)


class BridgingProfile(Model):
    """How a BMC hands on the answers of controllers: ``behind`` its own answer to Send Message, ``before`` it or
    ``inside``; ``responder`` says whose address they bear."""

    answers: Literal["behind", "before", "inside"] = "behind"
    responder: Literal["controller", "bmc"] = "controller"


class Profile(PartsProfile):
    """One machine. ``insecure: true`` lets cipher suite 0, type none, straight passwords and users without a password
    work. ``per_message_authentication: false`` and ``user_level_authentication: false`` are what the LAN channel starts
    with: IPMI 1.5 packets need not be signed, all of them or those that ask what a user may ask. ``message_flags`` are
    raised when it starts. Where all ``session_slots`` are taken, a login takes that of a console silent for
    ``spare_after`` seconds; any session ends after ``session_timeout`` seconds of silence. ``state`` is a file in which
    what is not volatile outlives it."""

    summary: str = ""
    users: list[UserProfile] = [UserProfile(user="admin")]
    suites: list[Annotated[int, Field(ge=0, le=19)]] = []
    authentications: list[Literal["none", "md2", "md5", "straight"]] = []
    per_message_authentication: bool = True
    user_level_authentication: bool = True
    oem_authentication: OemAuthenticationProfile | None = None
    system_interface: Literal["kcs", "bt", "smic", "ssif"] = "kcs"
    message_flags: list[MessageFlag] = []
    session_slots: int = Field(default=16, ge=1, le=63)
    state: Path | None = None
    spare_after: float = Field(default=1.0, ge=0)
    session_timeout: float = Field(default=60.0, gt=0)
    insecure: bool = False
    chassis: ChassisProfile = ChassisProfile()
    serial: SerialProfile = SerialProfile()
    bridging: BridgingProfile = BridgingProfile()
    quirks: list[str] = []
    caps: list[str] = []

    @field_validator("quirks")
    @classmethod
    def _played(cls, value: list[str]) -> list[str]:
        try:
            known_quirks(value)
        except LocalError as error:
            raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _safe(self) -> "Profile":
        bare = [user.user for user in self.users if user.password == "none"]
        if bare and not self.insecure:
            raise ValueError(f"user {bare[0]!r} has no password, which takes insecure: true")
        if sum(not user.user for user in self.users) > 1:
            raise ValueError("there is one null user at the most")
        return self

    @property
    def speaks20(self) -> bool:
        return bool(self.suites)

    @property
    def authentication_types(self) -> list[int]:
        return [AUTHENTICATIONS[kind] for kind in self.authentications]

    @property
    def longest_password(self) -> int:
        """IPMI 1.5 takes 16 bytes, 2.0 takes 20."""
        return 16 if self.authentications else 20


def reaches(profile: PartsProfile, route: Sequence[tuple[int, int]]) -> bool:
    """Whether a controller sits at the end of a route, each hop an address and a channel."""
    for address, channel in route:
        found = next((each for each in profile.controllers if (each.address, each.channel) == (address, channel)), None)
        if found is None:
            return False
        profile = found
    return True


def known() -> list[str]:
    """The profiles that come with ipmi-lab."""
    folder = resources.files("ipmi_lab.virtual").joinpath("profiles")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load(name: str) -> Profile:
    """A profile by its name, or by the path of a YAML file."""
    if name.endswith((".yaml", ".yml")):
        return document.read(Path(name), Profile)
    if name not in known():
        raise LocalError(
            f"there is no virtual profile {name!r}",
            hint=f"{did_you_mean(name, known())} Or give the path of a YAML file.",
        )
    with resources.as_file(resources.files("ipmi_lab.virtual").joinpath("profiles", f"{name}.yaml")) as path:
        return document.read(path, Profile)
