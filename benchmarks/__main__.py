"""``python -m benchmarks``: start BMCs of ipmi_sim, run every contest on one core, print the tables."""

import os

import click
from tabulate import tabulate

from benchmarks.bmcs import bmcs
from benchmarks.contests import CONTESTS, Contest
from benchmarks.latency import HEAD as LATENCY_HEAD
from benchmarks.latency import latency
from benchmarks.memory import HEAD as MEMORY_HEAD
from benchmarks.memory import memory
from benchmarks.race import head, race
from benchmarks.startup import HEAD as STARTUP_HEAD
from benchmarks.startup import startup

ALONE = Contest("alone", "", "", ())  # one BMC, for what is no contest
NAMES = [*(contest.name for contest in CONTESTS), "latency", "memory", "startup"]


@click.command()
@click.argument("contests", nargs=-1, type=click.Choice(NAMES))
@click.option("--rounds", default=21, show_default=True, help="Pairs of laps for each peer.")
@click.option("--seconds", default=0.15, show_default=True, help="Length of a lap.")
@click.option("--quick", is_flag=True, help="Three rounds of short laps: rough figures in less than a minute.")
@click.option("--markdown", is_flag=True, help="Print the tables for a page.")
def main(contests: tuple[str, ...], rounds: int, seconds: float, quick: bool, markdown: bool) -> None:
    """Compare ipmi-lab with other IPMI clients: all CONTESTS, or those that are named."""
    if quick:
        rounds, seconds = 3, 0.15

    def show(title: str, rows: list[list[str]], head: list[str]) -> None:
        table = tabulate(rows, head, tablefmt="github" if markdown else "simple", disable_numparse=True)
        click.echo(f"### {title}\n\n{table}\n" if markdown else f"{title}\n{table}\n")

    core, starts = max(os.sched_getaffinity(0)), max(3, rounds // 3)  # of fresh processes, which take longer
    wanted = contests or NAMES
    for contest in CONTESTS:
        if contest.name in wanted:
            with bmcs(contest, core) as (host, ports):
                longer = max(1.0, contest.bmcs / 20)  # so that each BMC is asked often enough
                rows = race(contest, host, ports, core=core, rounds=rounds, seconds=longer * seconds)
            show(contest.title, rows, head(contest))
    if "latency" in wanted:
        with bmcs(ALONE, core) as (host, ports):
            rows = latency(host, ports, core)
        show("The slowest of 10,000 commands, suite 3, nothing lost", rows, LATENCY_HEAD)
    if "memory" in wanted:
        with bmcs(ALONE, core) as (host, ports):
            rows = memory(host, ports, starts)
        show("Peak memory of a process with one session of suite 3", rows, MEMORY_HEAD)
    if "startup" in wanted:
        show("Start of fresh interpreters", startup(2 * starts), STARTUP_HEAD)


if __name__ == "__main__":
    main()
