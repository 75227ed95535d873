"""What a run showed, and the judgement of it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from ipmi_lab.report.events import AttachmentEvent, ExchangeEvent, MeasurementEvent, NoteEvent, ProblemEvent

PASSED, FAILED, SKIPPED, ABORTED, ERROR = "passed", "failed", "skipped", "aborted", "error"
INCOMPLETE, NOTHING = "incomplete", "nothing tested"
BAD = (FAILED, ABORTED, ERROR)
GOOD = (PASSED, NOTHING)


@dataclass
class TestResult:
    """One run of a test, the ``attempt``-th under its id; ``duration`` in seconds, ``message`` why it did not pass."""

    __test__ = False  # pytest would take the name for a test class

    id: str
    source: str
    suite: str = ""
    verdict: str = ABORTED
    duration: float = 0.0
    message: str = ""
    target: str = ""
    started: datetime | None = None
    tags: list[str] = field(default_factory=list)
    attempt: int = 1
    attempts: int = 1

    @property
    def title(self) -> str:
        """The id, and which run of several it is."""
        return self.id if self.attempts == 1 else f"{self.id} (run {self.attempt} of {self.attempts})"


@dataclass
class TargetSummary:
    """A BMC of the run: what it said it is, and what was expected; how its sessions went."""

    name: str
    address: str = ""
    found: dict[str, str] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)
    mismatches: list[str] = field(default_factory=list)
    session: str = ""
    sessions: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Whether it is the expected machine; empty where nothing was expected."""
        return FAILED if self.mismatches else PASSED if self.expected else ""


@dataclass
class Process:
    """A process of the run. ``why`` it did not come to its end; empty where it did."""

    source: str
    journal: str
    host: str = ""
    number: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    why: str = "it was killed, or still runs"


@dataclass
class Run:
    """One run, of one or several processes, which are in the order in which they began."""

    id: str
    facts: dict[str, list[str]] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    started: datetime | None = None
    ended: datetime | None = None
    tests: list[TestResult] = field(default_factory=list)
    measurements: list[MeasurementEvent] = field(default_factory=list)
    targets: dict[str, TargetSummary] = field(default_factory=dict)
    exchanges: list[ExchangeEvent] = field(default_factory=list)
    notes: list[NoteEvent] = field(default_factory=list)
    attachments: list[AttachmentEvent] = field(default_factory=list)
    problems: list[ProblemEvent] = field(default_factory=list)
    damaged: int = 0

    @property
    def verdict(self) -> str:
        """``passed`` only where something was tested, all of it came to its end, and nothing is wrong."""
        if self.wrong:
            return FAILED
        if self.cut_off:
            return ABORTED
        if self.losses:
            return INCOMPLETE
        tested = any(test.verdict == PASSED for test in self.tests) or bool(self.measurements)
        return PASSED if tested else NOTHING

    @property
    def wrong(self) -> list[str]:
        """What makes the run a failed one, a sentence each."""
        bad = sum(test.verdict in (FAILED, ERROR) for test in self.tests)
        outside = sum(measurement.verdict == FAILED for measurement in self.measurements)
        found = [f"{_number(bad, 'test')} failed"] if bad else []
        found += [f"{_number(outside, 'measurement')} outside the limits"] if outside else []
        strangers = [target.name for target in self.targets.values() if target.mismatches]
        return found + [f"{name} is not the expected machine" for name in strangers]

    @property
    def cut_off(self) -> list[str]:
        """What did not come to its end, a sentence each."""
        aborted = sum(test.verdict == ABORTED for test in self.tests)
        found = [f"{_number(aborted, 'test')} did not come to an end"] if aborted else []
        return found + [
            f"a {process.source} process did not come to its end: {process.why}".replace("  ", " ")
            for process in self.processes
            if process.why
        ]

    @property
    def losses(self) -> list[str]:
        """What is missing in the journals, a sentence each."""
        lost = sum(problem.lost for problem in self.problems)
        found = [f"{_number(lost, 'event')} could not be written to the journal"] if lost else []
        return found + ([f"{_number(self.damaged, 'line')} of the journal could not be read"] if self.damaged else [])

    @property
    def reasons(self) -> list[str]:
        """Why the run has not passed, a sentence each."""
        return self.wrong + self.cut_off + self.losses

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
        return (self.ended - self.started).total_seconds() if self.started and self.ended else 0.0

    def series(self) -> list[list[MeasurementEvent]]:
        """The measurements by what was measured where, each in its order."""
        found: dict[tuple[str, ...], list[MeasurementEvent]] = defaultdict(list)
        for measurement in self.measurements:
            found[measurement.target, measurement.name, measurement.unit].append(measurement)
        return list(found.values())

    def coverage(self) -> dict[str, dict[str, Counter[str]]]:
        """Command by name, then target: how often which completion code came."""
        found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        for exchange in self.exchanges:
            code = "none" if exchange.completion is None else f"{exchange.completion:02X}"
            found[exchange.name][exchange.target][code] += 1
        return {name: dict(targets) for name, targets in sorted(found.items())}

    def latencies(self) -> list[float]:
        """Milliseconds of each exchange that was answered at the first try."""
        return [each.ms for each in self.exchanges if each.completion is not None and each.tries == 1]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
