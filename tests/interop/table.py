"""The table of who speaks with whom: what the tests saw, as a page of the docs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tabulate import tabulate

PROPERTY = "interop"
FOLDER = "tests/interop"
PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
GAP = "–"
"""A cell of which nobody knows anything: a test is missing."""

HEAD = """# Who speaks with whom

Every cell is a test in `tests/interop/`: a client logs in to a BMC, asks, and the answer's bytes are compared.
`IPMI_LAB_WRITE_TABLES=1 make test` writes this page anew, where all peers are installed.

- *yes*: it works. A number: it does not, and the list below says why and whose fault it is, which is who would have to
  change. What fails plainly (*1.5 md5*, *serial basic*) fails in its variations (*…, null user*, *…, one hop*) as well.
- *…, I2C*: Master Write-Read of an EEPROM. *hop*: a controller behind the BMC, behind another, …, by Send Message.
- Who cannot be told which way to log in was sent to a BMC that leaves no other.
- `/dev/ipmi0, KCS`: inside a machine of QEMU, through Linux's own driver; the BMC of QEMU, or ipmi_sim in its place.
- virtualbmc's IPMI side is pyghmi's server, unchanged; the rest of it wants libvirt.
- python-ipmi's emulator was last shipped with 0.5.8. It has no IPMI 2.0: the suites 3 and 17 stand for all.
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
    clients = sorted({crossing.client for crossing in crossings}, key=str.lower)
    for server in sorted({crossing.server for crossing in crossings}):
        here = [crossing for crossing in crossings if crossing.server == server]
        parts += [f"## {server}", "", _table(here, clients, reasons), ""]
    if reasons:
        parts += ["## Why not", "", *_list(reasons), ""]
    return "\n".join(parts)


def _table(crossings: list[Crossing], clients: list[str], reasons: list[tuple[str, str]]) -> str:
    cells = {(crossing.kind, crossing.client): crossing for crossing in crossings}

    def cell(kind: str, client: str) -> str:
        found = cells.get((kind, client)) or next(
            (cells[base, client] for base in _bases(kind) if (base, client) in cells and cells[base, client].reason),
            None,
        )
        if found is None:
            return GAP
        return str(reasons.index((found.reason, found.fault)) + 1) if found.reason else "yes"

    kinds = sorted({crossing.kind for crossing in crossings}, key=_natural)
    rows = [[kind, *(cell(kind, client) for client in clients)] for kind in kinds]
    return tabulate(rows, ["", *clients], tablefmt="github", disable_numparse=True)


def _bases(kind: str) -> Iterator[str]:
    """What ``kind`` is a variation of, the nearest first: ``1.5 md5`` of ``1.5 md5, null user``."""
    while match := re.fullmatch(r"(.+)(, .+| over .+| with .+)", kind):
        kind = match[1]
        yield kind


def _natural(kind: str) -> list[tuple[int, str]]:
    """Suite 2 comes before suite 11, and numbers before words."""
    return [(int(word), "") if word.isdigit() else (1000, word) for word in re.findall(r"\d+|[^\d\s]+", kind)]


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
        if not report.nodeid.startswith(FOLDER) or report.nodeid.startswith(f"{FOLDER}/test_table.py"):
            return  # the latter looks at the page as it was
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
