"""A run: what all faces write into one journal, and what they judge alike. It belongs to the process.

A run without a folder keeps no journal; everything else works the same.
"""

import getpass
import hashlib
import math
import os
import platform
import shutil
import socket
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError, LocalError
from ipmi_lab.inventory.target import Target
from ipmi_lab.lab.commandline import command_line
from ipmi_lab.lab.identity import expected_words, found_words, identify
from ipmi_lab.lab.login import KEY_VARIABLE, PASSWORD_VARIABLE
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.links.worlds import run as perform
from ipmi_lab.report.journal import Journal
from ipmi_lab.report.pages import PAGES, kept_name, withdraw
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Closed, Exchanged, Observe, Observed, Opened, Refused, Said
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.quirks import LESS_SAFE
from ipmi_lab.trace.hidden import Hidden
from ipmi_lab.trace.text import line, said_line, secrets, struck

RUN_ID = "IPMI_LAB_RUN_ID"
MOST_KEPT = 5000


def new_run_id() -> str:
    """The id of this run: from the environment, so that several programs can share a page, or the time."""
    return os.environ.get(RUN_ID) or datetime.now(UTC).strftime("%Y%m%d-%H%M%S-") + os.urandom(2).hex()


@dataclass
class Measured:
    """A measurement with its verdict; ``text`` says it in a sentence."""

    verdict: str
    margin: float | None
    text: str


@dataclass
class Pages:
    """What came of a run's report: its page, if one was made, and what went wrong with it, a sentence each."""

    page: Path | None
    problems: list[str]


@dataclass
class Run:
    """One run of one process. ``test`` is the id of the test that runs at this moment.

    ``exchanges`` are the last ones of this test; ``hidden`` are the secrets that nothing for people may show.
    """

    source: str
    folder: Path | None = None
    run_id: str = field(default_factory=new_run_id)
    facts: dict[str, Any] = field(default_factory=dict)
    test: str = ""
    target: str = ""
    exchanges: deque[tuple[str, Exchanged | Said]] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))

    def __post_init__(self) -> None:
        self.hidden = Hidden()
        for variable in (PASSWORD_VARIABLE, KEY_VARIABLE):
            if variable in os.environ:
                self.hidden.add(Secret(os.environ[variable]))
        self.journal: Journal | None = None
        self._identified: set[str] = set()
        self._command_said = False
        self._warned: set[tuple[str, str]] = set()  # target and quirk
        if self.folder is not None:
            withdraw(self.folder)
            self.journal = Journal(self.folder, self.run_id, self.source, self.hidden)
            self.journal.run("started", facts=_usual_facts() | {k: v for k, v in self.facts.items() if v})

    def write(self, kind: str, **fields: Any) -> None:
        """Append an event to the journal, if there is one."""
        if self.journal is not None:
            self.journal.write(kind, **{"test": self.test, **fields})

    def fact(self, **facts: object) -> None:
        """What stands at the head of the page, such as ``board="rev C"``."""
        if self.journal is not None:
            self.journal.run("facts", facts=facts, test=self.test)

    def _say_command(self) -> None:
        """The command line stands in the journal once the passwords of the run are known: one may stand in it."""
        if not self._command_said:
            self._command_said = True
            self.fact(command=self.hidden.strike(command_line(sys.argv, robot=self.source == "robot")))

    # ------------------------------------------------------------------ targets

    def hide(self, login: Login) -> None:
        """Keep the secrets of a login out of the journal, traces and logs."""
        self.hidden.add(login.password)
        if login.kg is not None:
            self.hidden.add(login.kg)

    def observe(self, name: str) -> Observe:
        """What listens to the sessions of a target."""

        def listen(event: Observed) -> None:
            if isinstance(event, Exchanged):
                for secret in secrets(event.netfn, event.command, event.request, event.response):
                    self.hidden.add(secret)
                self.exchanges.append((name, event))
                if self.journal is not None:
                    self.journal.exchange(name, event, self.test)
            elif isinstance(event, Said):
                self.exchanges.append((name, event))
                if self.journal is not None:
                    self.journal.said(name, event, self.test)
            elif isinstance(event, Opened):
                self.write("session", what="opened", target=name, how=event.how)
            elif isinstance(event, Closed):
                self.write("session", what="closed", target=name, acknowledged=event.acknowledged)
            elif isinstance(event, Refused):
                self.write("session", what="refused", target=name, why=str(event.error))

        return listen

    def identify(self, ipmi: Device[Blocking], target: Target) -> None:
        """Note who the target is, once a run, and hold it against what the inventory expects."""
        for quirk in sorted(ipmi.link.session.login.quirks & set(LESS_SAFE)):
            if (target.name, quirk) not in self._warned:
                self._warned.add((target.name, quirk))
                self.problem(f"{target.name} is used with the quirk {quirk}: {LESS_SAFE[quirk]}", target=target.name)
        if target.name in self._identified:
            return
        self._identified.add(target.name)
        expected, found = expected_words(target), {}
        try:
            device_id, wrong = perform(identify(ipmi.link, target))
            found = found_words(device_id)
        except IpmiLabError as error:
            self.problem(f"{target.name} could not be identified: {error}", target=target.name)
            wrong = ["it could not be identified"] if expected else []
        self.write(
            "target",
            target=target.name,
            address=str(target.address),
            found=found,
            expected=expected,
            mismatches=wrong,
        )

    # ------------------------------------------------------------------ tests

    def test_started(self, test: str, *, suite: str = "", tags: list[str] | None = None) -> None:
        """A test begins: exchanges belong to it from now on."""
        self.test, self.target = test, ""
        self.exchanges.clear()
        self.write("test", what="started", id=test, suite=suite, tags=tags or [])

    def test_ended(self, test: str, verdict: str, duration: float, message: str = "", *, suite: str = "") -> None:
        """A test has ended: ``passed``, ``failed``, ``skipped`` or ``error``."""
        self.write(
            "test",
            what="ended",
            id=test,
            suite=suite,
            verdict=verdict,
            duration=round(duration, 3),
            message=message,
            target=self.target,
        )
        self.test = ""
        self._say_command()

    def measure(
        self,
        measured: str,
        value: float,
        *,
        low: float | None = None,
        high: float | None = None,
        unit: str = "",
        nominal: float | None = None,
    ) -> Measured:
        """Record a value against its limits, which belong to what is allowed."""
        for what, number in {"value": value, "low limit": low, "high limit": high, "nominal value": nominal}.items():
            if number is not None and not math.isfinite(number):
                raise LocalError(f"{measured}: the {what} is {number}, not a finite number")
        if low is not None and high is not None and low > high:
            raise LocalError(f"{measured}: the low limit {low} is above the high limit {high}")
        fits = (low is None or value >= low) and (high is None or value <= high)
        margin = _margin(value, low, high)
        limits = f"{'' if low is None else f'{low:g} ≤ '}{measured}{'' if high is None else f' ≤ {high:g}'}"
        text = f"{measured} is {value:g} {unit}".rstrip() + ("" if fits else f", outside {limits} {unit}".rstrip())
        verdict = "passed" if fits else "failed"
        self.write(
            "measurement",
            name=measured,
            value=value,
            low=low,
            high=high,
            unit=unit,
            nominal=nominal,
            margin=margin,
            verdict=verdict,
            target=self.target,
        )
        return Measured(verdict, margin, text)

    # ------------------------------------------------------------------ what else belongs to a run

    def note(self, text: str) -> None:
        """A sentence for the report."""
        self.write("note", text=text)

    def problem(self, text: str, *, target: str = "") -> None:
        """Something went wrong that fails no test, such as a session that was not given back."""
        self.write("problem", text=text, target=target)

    def attach(self, path: Path) -> None:
        """Keep a copy of a file beside the journal, with its sha256 in the report."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise LocalError(f"{path} cannot be attached: {error.strerror}") from None
        digest = hashlib.sha256(content).hexdigest()
        if self.folder is not None:
            try:
                shutil.copyfile(path, self.folder / kept_name(digest, path.name))
            except OSError as error:
                self.problem(f"{path.name} could not be kept: {error.strerror}")
        self.write("attachment", name=path.name, size=len(content), sha256=digest)

    def finish(self, why: str = "") -> None:
        """The run has ended; ``why`` where it did before its time."""
        self._say_command()
        if self.journal is not None:
            self.journal.run("ended", why=why)
            self.journal.close()

    def make_pages(self, trace: str) -> Pages:
        """Make the report of this run, where there is a folder for it. What cannot be written fails nothing."""
        if self.folder is None or self.journal is None:
            return Pages(None, [])
        from ipmi_lab.report.html import build

        lost = self.journal.lost
        problems = [f"{lost} events could not be written to the journal {self.journal.path}"] if lost else []
        try:
            build([self.folder], self.folder, trace=trace, run_id=self.run_id)
        except IpmiLabError as error:
            return Pages(None, [*problems, f"the IPMI report could not be made: {error}"])
        return Pages(self.folder / PAGES[0], problems)

    def trace_text(self) -> str:
        """The exchanges of the test that runs now, a line each."""
        shown = []
        for name, event in self.exchanges:
            if isinstance(event, Said):
                shown.append(said_line(name, event))
                continue
            request, response = struck(event.netfn, event.command, event.request, event.response)
            shown.append(line(name, event.netfn, event.command, request, event.code, response, event.elapsed * 1000))
        return self.hidden.strike("\n".join(shown))


def close_quietly(run: Run, name: str, close: Callable[[], None]) -> None:
    """Give a session back; what goes wrong is a line in the report, since it fails no test."""
    try:
        close()
    except IpmiLabError as error:
        run.problem(f"the session with {name} was not given back: {error}", target=name)


def _margin(value: float, low: float | None, high: float | None) -> float | None:
    """How far inside the limits, in percent of half their span; negative outside. None without two limits."""
    if low is None or high is None or high <= low:
        return None
    share = min(value - low, high - value) / (high - low)
    return round(200 * share, 2) if math.isfinite(share) else None


def _usual_facts() -> dict[str, Any]:
    try:
        operator = getpass.getuser()
    except (OSError, KeyError):
        operator = ""
    return {
        "operator": operator,
        "station": socket.gethostname(),
        "versions": f"ipmi-lab {version('ipmi-lab')}, Python {platform.python_version()}, {platform.platform()}",
    }
