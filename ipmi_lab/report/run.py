"""What a run showed, made from its journals alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ipmi_lab.report.journal import Event, find, read

PASSED, FAILED, SKIPPED, ABORTED, ERROR = "passed", "failed", "skipped", "aborted", "error"
BAD = (FAILED, ABORTED, ERROR)


@dataclass
class TestResult:
    """One test: ``duration`` in seconds, ``message`` why it did not pass."""

    __test__ = False  # pytest would take the name for a test class

    id: str
    source: str
    suite: str = ""
    verdict: str = ABORTED
    duration: float = 0.0
    message: str = ""
    target: str = ""
    started: str = ""
    tags: list[str] = field(default_factory=list)


@dataclass
class Measurement:
    """A value against its limits; ``margin`` is how far inside them it is, in percent of their span."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    nominal: float | None
    margin: float | None
    verdict: str
    target: str
    test: str
    time: str


@dataclass
class TargetSummary:
    """A BMC of the run: what it said it is, and what was expected."""

    name: str
    address: str = ""
    found: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    mismatches: list[str] = field(default_factory=list)
    session: str = ""


@dataclass
class Run:
    """One run, of one or several processes."""

    id: str
    facts: dict[str, Any] = field(default_factory=dict)
    started: str = ""
    ended: str = ""
    tests: list[TestResult] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    targets: dict[str, TargetSummary] = field(default_factory=dict)
    exchanges: list[Event] = field(default_factory=list)
    notes: list[Event] = field(default_factory=list)
    attachments: list[Event] = field(default_factory=list)
    problems: list[Event] = field(default_factory=list)
    sessions: list[Event] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    damaged: int = 0

    @property
    def verdict(self) -> str:
        """``passed`` only where something was tested and nothing is wrong."""
        wrong = any(test.verdict in BAD for test in self.tests)
        wrong = wrong or any(measurement.verdict == FAILED for measurement in self.measurements)
        if wrong or any(target.mismatches for target in self.targets.values()):
            return FAILED
        tested = any(test.verdict == PASSED for test in self.tests) or bool(self.measurements)
        return PASSED if tested else "nothing tested"

    @property
    def worst_first(self) -> list[TestResult]:
        """The tests as a reader wants them: what is wrong on top, else in their order."""
        return sorted(self.tests, key=lambda test: test.verdict not in BAD)

    @property
    def counts(self) -> Counter[str]:
        """How many tests ended how."""
        return Counter(test.verdict for test in self.tests)

    @property
    def duration(self) -> float:
        """Seconds from the first event to the last."""
        if not self.started:
            return 0.0
        return (datetime.fromisoformat(self.ended) - datetime.fromisoformat(self.started)).total_seconds()

    def coverage(self) -> dict[str, dict[str, Counter[str]]]:
        """Command by name, then target: how often which completion code came."""
        found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for exchange in self.exchanges:
            code = exchange.get("completion")
            found[exchange["name"]][exchange["target"]]["none" if code is None else f"{code:02X}"] += 1
        return {name: dict(targets) for name, targets in sorted(found.items())}

    def latencies(self) -> list[float]:
        """Milliseconds of each exchange that was answered at the first try."""
        return [e["ms"] for e in self.exchanges if e.get("completion") is not None and e.get("tries") == 1]


def load(places: Iterable[Path]) -> Run:
    """The run in journals and folders of journals; what several runs wrote under one id is one run."""
    events, damaged = read(find(places))
    run = Run(id=events[0]["run"] if events else "", damaged=damaged)
    tests: dict[tuple[str, str], TestResult] = {}
    for event in events:
        taker = _TAKERS.get(event["kind"])
        try:
            if taker is not None:
                taker(run, event, tests)
        except (KeyError, TypeError, ValueError, AttributeError):
            run.damaged += 1  # a line of another version, or by another hand
    if events:
        run.started, run.ended = events[0]["time"], events[-1]["time"]
    run.tests = list(tests.values())
    return run


Tests = dict[tuple[str, str], TestResult]


def _run(run: Run, event: Event, tests: Tests) -> None:
    facts = event.get("facts", {})
    run.facts |= {key: value for key, value in facts.items() if value and key != "command"}
    if facts.get("command") and facts["command"] not in run.commands:
        run.commands.append(facts["command"])


def _target(run: Run, event: Event, tests: Tests) -> None:
    target = _summary(run, event["target"])
    target.address = event.get("address", "") or target.address
    target.found |= event.get("found", {})
    target.expected |= event.get("expected", {})
    target.mismatches += [text for text in event.get("mismatches", []) if text not in target.mismatches]


def _summary(run: Run, name: str) -> TargetSummary:
    return run.targets.setdefault(name, TargetSummary(name))


def _session(run: Run, event: Event, tests: Tests) -> None:
    run.sessions.append(event)
    if event["what"] == "opened":
        _summary(run, event["target"]).session = event.get("how", "")


def _exchange(run: Run, event: Event, tests: Tests) -> None:
    float(event["ms"]), int(event["netfn"]), str(event["name"])
    _summary(run, event["target"])
    run.exchanges.append(event)


def _said(run: Run, event: Event, tests: Tests) -> None:
    """A text command of terminal mode, as a note."""
    reply = "no answer" if event["reply"] is None else f"[{event['reply']}]"
    run.notes.append(event | {"text": f"{event['target']}: [{event['text']}] → {reply}"})


def _measurement(run: Run, event: Event, tests: Tests) -> None:
    keys = ("name", "value", "unit", "low", "high", "nominal", "margin", "verdict", "target", "test", "time")
    run.measurements.append(Measurement(**{key: event.get(key) for key in keys}))  # type: ignore[arg-type]  # of JSON


def _test(run: Run, event: Event, tests: Tests) -> None:
    key = event["source"], event["id"]
    if event["what"] == "started":
        tests[key] = TestResult(
            event["id"],
            event["source"],
            event.get("suite", ""),
            started=event["time"],
            target=event.get("target", ""),
            tags=event.get("tags", []),
        )
        return
    test = tests.setdefault(key, TestResult(event["id"], event["source"], event.get("suite", "")))
    test.verdict = event["verdict"]
    test.duration = float(event.get("duration", 0.0))
    test.message = event.get("message", "")
    test.target = event.get("target", "") or test.target


def _to(name: str) -> Any:
    def take(run: Run, event: Event, tests: Tests) -> None:
        getattr(run, name).append(event)

    return take


_TAKERS = {
    "run": _run,
    "target": _target,
    "session": _session,
    "exchange": _exchange,
    "text": _said,
    "measurement": _measurement,
    "test": _test,
    "note": _to("notes"),
    "attachment": _to("attachments"),
    "problem": _to("problems"),
}
