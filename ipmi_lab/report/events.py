"""What stands in journals, read into typed events: a line that does not fit is counted and never shown.

Journals come from other versions, other machines and other hands, so every line is held against its model.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, FiniteFloat, ValidationError

from ipmi_lab.errors import LocalError
from ipmi_lab.report.journal import SUFFIX

CENTURY = 3.2e9  # seconds; no clock of a machine and no test is longer
LONGEST_LINE = 4_000_000  # bytes

Seconds = Annotated[FiniteFloat, Field(ge=0, le=CENTURY)]
Hex = Annotated[str, Field(pattern=r"^(?:(?:[0-9a-f]{2}|\*\*)(?: (?:[0-9a-f]{2}|\*\*))*)?$")]
Byte = Annotated[int, Field(ge=0, le=0xFF)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Time = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC))]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


Texts = dict[str, Annotated[str, BeforeValidator(_text)]]


class Event(BaseModel):
    """What every line has. ``clock`` is the process's own, which is never set; ``time`` follows it once read."""

    run: Annotated[str, Field(min_length=1)]
    source: str
    time: Time
    clock: Seconds
    test: str = ""


class RunEvent(Event):
    """A process of the run: ``started``, ``forked``, ``facts`` or ``ended``; ``why`` where it ended too early."""

    what: Literal["started", "forked", "facts", "ended"]
    facts: Texts = {}
    process: Count = 0
    host: str = ""
    boot: str = ""
    why: str = ""


class TestEvent(Event):
    """A test that ``started`` or ``ended``."""

    __test__ = False  # pytest would take the name for a test class

    what: Literal["started", "ended"]
    id: str
    suite: str = ""
    tags: list[str] = []
    verdict: Literal["passed", "failed", "skipped", "error", "aborted"] = "aborted"
    duration: Seconds = 0.0
    message: str = ""
    target: str = ""


class ExchangeEvent(Event):
    """A command and its answer, as bytes in hex; ``completion`` is None where none came."""

    target: str
    name: str
    netfn: Annotated[int, Field(ge=0, le=0x3F)]
    command: Byte
    lun: Annotated[int, Field(ge=0, le=3)] = 0
    request: Hex = ""
    completion: Byte | None = None
    response: Hex = ""
    ms: Annotated[FiniteFloat, Field(ge=0, le=CENTURY)]
    tries: Count = 1
    purpose: str = "command"


class TextEvent(Event):
    """A text command of terminal mode and its reply; None where none came."""

    target: str
    text: str
    reply: str | None = None
    ms: Annotated[FiniteFloat, Field(ge=0, le=CENTURY)] = 0.0
    tries: Count = 1
    purpose: str = "command"


class MeasurementEvent(Event):
    """A value against its limits; ``margin`` is how far inside them it is, in percent of half their span."""

    name: str
    value: FiniteFloat
    unit: str = ""
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    nominal: FiniteFloat | None = None
    margin: FiniteFloat | None = None
    verdict: Literal["passed", "failed"]
    target: str = ""


class TargetEvent(Event):
    """Who a BMC said it is, and who was expected."""

    target: str
    address: str = ""
    found: Texts = {}
    expected: Texts = {}
    mismatches: list[str] = []


class SessionEvent(Event):
    """A session that was ``opened``, ``closed`` or ``refused``."""

    what: Literal["opened", "closed", "refused"]
    target: str
    how: str = ""
    acknowledged: bool | None = None
    why: str = ""


class NoteEvent(Event):
    """A sentence for the reader."""

    text: str


class ProblemEvent(Event):
    """What went wrong and fails no test; ``lost`` events are those that could not be written."""

    text: str
    target: str = ""
    lost: Count = 0


class AttachmentEvent(Event):
    """A file that is kept with the report."""

    name: str
    size: Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


KINDS: dict[str, type[Event]] = {
    "run": RunEvent,
    "test": TestEvent,
    "exchange": ExchangeEvent,
    "text": TextEvent,
    "measurement": MeasurementEvent,
    "target": TargetEvent,
    "session": SessionEvent,
    "note": NoteEvent,
    "problem": ProblemEvent,
    "attachment": AttachmentEvent,
}
"""The kinds that this version knows; those of a later one are passed over."""


@dataclass
class Reading:
    """What one process wrote: its events in their order. ``damaged`` lines of its file are none."""

    path: Path
    events: list[Event] = field(default_factory=list)
    damaged: int = 0

    @property
    def boot(self) -> str:
        """What tells whose clocks go alike: those of one machine since it was started."""
        first = self.events[0] if self.events else None
        return (first.boot if isinstance(first, RunEvent) else "") or str(id(self))

    @property
    def began(self) -> datetime:
        """When the process's clock was zero, by the wall clock at the first event."""
        return self.events[0].time.astimezone(UTC) - timedelta(seconds=self.events[0].clock)


def find(places: Iterable[Path]) -> list[Path]:
    """The journals in files and folders."""
    found: list[Path] = []
    for place in places:
        found += sorted(path for path in place.glob(f"*{SUFFIX}") if path.is_file()) if place.is_dir() else [place]
    return list(dict.fromkeys(found))


def read(path: Path) -> list[Reading]:
    """A journal; more than one where those of several processes were put into one file."""
    readings = [Reading(path)]
    try:
        for event in _events(path):
            if event is None:
                readings[-1].damaged += 1
                continue
            if isinstance(event, RunEvent) and event.what in ("started", "forked") and readings[-1].events:
                readings.append(Reading(path))
            readings[-1].events.append(event)
    except OSError as error:
        raise LocalError(f"the journal {path} cannot be read: {error.strerror}") from None
    return readings


def in_order(readings: list[Reading]) -> Iterator[tuple[Reading, Event]]:
    """All events by the clocks of the processes, however the wall clock was set meanwhile: a machine's wall clock is
    looked at once, at the earliest event since it was started."""
    began: dict[str, datetime] = {}
    for reading in sorted((each for each in readings if each.events), key=lambda each: each.events[0].clock):
        began.setdefault(reading.boot, reading.began)
    merged = []
    for reading in readings:
        for event in reading.events:
            event.time = began[reading.boot] + timedelta(seconds=event.clock)
            merged.append((reading, event))
    yield from sorted(merged, key=lambda pair: pair[1].time)


def _events(path: Path) -> Iterator[Event | None]:
    """The events of a file; None for a line that is none."""
    with path.open("rb") as file:
        for line in _lines(file):
            try:
                fields: Any = json.loads(line)
                yield KINDS.get(str(fields.get("kind")), Event).model_validate(fields)
            except (ValidationError, ValueError, AttributeError, RecursionError):
                yield None


def _lines(file: Any) -> Iterator[bytes]:
    """Lines, without empty ones; the rest of one that never ends is passed over."""
    while line := file.readline(LONGEST_LINE):
        yield from filter(None, [line.strip()])
        while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)
