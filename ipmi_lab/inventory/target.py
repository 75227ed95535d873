"""One BMC of the lab, with everything that groups and defaults say of it worked in."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from ipmi_lab.commands.i2c import BusType, MasterWriteRead
from ipmi_lab.errors import LocalError
from ipmi_lab.ports.address import Address, parse_route
from ipmi_lab.sessions.bridge import Hop, Route
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.quirks import known_quirks
from ipmi_lab.wire.codes import Privilege

BLOCK, ONE_BYTE_OFFSETS = 256, 2048


@dataclass(frozen=True, slots=True)
class I2cDevice:
    """A named I2C device: where Master Write-Read finds it; ``address`` has 7 bits. ``size`` and ``page`` are those of
    an EEPROM, in bytes."""

    bus_type: str
    bus_id: int
    channel: int
    address: int
    size: int = BLOCK
    page: int = 8

    def ask(self, count: int, data: bytes) -> MasterWriteRead:
        """Write ``data`` to it, then read ``count`` bytes."""
        return self._ask(self.address, count, data)

    def at(self, offset: int, count: int, data: bytes = b"") -> MasterWriteRead:
        """Read or write an EEPROM from an offset: up to 2048 bytes its upper bits are in the address, above it has
        two bytes."""
        if self.size > ONE_BYTE_OFFSETS:
            return self._ask(self.address, count, offset.to_bytes(2, "big") + data)
        return self._ask(self.address + offset // BLOCK, count, bytes((offset % BLOCK,)) + data)

    def before_next_block(self, offset: int) -> int:
        """How many bytes of an EEPROM can be read in one go from an offset."""
        return BLOCK - offset % BLOCK

    def _ask(self, address: int, count: int, data: bytes) -> MasterWriteRead:
        kind = BusType.from_words(self.bus_type)
        return MasterWriteRead(
            bus_type=kind, bus_id=self.bus_id, channel=self.channel, address=address, count=count, data=data
        )


@dataclass(frozen=True, slots=True)
class ExpectedDeviceId:
    """What Get Device ID should answer; None where it does not matter. ``firmware`` is ``2.09`` or ``>=2.9``."""

    manufacturer: int | None = None
    product: int | None = None
    device_id: int | None = None
    firmware: str | None = None


OWN = (
    *("name", "tags", "caps", "allow", "protect", "location", "i2c"),
    *("expect_device_id", "expect_system_guid", "expect_device_guid"),
)
"""What is not the session's of a target that is reached via another."""


@dataclass(frozen=True, slots=True)
class Target:
    """A BMC: where it is, who logs in, what may be done with it. Secrets are references such as ``env:NAME``.

    ``bridge`` is the whole way from the BMC at ``address``; ``via`` names the target whose session is shared.
    """

    name: str
    address: Address
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    kg: str | None = field(default=None, repr=False)
    allow_literal: bool = False
    cipher: int | None = None
    authentication: str | None = None
    name_only: bool = True
    plain_secrets: bool = False
    privilege: Privilege = Privilege.ADMINISTRATOR
    timing: Timing = field(default_factory=Timing)
    keep_alive: float = 0.0
    in_flight: int = 1
    wait_for_slot: float = 0.0
    tags: frozenset[str] = frozenset()
    caps: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    protect: bool = False
    bridge: Route = ()
    via: str | None = None
    location: tuple[tuple[str, Any], ...] = ()
    i2c: tuple[tuple[str, I2cDevice], ...] = ()
    expect_device_id: ExpectedDeviceId | None = None
    expect_system_guid: str | None = None
    expect_device_guid: str | None = None

    @classmethod
    @lru_cache
    def from_url(cls, url: str) -> "Target":
        """A target that nothing is known of but its URL; it bears the URL as its name. Whoever opens one session after
        the other writes the same URL each time."""
        address = Address.parse(url)
        options = dict(address.options)
        privilege, cipher, bridge = options.get("privilege"), options.get("cipher", "auto"), options.get("bridge")
        return cls(
            str(address),
            address,
            user=address.user,
            privilege=Privilege.ADMINISTRATOR if privilege is None else Privilege.from_words(privilege),
            cipher=None if cipher == "auto" else _suite(cipher),
            authentication=options.get("authentication"),
            name_only=looks_up_by_name(address),
            quirks=quirks_of(address),
            bridge=() if bridge is None else route(bridge),
        )

    def behind(self, other: "Target") -> "Target":
        """This target over the session of another: what belongs to the session is the other's, the way is longer."""
        own = {name: getattr(self, name) for name in OWN}
        way = other.bridge + self.bridge
        options = [option for option in other.address.options if option[0] != "bridge"]
        address = replace(other.address, options=(*options, ("bridge", ",".join(map(str, way)))))
        return replace(other, **own, address=address, bridge=way, via=other.name)

    def i2c_device(self, device: str) -> I2cDevice | None:
        """The named I2C device, or None."""
        return dict(self.i2c).get(device)

    @property
    def is_pinned(self) -> bool:
        """Whether the inventory says by what the machine is known."""
        return bool(self.expect_device_id or self.expect_system_guid or self.expect_device_guid)

    @property
    def version(self) -> str:
        """The IPMI version that the scheme asks for: ``2.0``, ``1.5`` or ``auto``."""
        return {"lan": "1.5", "lanplus": "2.0"}.get(self.address.scheme, "auto")


def looks_up_by_name(address: Address) -> bool:
    """Whether the URL wants the user looked up by name alone, as all BMCs can: ``name_only=no`` does not."""
    words = {"yes": True, "true": True, "no": False, "false": False}
    written = address.option("name_only") or "yes"
    if written not in words:
        raise LocalError(f"{written!r} is neither yes nor no", hint="Write name_only=no.")
    return words[written]


def quirks_of(address: Address) -> frozenset[str]:
    """The quirks that stand in the URL: ``quirks=opensesspriv,tagzero``."""
    written = address.option("quirks")
    return known_quirks(filter(None, written.split(","))) if written else frozenset()


def route(text: str) -> Route:
    """The hops of ``0x82@0,0x76@7``; LocalError where one is none."""
    return tuple(Hop(*hop) for hop in parse_route(text))


def _suite(text: str) -> int:
    if not text.isdecimal() or int(text) > 19:
        raise LocalError(f"{text!r} is no cipher suite", hint="Write a number from 0 to 19, or auto.")
    return int(text)
