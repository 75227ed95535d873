"""The journal of a run: one JSON line an event, written the moment it happens, and read again for the report.

Each process appends to a file of its own, so nothing is lost when another one dies; a last line that was cut off in
the middle is skipped. Secrets are struck out as it is written. A full disk never stops a run: the loss is counted.
"""

import itertools
import json
import os
import re
import socket
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Exchanged
from ipmi_lab.trace.text import command_name, struck

SUFFIX = ".jsonl"
LONGEST = 20_000
LONGEST_NAME = 200
STARS = "****"
SHORTEST_HIDDEN = 4  # a shorter secret would strike parts out of half the words
HARMFUL = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""What a BMC can send to steer terminals and turn texts around, and what XML and UTF-8 cannot hold."""

Event = dict[str, Any]
_count = itertools.count(1)


class Journal:
    """Appends events of one run and one process. ``lost`` counts those that could not be written."""

    def __init__(self, folder: Path, run_id: str, source: str) -> None:
        self.folder, self.run_id, self.source = Path(folder), run_id, source
        self.lost = 0
        self._told = 0
        self._hidden: dict[str, str] = {}
        self._hide: re.Pattern[str] | None = None
        self._open()

    def _open(self) -> None:
        """A file of this very process; a forked one gets its own at its first event."""
        self._process, self._lock, self._torn = os.getpid(), threading.Lock(), False
        name = f"journal-{self.run_id}"[:LONGEST_NAME] + f"-{socket.gethostname()}-{self._process}-{next(_count)}"
        self.path = self.folder / (re.sub(r"[^\w.-]", "_", name) + SUFFIX)
        self._file: int | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            self._lose(error)

    def hide(self, secret: Secret) -> None:
        """Strike this secret out of everything that is written from now on, in text and in hex."""
        raw = secret.reveal()
        if len(raw) < SHORTEST_HIDDEN:
            return
        hexed, spaced, stars = raw.hex(), raw.hex(" "), " ".join(["**"] * len(raw))
        self._hidden |= {hexed: STARS, hexed.upper(): STARS, spaced: stars, spaced.upper(): stars}
        self._hidden[raw.decode("utf-8", "surrogateescape")] = STARS
        longest_first = sorted(self._hidden, key=len, reverse=True)
        self._hide = re.compile("|".join(map(re.escape, longest_first)))

    def write(self, kind: str, **fields: Any) -> None:
        """Append an event. What cannot be written is counted; the count is written as soon as there is room."""
        if self._process != os.getpid():
            self._open()
        with self._lock:
            if self.lost > self._told:
                lost = self.lost - self._told
                text = f"{lost} events of this process could not be written to the journal"
                if self._append("problem", {"text": text, "lost": lost}):
                    self._told += lost
            if not self._append(kind, fields):
                self.lost += 1

    def exchange(self, target: str, event: Exchanged, test: str = "") -> None:
        """Append a command and its answer."""
        request, response = struck(event.netfn, event.command, event.request, event.response)
        self.write(
            "exchange",
            target=target,
            name=command_name(event.netfn, event.command, event.request),
            netfn=event.netfn,
            command=event.command,
            lun=event.lun,
            request=request,
            completion=event.code,
            response=response,
            ms=round(event.elapsed * 1000, 3),
            tries=event.tries,
            purpose=event.purpose,
            test=test,
        )

    def close(self) -> None:
        """Say what was lost, and close the file."""
        if self.lost > self._told:
            self.write("note", text="the journal was closed")
        with self._lock:
            if self._file is not None:
                file, self._file = self._file, None
                try:
                    os.close(file)
                except OSError as error:  # a network drive may tell only now that it is full
                    self._lose(error)

    def _append(self, kind: str, fields: dict[str, Any]) -> bool:
        """Put a line at the end of the file, in one write; whether it is there."""
        if self._file is None:
            return False
        try:
            line = ("\n" if self._torn else "").encode() + self._line(kind, fields)
            written = os.write(self._file, line)
            self._torn = 0 < written < len(line)
            if written < len(line):
                raise OSError("only a part of it could be written")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            if not self.lost:
                self._warn(error)
            return False
        return True

    def _line(self, kind: str, fields: dict[str, Any]) -> bytes:
        event = {
            "kind": kind,
            "run": self.run_id,
            "source": self.source,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "clock": round(time.monotonic(), 6),
            **{key: self._clean(value) for key, value in fields.items()},
        }
        text = json.dumps(event, ensure_ascii=False, default=str) + "\n"
        return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            value = self._struck(value)
            return value if len(value) <= LONGEST else value[:LONGEST] + " … (cut)"
        if isinstance(value, Secret):
            return STARS
        if isinstance(value, bytes):
            return self._struck(value.hex(" "))
        if isinstance(value, dict):
            return {self._struck(str(key)): self._clean(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(inner) for inner in value]
        return value if value is None or isinstance(value, (int, float)) else self._clean(str(value))

    def _struck(self, text: str) -> str:
        return text if self._hide is None else self._hide.sub(lambda match: self._hidden[match[0]], text)

    def _lose(self, error: Exception) -> None:
        if not self.lost:
            self._warn(error)
        self.lost += 1

    def _warn(self, error: Exception) -> None:
        warnings.warn(f"the journal {self.path} cannot be written, the run goes on: {error}", stacklevel=4)


class Reading(NamedTuple):
    """What stands in one journal: its events in their order, and how many lines are none."""

    path: Path
    events: list[Event]
    damaged: int


def find(places: Iterable[Path]) -> list[Path]:
    """The journals in files and folders."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
    return found


def read(path: Path) -> Reading:
    """One journal. Its times are made to go forward with the monotonic clock, however the wall clock was set."""
    events: list[Event] = []
    damaged = 0
    began: datetime | None = None
    for event in _lines(path):
        if event is None:
            damaged += 1
            continue
        now, clock = datetime.fromisoformat(event["time"]).astimezone(UTC), timedelta(seconds=event["clock"])
        if began is None or (event["kind"] == "run" and event.get("what") == "started"):
            began = now - clock
        event["time"] = (began + clock).isoformat(timespec="milliseconds")
        events.append(event)
    return Reading(path, events, damaged)


def _lines(path: Path) -> Iterator[Event | None]:
    """The events of a file; None for a line that is none."""
    with path.open("rb") as file:
        for line in filter(None, map(bytes.strip, file)):
            try:
                event = _harmless(json.loads(line))
                fits = all(isinstance(event[key], str) for key in ("kind", "run", "source", "time"))
                _in_reach(datetime.fromisoformat(event["time"]), event["clock"])
            except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
                fits = False
            yield event if fits else None


def _in_reach(when: datetime, clock: float) -> None:
    """OverflowError or TypeError for times that nobody can reckon with."""
    century = timedelta(days=36525)
    when.astimezone(UTC) - century - timedelta(seconds=clock), when.astimezone(UTC) + century


def _harmless(value: Any) -> Any:
    """What was read, with visible marks for characters that would do something instead of being seen."""
    if isinstance(value, str):
        return HARMFUL.sub("\N{REPLACEMENT CHARACTER}", value.replace("\r\n", "\n"))
    if isinstance(value, dict):
        return {_harmless(key): _harmless(inner) for key, inner in value.items()}
    return [_harmless(inner) for inner in value] if isinstance(value, list) else value
