"""What a run showed, made from its journals alone."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ipmi_lab.errors import LocalError
from ipmi_lab.report.events import (
    AttachmentEvent,
    Event,
    ExchangeEvent,
    MeasurementEvent,
    NoteEvent,
    ProblemEvent,
    Reading,
    RunEvent,
    SessionEvent,
    TargetEvent,
    TestEvent,
    TextEvent,
    find,
    in_order,
    read,
)
from ipmi_lab.report.journal import SUFFIX, file_prefix

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
    """One run, of one or several processes."""

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


def load(places: Iterable[Path], run_id: str = "") -> Run:
    """The run in journals and folders of journals. What several processes wrote under one id is one run; where there
    are several ids, ``run_id`` chooses."""
    readings = [reading for path in find(places) for reading in read(path)]
    chosen = _choose(readings, run_id)
    own = [reading for reading in readings if _belongs(reading, chosen)]
    for reading in own:
        reading.events = [event for event in reading.events if event.run == chosen]
    builder = _Builder(Run(id=chosen))
    for reading in own:
        builder.process(reading)
    for reading, event in in_order(own):
        builder.take(reading, event)
    return builder.whole()


def _choose(readings: list[Reading], run_id: str) -> str:
    first: dict[str, datetime] = {}
    for reading in readings:
        for event in reading.events:
            first[event.run] = min(event.time, first.get(event.run, event.time))
    if run_id in first:
        return run_id
    known = sorted(first, key=lambda each: first[each])
    if not known:
        if any(reading.damaged for reading in readings):
            raise LocalError("no line of the journals can be read", hint="Are these files journals of ipmi-lab?")
        raise LocalError("there is no journal to make a report of", hint="Name journals, or the folder they are in.")
    told = ", ".join(f"{each} ({first[each]:%Y-%m-%d %H:%M})" for each in known)
    if run_id:
        raise LocalError(f"there is no journal of the run {run_id!r}", hint=f"There is: {told}.")
    if len(known) > 1:
        raise LocalError(
            f"the journals are of {len(known)} runs, and a report is of one: {told}",
            hint=f"Choose one: --run {known[-1]}",
        )
    return known[0]


def _belongs(reading: Reading, run_id: str) -> bool:
    """Whether a journal is of the run; one without a line that can be read is known by its name."""
    if reading.events:
        return any(event.run == run_id for event in reading.events)
    name = reading.path.name
    return name.startswith(file_prefix(run_id)) or (bool(reading.damaged) and not name.startswith("journal-"))


class _Builder:
    """Puts a run together, event by event."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._processes: dict[int, Process] = {}
        self._open: dict[tuple[int, str], TestResult] = {}
        self._takers: dict[type[Event], Callable[[Any, int], None]] = {
            RunEvent: self._run,
            TestEvent: self._test,
            TargetEvent: self._target,
            SessionEvent: self._session,
            ExchangeEvent: self._exchange,
            TextEvent: self._said,
            MeasurementEvent: lambda event, place: run.measurements.append(event),
            NoteEvent: lambda event, place: run.notes.append(event),
            ProblemEvent: lambda event, place: run.problems.append(event),
            AttachmentEvent: lambda event, place: run.attachments.append(event),
        }

    def process(self, reading: Reading) -> None:
        self.run.damaged += reading.damaged
        source = reading.events[0].source if reading.events else ""
        process = Process(source, reading.path.name)
        self._processes[id(reading)] = process
        if reading.events or reading.path.name.endswith(SUFFIX):
            self.run.processes.append(process)

    def take(self, reading: Reading, event: Event) -> None:
        process = self._processes[id(reading)]
        process.started, process.ended = process.started or event.time, event.time
        self.run.started, self.run.ended = self.run.started or event.time, event.time
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event, id(reading))

    def whole(self) -> Run:
        attempts: dict[tuple[str, str], list[TestResult]] = defaultdict(list)
        for test in self.run.tests:
            attempts[test.source, test.id].append(test)
        for several in attempts.values():
            for number, test in enumerate(several, 1):
                test.attempt, test.attempts = number, len(several)
        return self.run

    def _run(self, event: RunEvent, place: int) -> None:
        process = self._processes[place]
        process.host, process.number = event.host or process.host, event.process or process.number
        if event.what in ("ended", "forked"):  # who forked a process lets it go without a word
            process.why = event.why
        for key, text in event.facts.items():
            said = self.run.facts.setdefault(key, [])
            if text and text not in said:
                said.append(text)

    def _test(self, event: TestEvent, place: int) -> None:
        if event.what == "started":
            test = TestResult(event.id, event.source, event.suite, started=event.time, tags=event.tags)
            test.target = event.target
            self._open[place, event.id] = test
            self.run.tests.append(test)
            return
        open_test = self._open.pop((place, event.id), None)
        test = open_test or TestResult(event.id, event.source, event.suite)
        if open_test is None:  # what ran before any test could, such as reading a file of tests
            test.started = event.time
            self.run.tests.append(test)
        test.verdict, test.duration, test.message = event.verdict, event.duration, event.message
        test.target = event.target or test.target

    def _summary(self, name: str) -> TargetSummary:
        return self.run.targets.setdefault(name, TargetSummary(name))

    def _target(self, event: TargetEvent, place: int) -> None:
        target = self._summary(event.target)
        target.address = event.address or target.address
        target.found |= event.found
        target.expected |= event.expected
        target.mismatches += [text for text in event.mismatches if text not in target.mismatches]

    def _session(self, event: SessionEvent, place: int) -> None:
        target = self._summary(event.target)
        unsaid = event.what == "closed" and event.acknowledged is False
        target.sessions["not acknowledged" if unsaid else event.what] += 1
        target.session = event.how or target.session
        if event.why and event.why not in target.refusals:
            target.refusals.append(event.why)

    def _exchange(self, event: ExchangeEvent, place: int) -> None:
        self._summary(event.target)
        self.run.exchanges.append(event)

    def _said(self, event: TextEvent, place: int) -> None:
        """A text command of terminal mode, as a note."""
        self._summary(event.target)
        reply = "no answer" if event.reply is None else f"[{event.reply}]"
        fields = event.model_dump() | {"text": f"{event.target}: [{event.text}] → {reply}"}
        self.run.notes.append(NoteEvent.model_validate(fields))
