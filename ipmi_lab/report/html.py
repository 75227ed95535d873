"""Makes the pages of a report from journals: one self-contained index.html, and its companions for machines."""

import os
import re
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ipmi_lab.errors import LocalError
from ipmi_lab.report.journal import Event
from ipmi_lab.report.run import BAD, Run, load
from ipmi_lab.trace.text import describe

MOST_SHOWN = 2000
TRACES = ("off", "failed", "all")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def build(journals: Iterable[Path], out: Path, *, trace: str = "failed") -> Run:
    """Write ``index.html``, ``junit.xml``, ``report.json``, ``measurements.csv`` and ``summary.md`` into ``out``.

    ``trace`` says whose exchanges the page shows: of all tests, of failed ones, or of none. Each file is whole or
    not there.
    """
    from ipmi_lab.report.junit import junit_xml
    from ipmi_lab.report.tables import measurements_csv, report_json, summary_markdown

    run = load(journals)
    if not run.id:
        raise LocalError("there is no journal to make a report of", hint="Name journals, or the folder they are in.")
    out.mkdir(parents=True, exist_ok=True)
    for name, content in {
        "index.html": page(run, trace=trace),
        "report.json": report_json(run),
        "measurements.csv": measurements_csv(run),
        "summary.md": summary_markdown(run),
    }.items():
        _write(out / name, content.encode("utf-8", "replace"))
    _write(out / "junit.xml", junit_xml(run))
    return run


def page(run: Run, *, trace: str = "failed") -> str:
    """The page as text."""
    import jinja2

    from ipmi_lab.report.plots import latency_histogram, position

    if trace not in TRACES:
        raise LocalError(f"{trace!r} is no choice of traces", hint=f"Choose {', '.join(TRACES)}.")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ipmi_lab.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
        undefined=jinja2.StrictUndefined,
    )
    shown = _shown(run, trace)
    return environment.get_template("page.html").render(
        run=run,
        version=version("ipmi-lab"),
        rows=[_row(exchange) for exchange in shown[:MOST_SHOWN]],
        left_out=max(0, len(shown) - MOST_SHOWN),
        trace=trace,
        histogram=latency_histogram(run),
        position=position,
        coverage=run.coverage(),
        retried=sum(1 for exchange in run.exchanges if exchange.get("tries", 1) > 1),
        refused=sum(1 for exchange in run.exchanges if exchange.get("completion")),
        unanswered=sum(1 for exchange in run.exchanges if exchange.get("completion") is None),
    )


def _visible(value: Any) -> Any:
    """What a BMC sent may hold control characters, or ones that turn the text around: they become visible."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def _shown(run: Run, trace: str) -> list[Event]:
    if trace == "all":
        return run.exchanges
    bad = {test.id for test in run.tests if test.verdict in BAD}
    return [exchange for exchange in run.exchanges if exchange.get("test") in bad] if trace == "failed" else []


def _row(exchange: Event) -> dict[str, Any]:
    """An exchange with its words, which are made now: a better decoder betters old reports."""
    request, response = exchange.get("request", ""), exchange.get("response", "")
    hidden = "**" in request + response
    text = describe(
        exchange["netfn"],
        exchange["command"],
        b"" if hidden else bytes.fromhex(request),
        exchange.get("completion"),
        b"" if hidden else bytes.fromhex(response),
    )
    return exchange | {"text": text, "hidden": hidden}


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
