"""The report as tables and text for machines and mails: CSV, JSON, Markdown."""

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from tabulate import tabulate

from ipmi_lab.report.run import Run

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """A CSV cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


def measurements_csv(run: Run) -> str:
    """All measurements, one a row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["time", "target", "test", "name", "value", "unit", "low", "high", "nominal", "margin_%", "verdict"]
    )
    for m in run.measurements:
        limits = [m.low, m.high, m.nominal, m.margin]
        row = [m.time.isoformat(), m.target, m.test, m.name, m.value, m.unit, *limits, m.verdict]
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def report_json(run: Run) -> str:
    """Everything that the page shows, for programs."""
    shown = {each.name: getattr(run, each.name) for each in dataclasses.fields(run)} | {
        "facts": {key: ", ".join(said) for key, said in run.facts.items() if key != "command"},
        "commands": run.facts.get("command", []),
        "verdict": run.verdict,
        "reasons": run.reasons,
        "duration": run.duration,
        "counts": dict(run.counts),
        "coverage": run.coverage(),
    }
    return json.dumps(shown, indent=1, ensure_ascii=False, allow_nan=False, default=_plain_value)


def _plain_value(value: Any) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return value.isoformat() if isinstance(value, datetime) else vars(value)


def summary_markdown(run: Run) -> str:
    """The verdict and the tables that people paste into a mail."""
    lines = [f"# Lab report {_plain(run.id)}: {run.verdict}", ""]
    lines += [*(f"- **{_plain(reason)}**" for reason in run.reasons)]
    started = f"{run.started:%Y-%m-%d %H:%M:%S} UTC" if run.started else ""
    facts = {"started": started, "duration": f"{run.duration:.1f} s"}
    facts |= {key: ", ".join(said) for key, said in run.facts.items()}
    lines += [f"- {_plain(key)}: {_plain(value)}" for key, value in facts.items()]
    lines += ["", "## Targets", "", _table(["target", "identity", "session", "mismatches"], _targets(run))]
    tests = [[_plain(t.title), t.verdict, f"{t.duration:.2f} s", _plain(t.message)] for t in run.tests]
    lines += ["", "## Tests", "", _table(["test", "verdict", "duration", "message"], tests)]
    if run.measurements:
        rows = [[_plain(m.name), m.value, _plain(m.unit), m.low, m.high, m.verdict] for m in run.measurements]
        lines += ["", "## Measurements", "", _table(["name", "value", "unit", "low", "high", "verdict"], rows)]
    return "\n".join(lines) + "\n"


def _targets(run: Run) -> list[list[object]]:
    return [
        [
            _plain(t.name),
            _plain(", ".join(f"{key} {value}" for key, value in t.found.items())),
            _plain(t.session),
            _plain("; ".join(t.mismatches) or "none"),
        ]
        for t in run.targets.values()
    ]


def _table(headers: list[str], rows: Sequence[Sequence[object]]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True, missingval="") if rows else "none"


def _plain(value: object) -> str:
    """Text on one line, that Markdown does not take for markup."""
    text = " ".join(str(value).split())
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, "\\" + mark)
    return text
