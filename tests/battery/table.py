"""The table of the battery as a page of the docs: what others reached, what must hold, and what we measured."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.battery.rows import PEERS, ROWS

MOST_SHOWN = 16
PAGE = Path(__file__).parents[2] / "docs" / "battery.md"
FIGURES = Path(__file__).parent / "figures.json"
HEAD = f"""# The battery

What breaks IPMI clients and BMCs, done on purpose and in numbers. `make battery` runs the long form and writes this
page anew; CI runs a short one of each row (`pytest tests/battery`). All faults come from a seed, so a failure can be
repeated: `IPMI_LAB_BATTERY=long pytest tests/battery -k NAME`.

- *ours* is what the last long run gave: **held**, **MISSED** (all answers right, but not within the bound), **FAILED**
  (something was wrong, or the test did not come to its end), held in part (no test shows the rest), *not run*. Rows
  that wait for lost datagrams ran beside others, which makes them slower, not faster. What measures speed ran
  alone, on one core with the BMC.
- Row 26 compares less than the others do: on how many cores the peers were measured is not known, and it decides. On
  two cores of this machine nobody reaches its figure for 1.5. Seven laps each at one ipmi_sim gave, in the middle, ours
  4,152 and FreeIPMI's library 4,305 commands a second in 1.5, and 2,760 and 2,994 in 2.0; on one core 19,838 and
  21,110, and 9,835 and 8,761. `make bench` compares on one machine in one run.
- Row 30's bound over UDP was missed once in ten long runs of the last versions (11.4 ms); the others gave 1.1 to
  6.2 ms.
- The others are {PEERS}: the best and the worst figure of
  them, measured once, on another loopback. Times of two machines compare only roughly.
- "1.5" is IPMI 1.5 with MD5, "2.0" cipher suite 3, unless told otherwise; *ipmi_sim* and *our BMC* is who answers.
"""


@dataclass(frozen=True)
class Figure:
    """One thing that a row measured; ``held`` is whether it is within the row's bound. ``what`` names it within its
    row, ``where`` says on which machine and with which versions."""

    row: int
    what: str
    shown: str
    held: bool
    where: str
    failed: bool = False


def load(path: Path = FIGURES) -> list[Figure]:
    """The figures that were kept."""
    return [Figure(**entry) for entry in json.loads(path.read_text())] if path.exists() else []


def keep(fresh: Iterable[Figure], done: Collection[tuple[int, str]] = (), path: Path = FIGURES) -> None:
    """Put fresh figures in the place of older ones of the same name; one line each, in the order of the rows.

    ``done`` are the tests that ran again, by row and name: their failures of before do not count any more.
    """
    before = [old for old in load(path) if not (old.failed and (old.row, old.what) in done)]
    kept = {(figure.row, figure.what): figure for figure in [*before, *fresh]}
    lines = [json.dumps(asdict(kept[key]), ensure_ascii=False) for key in sorted(kept)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n")


def page(figures: Iterable[Figure]) -> str:
    """The whole page."""
    figures = list(figures)
    rows = []
    for row in ROWS:
        ours = [figure for figure in figures if figure.row == row.number]
        shown = f"{_shown(ours)}<br>not shown: {row.missing}" if row.missing else _shown(ours)
        rows.append([row.number, row.test, row.best, row.worst, row.bound, verdict(ours, row.missing), shown])
    head = ["#", "test", "best of the others", "worst of the others", "bound", "", "ours"]
    lines = [head, ["---"] * len(head), *rows]  # not filled up with spaces: some cells are long
    parts = [HEAD, *(f"| {' | '.join(map(str, line))} |" for line in lines), "", "## Measured with", ""]
    places = dict.fromkeys(figure.where for figure in sorted(figures, key=lambda figure: figure.row))
    for place in places:
        numbers = sorted({figure.row for figure in figures if figure.where == place})
        parts.append(f"- rows {', '.join(map(str, numbers))}: {place}")
    return "\n".join([*parts, *([] if places else ["nothing yet"]), ""])


def verdict(figures: list[Figure], missing: str = "") -> str:
    """One word for all that a row measured."""
    if not figures:
        return "*not run*"
    if any(figure.failed for figure in figures):
        return "**FAILED**"
    if not all(figure.held for figure in figures):
        return "**MISSED**"
    return "held in part" if missing else "**held**"


def _shown(figures: list[Figure]) -> str:
    """Each figure, or, where there are many, each outcome with how often it was seen."""
    if len(figures) <= MOST_SHOWN:
        return "<br>".join(_one(figure) for figure in figures) or "–"
    outcomes = Counter(_one(figure).partition(": ")[2] if figure.held else _one(figure) for figure in figures)
    return "<br>".join(f"{count} × {shown}" for shown, count in outcomes.items())


def _one(figure: Figure) -> str:
    mark = "" if figure.held else " (FAILED)" if figure.failed else " (missed)"
    return f"{figure.what}: {figure.shown}{mark}"


def main() -> None:
    """Write the page from the figures that were kept."""
    PAGE.write_text(page(load()))


if __name__ == "__main__":
    main()
