"""The journal of a run: one JSON line an event, written the moment it happens.

Each process appends to a file of its own, so nothing is lost when another one dies. Secrets are struck out as it is
written. A full disk never stops a run: what is lost is counted, and said as soon as there is room.
"""

import itertools
import json
import math
import os
import re
import socket
import sys
import threading
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Exchanged, Said
from ipmi_lab.trace.hidden import STARS, Hidden
from ipmi_lab.trace.text import command_name, struck

SUFFIX = ".jsonl"
LONGEST = 20_000  # characters of one text
LONGEST_ID = 100
BOOT = Path("/proc/sys/kernel/random/boot_id")

_count = itertools.count(1)


def file_prefix(run_id: str) -> str:
    """How the names of a run's journals begin."""
    return f"journal-{re.sub(r'[^A-Za-z0-9_.-]', '_', run_id[:LONGEST_ID])}-"


class Journal:
    """Appends events of one run and one process. ``lost`` counts those that could not be written."""

    def __init__(self, folder: Path, run_id: str, source: str, hidden: Hidden | None = None) -> None:
        self.folder, self.run_id, self.source = Path(folder), run_id, source
        self.hidden = hidden or Hidden()
        self._open()

    def _open(self) -> None:
        """A file of this very process: a forked one gets its own at its first event."""
        self.lost = self._told = 0
        self._process, self._lock, self._torn = os.getpid(), threading.Lock(), False
        self._file: int | None = None
        stem = f"{file_prefix(self.run_id)}{re.sub(r'[^A-Za-z0-9_.-]', '_', socket.gethostname())}-{self._process}"
        self.path = self.folder / f"{stem}-{next(_count)}{SUFFIX}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while self._file is None:
                try:
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                    self._file = os.open(self.path, flags, 0o666)
                except FileExistsError:  # of a process that had this number before
                    self.path = self.folder / f"{stem}-{next(_count)}{SUFFIX}"
        except OSError as error:
            self._lose(error)

    def write(self, kind: str, **fields: Any) -> None:
        """Append an event; what cannot be written is counted, and said once."""
        if self._process != os.getpid():
            self._open()
            self.run("forked")
        with self._lock:
            self._tell_losses()
            self._append(kind, fields)

    def run(self, what: str, **fields: Any) -> None:
        """Append that the process ``started``, was ``forked``, has ``facts``, or ``ended``.

        ``boot`` tells which processes share a clock that nobody sets.
        """
        self.write("run", what=what, process=os.getpid(), host=socket.gethostname(), boot=_boot(), **fields)

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
        with self._lock:
            self._tell_losses()
            if self._file is not None and self._process == os.getpid():
                file, self._file = self._file, None
                try:
                    os.close(file)
                except OSError as error:  # a network drive may tell only now that it is full
                    self._lose(error)

    def _tell_losses(self) -> None:
        lost = self.lost - self._told
        if lost:
            text = f"{lost} events of this process could not be written to the journal"
            if self._append("problem", {"text": text, "lost": lost}, again=True):
                self._told += lost

    def _append(self, kind: str, fields: dict[str, Any], *, again: bool = False) -> bool:
        """Put a line at the end of the file, in one write; whether it is there."""
        try:
            if self._file is None:
                raise OSError("it is not open")
            line = (b"\n" if self._torn else b"") + self._line(kind, fields)
            written = os.write(self._file, line)
            self._torn = written < len(line)
            if self._torn:
                raise OSError("only a part of a line could be written")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            if not again:
                self._lose(error)
            return False
        return True

    def _line(self, kind: str, fields: dict[str, Any]) -> bytes:
        event = {
            "kind": kind,
            "run": self.run_id,
            "source": self.source,
            "time": _now(),
            "clock": round(time.monotonic(), 6),
            **{key: self._clean(value) for key, value in fields.items()},
        }
        return (json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")

    def _clean(self, value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value)
        if kind is int or value is None or kind is bool or (kind is float and math.isfinite(value)):
            return value
        if isinstance(value, Secret):
            return STARS
        if isinstance(value, dict):
            return {self._text(_said(key)): self._clean(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(inner) for inner in value]
        return self._text(value.hex(" ") if isinstance(value, (bytes, bytearray)) else _said(value))

    def _text(self, text: str) -> str:
        text = self.hidden.strike(text)
        return text if len(text) <= LONGEST else text[:LONGEST] + " … (cut)"

    def _lose(self, error: Exception) -> None:
        if not self.lost:
            text = f"the journal {self.path} cannot be written, the run goes on: {error}"
            try:
                warnings.warn(text, stacklevel=4)
            except UserWarning:  # where warnings are errors, this one must not become the test's
                print(f"warning: {text}", file=sys.stderr)
        self.lost += 1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _boot() -> str:
    """Since when this machine runs, by a name; all its processes see the same monotonic clock."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""


def _said(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # of a stranger's class; a journal fails no test
        return f"<{type(value).__name__}, which cannot be shown: {type(error).__name__}>"
