"""The command ``report build``."""

from pathlib import Path

import click


@click.group("report")
def report_command() -> None:
    """Make reports of journals."""


@report_command.command("build")
@click.argument("journals", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder of the pages.")
@click.option(
    "--trace", type=click.Choice(["off", "failed", "all"]), default="failed", show_default=True, help="Whose exchanges."
)
@click.option("--run", "run_id", default="", metavar="ID", help="Which run, where the journals are of several.")
def build(journals: tuple[Path, ...], output: Path, trace: str, run_id: str) -> None:
    """Make index.html and its companions of JOURNALS and folders of journals.

    Exit code 1 where the run failed, was aborted, or its journal is incomplete.
    """
    from ipmi_lab.report.html import build as build_pages
    from ipmi_lab.report.run import GOOD

    run = build_pages(journals, output, trace=trace, run_id=run_id)
    for reason in run.reasons:
        click.echo(reason, err=True)
    click.echo(f"{run.verdict}: {output / 'index.html'}")
    if run.verdict not in GOOD:
        raise SystemExit(1)
