"""The table of who speaks with whom: what the tests saw, as a page of the docs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tabulate import tabulate

PROPERTY = "interop"
FOLDER = "tests/interop"
PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
HEAD = """# Who speaks with whom

Every cell is a test in `tests/interop/`: a client logs in to a BMC, asks, and the answer's bytes are compared.
`IPMI_LAB_WRITE_TABLES=1 make test` writes this page anew, where all peers are installed.

- *yes*: it works. A number: it does not, and the list says why and whose fault it is. *–*: no test, most often because
  the client cannot be told to do so.
- `/dev/ipmi0, KCS`: inside a machine of QEMU, through Linux's own driver; the BMC of QEMU, or ipmi_sim in its place.
- virtualbmc's IPMI side is pyghmi's server, unchanged; the rest of it wants libvirt.
- python-ipmi 0.6.1 ships no emulator. (Its repository has one for IPMI 1.5 with a straight password.)
"""


@dataclass(frozen=True)
class Crossing:
    """One client at one server: what was tried, and where it cannot work, why and by whose fault."""

    client: str
    server: str
    kind: str
    reason: str = ""
    fault: str = ""


def markdown(crossings: Iterable[Crossing]) -> str:
    """The whole page: a table for each server, a column for each client, a numbered list of reasons."""
    crossings = list(dict.fromkeys(crossings))
    reasons = sorted({(crossing.reason, crossing.fault) for crossing in crossings if crossing.reason})
    parts = [HEAD]
    for server in sorted({crossing.server for crossing in crossings}):
        parts += [f"## {server}", "", _table([c for c in crossings if c.server == server], reasons), ""]
    if reasons:
        parts += ["## Why not", "", *_list(reasons), ""]
    return "\n".join(parts)


def _table(crossings: list[Crossing], reasons: list[tuple[str, str]]) -> str:
    clients = sorted({crossing.client for crossing in crossings}, key=str.lower)
    kinds = dict.fromkeys(crossing.kind for crossing in crossings)
    cells = {
        (crossing.kind, crossing.client): str(reasons.index((crossing.reason, crossing.fault)) + 1)
        if crossing.reason
        else "yes"
        for crossing in crossings
    }
    rows = [[kind, *(cells.get((kind, client), "–") for client in clients)] for kind in sorted(kinds, key=_natural)]
    return tabulate(rows, ["", *clients], tablefmt="github", disable_numparse=True)


def _natural(kind: str) -> list[tuple[int, str]]:
    """Suite 2 comes before suite 11."""
    return [(int(word), "") if word.isdigit() else (0, word) for word in kind.split()]


def _list(reasons: list[tuple[str, str]]) -> list[str]:
    return [f"{number}. {reason} Fault: {fault}." for number, (reason, fault) in enumerate(reasons, 1)]


class InteropPage:
    """Gathers what the tests of a run recorded, in its process or in others, and writes the page at its end, unless
    something is missing."""

    def __init__(self, config: pytest.Config) -> None:
        chosen = config.option.keyword or config.option.markexpr
        whole = not chosen and all(str(word).rstrip("/") in ("tests", FOLDER) for word in config.args)
        self.crossings: list[Crossing] = []
        self.missing = [] if whole else ["tests that were not chosen"]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.nodeid.startswith(FOLDER):
            return
        if not report.passed:
            self.missing.append(report.nodeid)
        elif report.when == "call":
            found = [value for name, value in report.user_properties if name == PROPERTY]
            self.crossings += [Crossing(**value) for value in found]  # type: ignore[arg-type]  # what was recorded

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.write_line(f"{PAGE} is not written: without {', '.join(self.missing)} it has gaps")
            return
        PAGE.write_text(markdown(self.crossings))
        terminalreporter.write_line(f"{len(self.crossings)} crossings written to {PAGE}")
