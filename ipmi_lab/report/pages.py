"""The files that a report is made of, and how they are put in place, or taken away when they are of yesterday."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAGES = ("index.html", "junit.xml", "report.json", "measurements.csv", "summary.md")
MARK = b'<meta name="generator" content="ipmi-lab'
HEAD = 2000
NO_NAME = re.compile(r"[/\\\x00-\x1f]")
PATIENCE = 30.0


def kept_name(sha256: str, name: str) -> str:
    """Under which name the copy of an attachment is kept; never a way out of the folder."""
    safe = NO_NAME.sub("_", name)[-150:]
    return f"{sha256[:8]}-{safe}"


def withdraw(folder: Path) -> None:
    """Take away the pages of a run that was before: should this one be killed, nobody takes them for its result.

    The journals stay, so the pages can be made again. Files that are not ours are left alone.
    """
    with suppress(OSError):
        with (folder / PAGES[0]).open("rb") as file:
            ours = MARK in file.read(HEAD)
        for name in PAGES if ours else ():
            (folder / name).unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time make the pages of a folder, so that the last to end has the last word."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    until = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < until:
                    time.sleep(0.05)
                    continue
            except OSError:
                pass  # a drive without locks: pages are whole there too, only their order is left to chance
            break
        yield
    finally:
        os.close(handle)
