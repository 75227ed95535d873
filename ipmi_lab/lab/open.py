"""Opens targets by name or URL: the one place that sees links and virtual BMCs."""

import atexit
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.session import AuthenticationType
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError, LocalError, did_you_mean
from ipmi_lab.inventory.secrets import resolve
from ipmi_lab.inventory.target import Target, route
from ipmi_lab.lab.guard import Guard, dry_run
from ipmi_lab.lab.identity import Pin
from ipmi_lab.links.blocking import BlockingLink
from ipmi_lab.links.link import Asyncio, Blocking, Link
from ipmi_lab.links.shared import BranchLink, Trunks
from ipmi_lab.links.ways import way
from ipmi_lab.secret import HasValue, Secret
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.events import Observe
from ipmi_lab.sessions.login import Login, Timing, bmc_key
from ipmi_lab.sessions.quirks import known_quirks
from ipmi_lab.wire.codes import Privilege

if TYPE_CHECKING:
    from ipmi_lab.inventory.model import Inventory
    from ipmi_lab.virtual.farm import Farm, Served
    from ipmi_lab.virtual.faults import Faults, Relay

PASSWORD_VARIABLE, KEY_VARIABLE = "IPMI_LAB_PASSWORD", "IPMI_LAB_KG"
AT_EXIT = 5.0  # seconds that all sessions together may take to be given back when a program ends
HURRIED = Timing(timeout=0.5, retries=1)
SLOT_PATIENCE = 70.0  # BMCs end a silent session after a minute
LOGIN = ("user", "password", "kg", "privilege", "cipher", "authentication", "name_only", "quirks")
"""What makes a session another one: targets share one only where these are the same."""

SecretLike = Secret | str | bytes | HasValue
STANDS_FOR_ANOTHER: dict[str, Any] = dict.fromkeys(("expect_device_id", "expect_system_guid", "expect_device_guid"))


def connect(url: str, **how: Any) -> Device[Blocking]:
    """A BMC by its URL, unopened: ``with`` or ``ipmi.session.establish()`` opens its session.

    ``how`` is what ``Lab.open`` takes: ``user``, ``password``, ``kg`` (text, ``0x…`` or bytes), ``privilege``,
    ``cipher``, ``timeout``, ``keep_alive_interval``, ``quirks`` …. A device from here has no guard: what it is told to
    do, it does.
    """
    lab = Lab()
    device = lab.open(url, guarded=False, **how)
    weakref.finalize(device, lab.close)
    return device


def connect_asyncio(url: str, **how: Any) -> Device[Asyncio]:
    """The same for asyncio: ``async with ipmi_lab.aio.connect(…) as ipmi: await ipmi.get_device_id()``."""
    lab = Lab()
    device = lab.open_asyncio(url, guarded=False, **how)
    weakref.finalize(device, lab.close)
    return device


class Lab:
    """The targets of an inventory, and URLs beside them. ``allow`` are the permissions of this run.

    ``virtual`` replaces every target by a virtual BMC of that profile. Virtual BMCs live as long as the lab. With
    ``dry_run`` only reads are sent; a change raises NotSent, which says what it would have sent.
    """

    def __init__(
        self,
        inventory: "str | Path | Inventory | None" = None,
        *,
        allow: frozenset[str] | set[str] = frozenset(),
        virtual: str | None = None,
        dry_run: bool = False,
        observe: Callable[[Target], Observe] | None = None,
    ) -> None:
        self.inventory = _load(inventory) if isinstance(inventory, (str, Path)) else inventory
        self.allow = frozenset(allow)
        self.extra: set[str] = set()  # permissions for the time being, such as those of one test
        self.virtual = virtual
        self.dry_run = dry_run
        self._observe = observe
        self._farm: Farm | None = None
        self._virtual: dict[str, Target] = {}
        self._served: dict[str, Served] = {}
        self._relays: dict[str, Relay] = {}  # all that were started, each with those who go through it
        self._relayed: set[str] = set()  # the targets whose new sessions go through theirs
        self._secrets: dict[str, Secret] = {}
        self._shared: dict[tuple[object, ...], Link] = {}
        self._trunks = Trunks()
        self._making = threading.RLock()  # threads that open targets at the same time share what they share

    @property
    def targets(self) -> dict[str, Target]:
        """The targets of the inventory by name."""
        return {} if self.inventory is None else self.inventory.targets

    def target(self, name: str) -> Target:
        """A target by name or URL; LocalError says what there is."""
        from ipmi_lab.inventory.select import is_url

        if name in self.targets:
            return self.targets[name]
        if is_url(name):
            return Target.from_url(name)
        if self.inventory is None:
            raise LocalError(
                f"there is no target {name!r}: no inventory was given",
                hint="Give one, or write a URL such as lanplus://admin@10.0.0.7.",
            )
        raise LocalError(f"{self.inventory.path} has no target {name!r}", hint=did_you_mean(name, list(self.targets)))

    def behind(self, via: str, bridge: str, name: str | None = None) -> Target:
        """A target that no inventory names: behind another one, over whose session it is reached.

        ``bridge`` has the hops, such as ``0x82@0, 0x76@7``.
        """
        other = self.target(via)
        return Target(name or f"{bridge} via {via}", other.address, bridge=route(bridge)).behind(other)

    def trunk(self, target: Target) -> Target:
        """The target whose session is used: the target itself, unless it is reached via another."""
        while target.via is not None:
            target = self.target(target.via)
        return target

    def open(self, target: str | Target, **how: Any) -> Device[Blocking]:
        """A target by name or URL as a blocking device, unopened. What is given here beats what the inventory says.

        ``name_only=False`` looks the user up by name and privilege; ``in_flight`` are the questions that may be under
        way at once; ``gentle`` is for weak BMCs; ``wait_for_slot`` are seconds to wait where all sessions are taken;
        ``plain_secrets`` lets passwords be set over sessions that are not encrypted.
        """
        known = self.target(target) if isinstance(target, str) else target
        device: Device[Blocking] = Device(self._link(BlockingLink, known, **how), dict(known.i2c))
        _give_back_at_exit(device)
        return device

    def open_asyncio(self, target: str | Target, **how: Any) -> Device[Asyncio]:
        """The same as an asyncio device."""
        from ipmi_lab.links.aio import AsyncioLink

        known = self.target(target) if isinstance(target, str) else target
        return Device(self._link(AsyncioLink, known, **how), dict(known.i2c))

    def _link(self, kind: Callable[..., Link], wanted: str | Target, **how: Any) -> Link:
        """A link of its own, or a branch of one that several targets share."""
        with self._making:
            return self._made(kind, self.real(self.target(wanted) if isinstance(wanted, str) else wanted), **how)

    def _made(self, kind: Callable[..., Link], target: Target, **how: Any) -> Link:
        if target.via is None and not self._carries_others(target):
            return self._own_link(kind, target, **how)
        login = {key: how[key] for key in LOGIN if how.get(key) is not None}
        observe: Observe | None = how.pop("observe", None)
        guarded, name = how.pop("guarded", True), how.pop("name", None) or target.name
        origin = self.trunk(target)

        def make() -> Link:
            link = self._own_link(kind, origin, guarded=False, **how)
            link.branch, link.pin, link.shared = None, None, True
            return link

        trunk = self._trunks.get((kind, origin.name, login), make)
        listen = observe or (self._observe(target) if self._observe is not None else None)
        link = BranchLink(name, trunk, Branch(target.bridge, listen))
        link.plain_secrets = trunk.plain_secrets
        link.guard = self._guard(target, guarded)
        if target.is_pinned:
            link.pin = Pin(target)
        return link

    def _carries_others(self, target: Target) -> bool:
        """Whether other targets are reached via this one, so that its session is theirs too."""
        if self.virtual is not None:
            return False
        named = any(each.via == target.name for each in self.targets.values())
        return named or self._trunks.has(target.name)

    def _guard(self, target: Target, guarded: bool) -> Callable[[Request[Any] | TextCommand], None] | None:
        """What every command of a target must pass before it is sent, or None where all may."""
        if self.dry_run:
            return dry_run
        if not guarded:
            return None
        return Guard(target.name, self.allow | target.allow, self.extra, protect=target.protect)

    def _own_link(
        self,
        kind: Callable[..., Link],
        target: Target,
        *,
        user: str | None = None,
        password: SecretLike | None = None,
        kg: SecretLike | None = None,
        privilege: Privilege | str | int | None = None,
        cipher: int | str | None = None,
        authentication: str | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        budget: float | None = None,
        keep_alive_interval: float | None = None,
        in_flight: int | None = None,
        gentle: bool = False,
        name_only: bool | None = None,
        wait_for_slot: float | None = None,
        plain_secrets: bool | None = None,
        quirks: Iterable[str] = (),
        observe: Observe | None = None,
        guarded: bool = True,
        name: str | None = None,
    ) -> Link:
        target = self.real(target)
        timing = _override(target.timing, timeout=timeout, retries=retries, budget=budget)
        logs_in = target.address.logs_in
        known = self._password(target, password) if logs_in else None
        login = Login(
            user=user if user is not None else target.user or "",
            password=known or Secret(b""),
            kg=self._key(target, kg) if logs_in else None,
            privilege=_privilege(privilege, target.privilege),
            version=target.version,
            cipher=target.cipher if cipher is None else _cipher(cipher),
            authentication=_authentication(authentication or target.authentication),
            name_only=target.name_only if name_only is None else name_only,
            quirks=target.quirks | known_quirks(quirks),
        )
        few = "fewslots" in login.quirks
        holder = (kind, target.name, login.user, login.privilege)
        if few and holder in self._shared:
            return self._shared[holder]
        listen = observe or (self._observe(target) if self._observe is not None else None)
        session, make_port = way(
            target.address,
            login,
            timing.gentle() if gentle else timing,
            in_flight=target.in_flight if in_flight is None else in_flight,
            observe=listen,
        )
        interval = target.keep_alive if keep_alive_interval is None else keep_alive_interval
        link = kind(name or target.name, make_port, session, keep_alive=interval)
        link.branch = Branch(target.bridge) if target.bridge else None
        link.plain_secrets = target.plain_secrets if plain_secrets is None else plain_secrets
        link.wait_for_slot = wait_for_slot or target.wait_for_slot or (SLOT_PATIENCE if few else 0.0)
        if few:
            link.shared = True
            self._shared[holder] = link
        if known is None and login.user and logs_in:
            link.missing = LocalError(
                f"no password was given for user {login.user!r}",
                hint=f"Set {PASSWORD_VARIABLE}, give password=…, or write a reference into the inventory (env:NAME).",
            )
        link.guard = self._guard(target, guarded)
        if target.is_pinned:
            link.pin = Pin(target)
        return link

    def caps(self, target: Target) -> frozenset[str]:
        """What a target can do: as the inventory says, and a virtual one as its profile says."""
        if self.virtual is None and (target.via is not None or target.address.scheme != "virtual"):
            return target.caps
        from ipmi_lab.virtual.profile import load

        own = frozenset(load(self.virtual or target.address.host).caps)
        return own if self.virtual is not None else own | target.caps

    def real(self, target: Target) -> Target:
        """The target itself, or the virtual BMC that stands for it, started at its first use; behind a relay where one
        was put before it."""
        with self._making:
            if self.virtual is not None or (target.via is None and target.address.scheme == "virtual"):
                if target.name not in self._virtual:
                    self._virtual[target.name] = self._start(target)
                target = self._virtual[target.name]
            if target.name not in self._relayed:
                return target
            relay = self._relays[target.name]
            return replace(target, address=replace(target.address, host=relay.host, port=relay.port))

    def _start(self, target: Target) -> Target:
        from ipmi_lab.ports.address import Address
        from ipmi_lab.virtual.farm import Farm
        from ipmi_lab.virtual.profile import reaches

        if self._farm is None:
            self._farm = Farm()
        mode = target.address.option("mode")  # whoever stands for a serial line is reached over one too
        if target.address.scheme == "virtual":
            mode = (target.address.option("way") or "").partition("serial-")[2] or None
        served = self._served[target.name] = self._farm.open(self.virtual or target.address.host, serial=mode)
        self._secrets[target.name] = served.password
        if self.virtual is not None and not reaches(served.profile, target.bridge):
            target = replace(target, bridge=())  # the BMC itself stands for the controller that is not there
        address = Address("auto", served.host, served.port, served.user)
        if mode is not None:
            address = Address.parse(served.serial_url)
        return replace(
            target,
            via=None,
            address=address,
            user=address.user,
            cipher=None,
            caps=target.caps | frozenset(served.profile.caps)
            if self.virtual is None
            else frozenset(served.profile.caps),
            **({} if self.virtual is None else STANDS_FOR_ANOTHER),
        )

    def stop_virtual(self, name: str) -> bool:
        """End the virtual BMC of a target; False where none runs."""
        served = self.virtual_bmc(name)
        if served is None or self._farm is None:
            return False
        del self._virtual[name], self._served[name]
        self._relayed.discard(name)
        if name in self._relays:
            self._relays.pop(name).close()
        self._farm.stop(served)
        return True

    def virtual_bmc(self, name: str) -> "Served | None":
        """The virtual BMC that stands for a target, or None where none runs."""
        served = self._served.get(name)
        return served if self._farm is not None and served in self._farm.served else None

    def relay(self, name: str) -> "Relay":
        """Put a network that can be bad on purpose before a target, by name or URL: sessions that are opened from now
        on go through it. ``lab.relay("bmc1").faults.set(loss=0.1)``."""
        from ipmi_lab.ports.address import NETWORK
        from ipmi_lab.virtual.faults import Relay

        target = self.target(name)
        if target.name not in self._relays:
            there = self.real(target).address
            if there.scheme not in NETWORK:
                raise LocalError("a relay stands on a network, and this target is on none", target=target.name)
            self._relays[target.name] = Relay(there.host, there.port)
        self._relayed.add(target.name)
        return self._relays[target.name]

    def end_relay(self, name: str) -> bool:
        """Let new sessions with a target pass by its relay, and those that go through it have a good network again;
        False where none stands."""
        known = self.target(name).name
        if known not in self._relayed:
            return False
        self._relayed.remove(known)
        self._relays[known].faults.clear()
        return True

    def faults(self, name: str) -> "Faults":
        """The faults of the relay before a target, or of its virtual BMC; LocalError where it has neither."""
        served = self.virtual_bmc(name)
        if name in self._relayed:
            return self._relays[name].faults
        if served is not None:
            return served.faults
        raise LocalError(
            "nothing can go wrong on purpose here",
            target=name,
            hint="Start a fault relay before the target, or use a virtual BMC.",
        )

    def _password(self, target: Target, given: SecretLike | None) -> Secret | None:
        if given is None and target.name in self._secrets:
            return self._secrets[target.name]
        found = self._secret(target, given, target.password)
        if found is None and PASSWORD_VARIABLE in os.environ:
            return Secret(os.environ[PASSWORD_VARIABLE])
        return found

    def _key(self, target: Target, given: SecretLike | None) -> Secret | None:
        if isinstance(given, bytes):
            return Secret(given)
        found = self._secret(target, given, target.kg)
        if found is None and KEY_VARIABLE in os.environ:
            found = Secret(os.environ[KEY_VARIABLE])
        return None if found is None else bmc_key(found)

    @staticmethod
    def _secret(target: Target, given: SecretLike | None, reference: str | None) -> Secret | None:
        if given is not None:
            return Secret(given)
        if reference is None:
            return None
        return resolve(reference, allow_literal=target.allow_literal, about=target.name)

    def close(self) -> None:
        """End the relays and the virtual BMCs of this lab."""
        for relay in self._relays.values():
            relay.close()
        self._relays.clear()
        self._relayed.clear()
        if self._farm is not None:
            self._farm.close()
            self._farm = None
            self._virtual.clear()
            self._served.clear()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


_OPENED: "weakref.WeakKeyDictionary[Device[Blocking], int]" = weakref.WeakKeyDictionary()  # with the process


def _give_back_at_exit(device: Device[Blocking]) -> None:
    """Where a program ends without closing its sessions, they are given back, so that the BMC's slots are free."""
    _OPENED[device] = os.getpid()


@atexit.register
def _give_back() -> None:
    until = monotonic() + AT_EXIT
    for device, process in list(_OPENED.items()):
        if device.session.is_open and process == os.getpid() and monotonic() < until:
            device.link.session.timing = HURRIED
            with suppress(IpmiLabError, OSError):  # nobody is left to tell
                device.session.close()


def _load(path: str | Path) -> "Inventory":
    from ipmi_lab.inventory.model import Inventory

    inventory = Inventory.load(path)
    for warning in inventory.warnings:
        warnings.warn(warning, stacklevel=4)
    return inventory


def _override(timing: Timing, **given: float | None) -> Timing:
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return replace(timing, **changes)


def _privilege(given: Privilege | str | int | None, usual: Privilege) -> Privilege:
    if given is None:
        return usual
    return Privilege.from_words(given) if isinstance(given, str) else Privilege(given)


def _cipher(given: int | str) -> int | None:
    if given == "auto":
        return None
    try:
        return int(given)
    except ValueError:
        raise LocalError(f"{given!r} is no cipher suite", hint="Write a number from 0 to 19, or auto.") from None


def _authentication(given: str | None) -> int | None:
    if given is None or given == "auto":
        return None
    return AuthenticationType.from_words("straight" if given == "password" else given)
