"""The journal of a run: one JSON line an event, written the moment it happens, and read again for the report.

Each process appends to a file of its own, so nothing is lost when another one dies; a last line that was cut off in
the middle is skipped. Secrets are struck out as it is written. A full disk never stops a run: the loss is counted.
"""

import itertools
import json
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Exchanged, Said
from ipmi_lab.trace.text import command_name, struck

SUFFIX = ".jsonl"
LONGEST = 20_000
STARS = "****"
SHORTEST_HIDDEN = 4

Event = dict[str, Any]
_count = itertools.count(1)


class Journal:
    """Appends events of one run and one process. ``lost`` counts those that could not be written."""

    def __init__(self, folder: Path, run_id: str, source: str) -> None:
        self.folder, self.run_id, self.source = Path(folder), run_id, source
        self.lost = 0
        self._hidden: set[str] = set()
        self._lock = threading.Lock()
        self._file: Any = None
        name = f"journal-{run_id}-{socket.gethostname()}-{os.getpid()}-{next(_count)}{SUFFIX}"
        self.path = self.folder / name.replace("/", "_")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            self._lose(error)

    def hide(self, secret: Secret) -> None:
        """Strike this secret out of every text that is written from now on."""
        try:
            plain = secret.reveal().decode()
        except UnicodeDecodeError:
            return  # bytes that are no text cannot stand in a text
        if len(plain) >= SHORTEST_HIDDEN:
            self._hidden.add(plain)

    def write(self, kind: str, **fields: Any) -> None:
        """Append an event; what cannot be written is counted, and said once."""
        event = {
            "kind": kind,
            "run": self.run_id,
            "source": self.source,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "clock": round(time.monotonic(), 6),
            **{key: self._clean(value) for key, value in fields.items()},
        }
        with self._lock:
            if self._file is None:
                self.lost += 1
                return
            try:
                self._file.write(json.dumps(event, ensure_ascii=False, default=str) + "\n")
                self._file.flush()
            except (OSError, ValueError) as error:
                self._lose(error)

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

    def said(self, target: str, event: Said, test: str = "") -> None:
        """Append a text command of terminal mode and its reply."""
        self.write(
            "text",
            target=target,
            text=event.text,
            reply=event.reply,
            ms=round(event.elapsed * 1000, 3),
            tries=event.tries,
            purpose=event.purpose,
            test=test,
        )

    def close(self) -> None:
        """Say what was lost, and close the file."""
        if self.lost:
            self.write("problem", text=f"{self.lost} events of this process could not be written to the journal")
        with self._lock:
            if self._file is not None:
                file, self._file = self._file, None
                try:
                    file.close()
                except OSError as error:  # what a full disk did not take is still in the buffer
                    self._lose(error)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return STARS
        if isinstance(value, bytes):
            return value.hex(" ")
        if isinstance(value, dict):
            return {str(key): self._clean(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(inner) for inner in value]
        if isinstance(value, str):
            for plain in self._hidden:
                value = value.replace(plain, STARS)
            return value if len(value) <= LONGEST else value[:LONGEST] + " … (cut)"
        return value

    def _lose(self, error: Exception) -> None:
        if not self.lost:
            warnings.warn(f"the journal {self.path} cannot be written, the run goes on: {error}", stacklevel=3)
        self.lost += 1


def find(places: Iterable[Path]) -> list[Path]:
    """The journals in files and folders."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
    return found


def read(paths: Iterable[Path]) -> tuple[list[Event], int]:
    """All events in the order of their time, and how many lines could not be read."""
    events: list[Event] = []
    damaged = 0
    for path in paths:
        for event in _lines(path):
            if event is None:
                damaged += 1
            else:
                events.append(event)
    events.sort(key=lambda event: event["time"])
    return events, damaged


def _lines(path: Path) -> Iterator[Event | None]:
    with path.open("rb") as file:
        for line in file:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                yield None
                continue
            fits = isinstance(event, dict) and all(isinstance(event.get(key), str) for key in ("kind", "run", "time"))
            yield event if fits else None
