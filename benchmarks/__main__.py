"""``python -m benchmarks``: start one BMC of ipmi_sim, run every contest on one core, print the tables."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tabulate import tabulate

from benchmarks.contests import CONTESTS
from benchmarks.race import HEAD as RACE_HEAD
from benchmarks.race import race
from benchmarks.startup import HEAD as STARTUP_HEAD
from benchmarks.startup import startup
from tests.interop.peers import PeerMissing, Target
from tests.interop.servers import IpmiSim

NAMES = [*(contest.name for contest in CONTESTS), "startup"]


@click.command()
@click.argument("contests", nargs=-1, type=click.Choice(NAMES))
@click.option("--rounds", default=7, show_default=True, help="Pairs of laps for each peer.")
@click.option("--seconds", default=0.4, show_default=True, help="Length of a lap.")
@click.option("--quick", is_flag=True, help="Three rounds of short laps: rough figures in less than a minute.")
@click.option("--markdown", is_flag=True, help="Print the tables for a page.")
def main(contests: tuple[str, ...], rounds: int, seconds: float, quick: bool, markdown: bool) -> None:
    """Compare ipmi-lab with other IPMI clients: all CONTESTS, or those that are named."""
    if quick:
        rounds, seconds = 3, 0.15

    def show(title: str, rows: list[list[str]], head: list[str]) -> None:
        table = tabulate(rows, head, tablefmt="github" if markdown else "simple", disable_numparse=True)
        click.echo(f"### {title}\n\n{table}\n" if markdown else f"{title}\n{table}\n")

    core = max(os.sched_getaffinity(0))
    chosen = [contest for contest in CONTESTS if contest.name in (contests or NAMES)]
    if chosen:
        with a_bmc(core) as target:
            for contest in chosen:
                rows = race(contest, target.host, target.port, core=core, rounds=rounds, seconds=seconds)
                show(contest.title, rows, RACE_HEAD)
    if "startup" in (contests or NAMES):
        show("Start of fresh interpreters", startup(2 * rounds), STARTUP_HEAD)


@contextmanager
def a_bmc(core: int) -> Iterator[Target]:
    """A BMC of ipmi_sim on the core where the clients run too."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            server = IpmiSim(Path(folder))
        except PeerMissing as missing:
            raise click.ClickException(str(missing)) from None
        try:
            os.sched_setaffinity(server.pid, {core})
            yield server.target
        finally:
            server.stop()


if __name__ == "__main__":
    main()
