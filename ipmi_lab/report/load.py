"""A run, put together from its journals alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
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
from ipmi_lab.report.run import Process, Run, TargetSummary, TestResult


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
        never = datetime.max.replace(tzinfo=UTC)  # a process of whose journal no line can be read
        self.run.processes.sort(key=lambda process: process.started or never)
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
