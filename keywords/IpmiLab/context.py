"""What all keywords share: the lab, the run, and the sessions that are open."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from ipmi_lab.device.device import Device
from ipmi_lab.errors import LocalError, SessionError, did_you_mean
from ipmi_lab.inventory.target import Target
from ipmi_lab.lab.guard import permissions
from ipmi_lab.lab.open import Lab
from ipmi_lab.lab.run import Run, close_quietly
from ipmi_lab.links.worlds import Blocking
from IpmiLab.runs import SharedRun, join
from IpmiLab.types import AutoClose, Trace, check

if TYPE_CHECKING:
    from ipmi_lab.virtual.faults import Faults

OFF = "off"


@dataclass(frozen=True)
class Settings:
    """The arguments of the library's import."""

    inventory: str | None
    auto_close: AutoClose
    timeout: timedelta | None
    retry_assertions_for: timedelta
    report: str | None
    trace: Trace
    allow: str | None


@dataclass(frozen=True)
class Held:
    """An open session: whose it is, and in which suite or test it was opened."""

    alias: str
    ipmi: Device[Blocking]
    target: Target
    scope: str


@dataclass(frozen=True)
class Spoilt:
    """Faults on purpose that a suite or test changed, as they were before."""

    faults: "Faults"
    before: dict[str, float]
    scope: str


class Context:
    """The sessions by alias, newest last; the newest is the current one unless another was chosen."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sessions: dict[str, Held] = {}
        self.order: list[str] = []
        self.scopes: list[str] = []
        self._spoilt: list[Spoilt] = []
        self._lab: Lab | None = None
        self._shared: SharedRun | None = None

    # ------------------------------------------------------------------ lab and run, made at their first use

    @property
    def lab(self) -> Lab:
        if self._lab is None:
            inventory = self.settings.inventory or os.environ.get("IPMI_LAB_INVENTORY") or None
            allow = permissions(self.settings.allow or os.environ.get("IPMI_LAB_ALLOW"))
            self._lab = Lab(
                inventory,
                allow=allow,
                virtual=os.environ.get("IPMI_LAB_VIRTUAL") or None,
                observe=lambda target: self.run.observe(target.name),
                hide=lambda login: self.run.hide(login),
            )
            if self._lab.inventory is not None and self._lab.inventory.lab.name:
                self.run.fact(lab=self._lab.inventory.lab.name)
        return self._lab

    @property
    def shared(self) -> SharedRun:
        if self._shared is None:
            facts: dict[str, object] = {
                "operator": os.environ.get("IPMI_LAB_OPERATOR"),
                "station": os.environ.get("IPMI_LAB_STATION"),
            }
            self._shared = join(self._report_folder(), facts)
        return self._shared

    @property
    def run(self) -> Run:
        return self.shared.run

    def _report_folder(self) -> Path | None:
        given = self.settings.report or os.environ.get("IPMI_LAB_REPORT")
        if given and given.lower() in (OFF, "none"):
            return None
        if given:
            return Path(given)
        try:
            output = BuiltIn().get_variable_value("${OUTPUT_DIR}")
        except RobotNotRunningError:
            return None
        return Path(str(output)) / "ipmi" if output else None

    @property
    def has_run(self) -> bool:
        return self._shared is not None

    # ------------------------------------------------------------------ sessions and faults, by suite and test

    @property
    def scope(self) -> str:
        """At the end of which suite or test that which begins now ends by itself."""
        return self.scopes[-1] if self.scopes else ""

    def spoil(self, faults: "Faults") -> None:
        """Let faults be as they are now again when the suite or test ends that is about to change them."""
        if not any(each.faults is faults and each.scope == self.scope for each in self._spoilt):
            self._spoilt.append(Spoilt(faults, faults.now(), self.scope))

    def add(self, alias: str, ipmi: Device[Blocking], target: Target) -> None:
        """Keep a session that was just opened, and make it the current one."""
        self.sessions[alias] = Held(alias, ipmi, target, self.scope)
        self.order.append(alias)
        self.run.target = target.name

    def held(self, alias: str | None) -> Held:
        """The session of that alias, or the current one."""
        if alias is None:
            if not self.order:
                raise SessionError("no session is open", hint="Use Establish Session first.")
            alias = self.order[-1]
        if alias not in self.sessions:
            raise LocalError(f"there is no session {alias!r}", hint=did_you_mean(alias, list(self.sessions)))
        return self.sessions[alias]

    def ipmi(self, alias: str | None) -> Device[Blocking]:
        """The device of a session."""
        held = self.held(alias)
        self.run.target = held.target.name
        return held.ipmi

    def switch(self, alias: str) -> str | None:
        """Make another session the current one; gives the one that was."""
        held = self.held(alias)
        before = self.order[-1] if self.order else None
        self.order.remove(held.alias)
        self.order.append(held.alias)
        return before

    def close(self, alias: str) -> None:
        """Give a session back; the one before becomes the current one."""
        held = self.held(alias)
        del self.sessions[held.alias]
        self.order.remove(held.alias)
        held.ipmi.session.close()

    def close_scope(self, scope: str | None) -> None:
        """Give back what was opened in a suite or test that has ended, or all; a failure is a line in the report. The
        faults go first: a session would be given back through them."""
        for spoilt in reversed(self._spoilt):
            if scope in (None, spoilt.scope):
                spoilt.faults.set(**spoilt.before)
        self._spoilt = [spoilt for spoilt in self._spoilt if scope not in (None, spoilt.scope)]
        for alias in [held.alias for held in self.sessions.values() if scope in (None, held.scope)]:
            close_quietly(self.run, alias, lambda alias=alias: self.close(alias))  # type: ignore[misc]  # bound now

    def checked(self, get: Callable[[], Any], operator: Any, expected: Any, message: str | None) -> Any:
        """What a getter gives, held against an assertion."""
        return check(get, operator, expected, message, within=self.settings.retry_assertions_for.total_seconds())

    def close_lab(self) -> None:
        """End the virtual BMCs of the lab."""
        if self._lab is not None:
            self._lab.close()
