"""Makes the pages of a report from journals: one self-contained index.html, and its companions for machines."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ipmi_lab.document import put
from ipmi_lab.errors import LocalError
from ipmi_lab.report.events import ExchangeEvent
from ipmi_lab.report.load import load
from ipmi_lab.report.pages import alone, kept_name
from ipmi_lab.report.run import BAD, Run
from ipmi_lab.trace.text import describe

MOST_SHOWN = 2000
TRACES = ("off", "failed", "all")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def build(journals: Iterable[Path], out: Path, *, trace: str = "failed", run_id: str = "") -> Run:
    """Write ``index.html``, ``junit.xml``, ``report.json``, ``measurements.csv`` and ``summary.md`` into ``out``.

    ``trace`` says whose exchanges the page shows: of all tests, of failed ones, or of none. Where the journals are of
    several runs, ``run_id`` chooses one. Each file is whole or not there. LocalError where there is nothing to read,
    or no way to write.
    """
    try:
        with alone(out):
            return _build(journals, out, trace, run_id)
    except OSError as error:
        raise LocalError(f"the report cannot be written into {out}: {error.strerror or error}") from None


def _build(journals: Iterable[Path], out: Path, trace: str, run_id: str) -> Run:
    from ipmi_lab.report.junit import junit_xml
    from ipmi_lab.report.tables import measurements_csv, report_json, summary_markdown

    run = load(journals, run_id)
    for name, content in {
        "report.json": report_json(run),
        "measurements.csv": measurements_csv(run),
        "summary.md": summary_markdown(run),
        "index.html": page(run, trace=trace, folder=out),
    }.items():
        put(out / name, content.encode("utf-8", "replace"))
    put(out / "junit.xml", junit_xml(run))
    return run


def page(run: Run, *, trace: str = "failed", folder: Path | None = None) -> str:
    """The page as text; in ``folder`` are the files that it can link to."""
    import jinja2

    from ipmi_lab.commands.byname import commands
    from ipmi_lab.commands.command import title
    from ipmi_lab.report.plots import latency_histogram, position, sparkline

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
    coverage = run.coverage()
    known = {title(command.__name__) for command in commands()}
    return environment.get_template("page.html").render(
        run=run,
        version=version("ipmi-lab"),
        rows=[_row(exchange) for exchange in shown[:MOST_SHOWN]],
        left_out=max(0, len(shown) - MOST_SHOWN),
        trace=trace,
        histogram=latency_histogram(run),
        position=position,
        sparkline=sparkline,
        links=_links(run, folder),
        coverage=coverage,
        known=len(known),
        exercised=len(known & set(coverage)),
        retried=sum(exchange.tries > 1 for exchange in run.exchanges),
        refused=sum(bool(exchange.completion) for exchange in run.exchanges),
        unanswered=sum(exchange.completion is None for exchange in run.exchanges),
    )


def _visible(value: Any) -> Any:
    """What a BMC sent may hold control characters, or ones that turn the text around: they become visible."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def _links(run: Run, folder: Path | None) -> dict[str, str]:
    """The attachments whose copy is beside the page, by their sha256."""
    names = {each.sha256: kept_name(each.sha256, each.name) for each in run.attachments}
    return {digest: name for digest, name in names.items() if folder is not None and (folder / name).is_file()}


def _shown(run: Run, trace: str) -> list[ExchangeEvent]:
    if trace == "all":
        return run.exchanges
    bad = {test.id for test in run.tests if test.verdict in BAD}
    return [exchange for exchange in run.exchanges if exchange.test in bad] if trace == "failed" else []


def _row(exchange: ExchangeEvent) -> dict[str, Any]:
    """An exchange with its words, which are made now: a better decoder betters old reports."""
    hidden = "**" in exchange.request + exchange.response
    text = describe(
        exchange.netfn,
        exchange.command,
        b"" if hidden else bytes.fromhex(exchange.request),
        exchange.completion,
        b"" if hidden else bytes.fromhex(exchange.response),
    )
    return {"exchange": exchange, "text": text, "hidden": hidden}
