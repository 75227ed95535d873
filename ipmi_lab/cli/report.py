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
def build(journals: tuple[Path, ...], output: Path, trace: str) -> None:
    """Make index.html and its companions of JOURNALS and folders of journals. Exit code 1 where the run failed."""
    from ipmi_lab.report.html import build as build_pages
    from ipmi_lab.report.run import FAILED

    run = build_pages(journals, output, trace=trace)
    click.echo(f"{run.verdict}: {output / 'index.html'}")
    if run.verdict == FAILED:
        raise SystemExit(1)
