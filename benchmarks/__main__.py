"""``python -m benchmarks``: start one BMC of ipmi_sim, run every contest on one core, print the tables."""

import os
import tempfile
from pathlib import Path

import click

from benchmarks.contests import CONTESTS
from benchmarks.race import race
from benchmarks.startup import startup
from tests.interop.peers import PeerMissing
from tests.interop.servers import IpmiSim

NAMES = [*(contest.name for contest in CONTESTS), "startup"]


@click.command()
@click.argument("contests", nargs=-1, type=click.Choice(NAMES))
@click.option("--rounds", default=7, show_default=True, help="Pairs of laps for each peer.")
@click.option("--seconds", default=0.4, show_default=True, help="Length of a lap.")
@click.option("--quick", is_flag=True, help="Three rounds of short laps: rough figures in half a minute.")
def main(contests: tuple[str, ...], rounds: int, seconds: float, quick: bool) -> None:
    """Compare ipmi-lab with other IPMI clients: all CONTESTS, or those that are named."""
    if quick:
        rounds, seconds = 3, 0.15
    chosen = [contest for contest in CONTESTS if contest.name in (contests or NAMES)]
    core = max(os.sched_getaffinity(0))
    if chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                server = IpmiSim(Path(folder))
            except PeerMissing as missing:
                raise click.ClickException(str(missing)) from None
            try:
                os.sched_setaffinity(server.pid, {core})
                target = server.target
                for contest in chosen:
                    click.echo(race(contest, target.host, target.port, core=core, rounds=rounds, seconds=seconds))
            finally:
                server.stop()
    if "startup" in (contests or NAMES):
        click.echo(startup(2 * rounds))


if __name__ == "__main__":
    main()
