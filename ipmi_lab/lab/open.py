"""Opens targets by name or URL: the one place that sees links and virtual BMCs."""

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.device.device import Device
from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.inventory.target import Target, route
from ipmi_lab.lab.guard import Guard, dry_run
from ipmi_lab.lab.identity import Pin
from ipmi_lab.lab.login import PASSWORD_VARIABLE, SecretLike, login_for, password_of, timing_of
from ipmi_lab.lab.standins import StandIns
from ipmi_lab.links.blocking import BlockingLink
from ipmi_lab.links.link import Link
from ipmi_lab.links.shared import BranchLink, Trunks
from ipmi_lab.links.ways import way
from ipmi_lab.links.worlds import Asyncio, Blocking
from ipmi_lab.ports.address import is_url
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.events import Observe
from ipmi_lab.sessions.login import Login

if TYPE_CHECKING:
    from ipmi_lab.inventory.loading import Inventory

SLOT_PATIENCE = 70.0  # BMCs end a silent session after a minute
LOGIN = ("user", "password", "kg", "privilege", "cipher", "authentication", "name_only", "quirks")
"""What makes a session another one: targets share one only where these are the same."""


def connect(url: str, **how: Any) -> Device[Blocking]:
    """A BMC by its URL, unopened: ``with`` or ``ipmi.session.establish()`` opens its session.

    ``how`` is what ``Lab.open`` takes: ``user``, ``password``, ``kg`` (text, ``0x…`` or bytes), ``privilege``,
    ``cipher``, ``timeout``, ``keep_alive_interval``, ``quirks`` …. A device from here has no guard: what it is told to
    do, it does.
    """
    lab = Lab()
    device = lab.open(url, guarded=False, **how)
    lab.close_behind(device)
    return device


def connect_asyncio(url: str, **how: Any) -> Device[Asyncio]:
    """The same for asyncio: ``async with ipmi_lab.aio.connect(…) as ipmi: await ipmi.get_device_id()``."""
    lab = Lab()
    device = lab.open_asyncio(url, guarded=False, **how)
    lab.close_behind(device)
    return device


class Lab(StandIns):
    """The targets of an inventory, and URLs beside them. ``allow`` are the permissions of this run.

    ``virtual`` replaces every target by a virtual BMC of that profile. Virtual BMCs live as long as the lab. With
    ``dry_run`` only reads are sent; a change raises NotSent, which says what it would have sent. ``hide`` hears of each
    login before it is used, to keep its secrets out of what people see.
    """

    def __init__(
        self,
        inventory: "str | Path | Inventory | None" = None,
        *,
        allow: frozenset[str] | set[str] = frozenset(),
        virtual: str | None = None,
        dry_run: bool = False,
        observe: Callable[[Target], Observe] | None = None,
        hide: Callable[[Login], None] | None = None,
    ) -> None:
        super().__init__(virtual)
        self.inventory = _load(inventory) if isinstance(inventory, (str, Path)) else inventory
        self.allow = frozenset(allow)
        self.extra: set[str] = set()  # permissions for the time being, such as those of one test
        self.dry_run = dry_run
        self._observe, self._hide = observe, hide
        self._shared: dict[tuple[object, ...], Link] = {}
        self._trunks = Trunks()

    @property
    def targets(self) -> dict[str, Target]:
        """The targets of the inventory by name."""
        return {} if self.inventory is None else self.inventory.targets

    def target(self, name: str) -> Target:
        """A target by name or URL; LocalError says what there is."""
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
        return Device(self._link(BlockingLink, known, **how), dict(known.i2c))

    def open_asyncio(self, target: str | Target, **how: Any) -> Device[Asyncio]:
        """The same as an asyncio device."""
        from ipmi_lab.links.aio import AsyncioLink

        known = self.target(target) if isinstance(target, str) else target
        return Device(self._link(AsyncioLink, known, **how), dict(known.i2c))

    def _link(self, kind: Callable[..., Link], wanted: str | Target, **how: Any) -> Link:
        """A link of its own, or a branch of one that several targets share."""
        target = self.target(wanted) if isinstance(wanted, str) else wanted
        try:
            check_how(how)
            with self._making:
                return self._made(kind, self.real(target), **how)
        except LocalError as error:
            raise error.about(target=target.name) from None

    def _made(self, kind: Callable[..., Link], target: Target, **how: Any) -> Link:
        if target.via is None and not self._carries_others(target):
            return self._own_link(kind, target, **how)
        login = {key: how[key] for key in LOGIN if how.get(key) is not None}
        observe: Observe | None = how.pop("observe", None)
        guarded, name = how.pop("guarded", True), how.pop("name", None) or target.name
        origin = self.trunk(target)

        def make() -> Link:
            link = self._own_link(kind, self.real(origin), guarded=False, **how)
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
        password: SecretLike | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        budget: float | None = None,
        keep_alive_interval: float | None = None,
        in_flight: int | None = None,
        gentle: bool = False,
        wait_for_slot: float | None = None,
        plain_secrets: bool | None = None,
        observe: Observe | None = None,
        guarded: bool = True,
        name: str | None = None,
        **who: Any,
    ) -> Link:
        """``who`` is what ``login_for`` takes."""
        known = None
        if target.address.logs_in:
            made_up = self._secrets.get(target.name) if password is None else None
            known = made_up or password_of(target, password)
        login = login_for(target, known, **who)
        if self._hide is not None:
            self._hide(login)
        timing = timing_of(target.timing, timeout=timeout, retries=retries, budget=budget)
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
        if known is None and login.user and target.address.logs_in:
            link.missing = LocalError(
                f"no password was given for user {login.user!r}",
                hint=f"Set {PASSWORD_VARIABLE}, give password=…, or write a reference into the inventory (env:NAME).",
            )
        link.guard = self._guard(target, guarded)
        if target.is_pinned:
            link.pin = Pin(target)
        return link

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


INTERNAL = {"guarded", "observe"}
HOW = {*(Lab._own_link.__kwdefaults__ or ()), *(login_for.__kwdefaults__ or ())}
"""What a session can be opened with."""


def check_how(how: Iterable[str]) -> None:
    """LocalError where a session is to be opened with a word that means nothing."""
    for word in how:
        if word not in HOW:
            offer = did_you_mean(word, sorted(HOW - INTERNAL))
            raise LocalError(f"a session is not opened with {word!r}", hint=offer)


def _load(path: str | Path) -> "Inventory":
    from ipmi_lab.inventory.loading import Inventory

    inventory = Inventory.load(path)
    for warning in inventory.warnings:
        warnings.warn(warning, stacklevel=4)
    return inventory
