"""Runs a contest in pairs of laps, ours and a peer's one after the other, and puts it into a table.

A machine is never quiet; but two laps side by side meet the same noise, so the ratio within a pair is what counts.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from statistics import median

from tabulate import tabulate

from benchmarks.contests import Contest
from benchmarks.lap import Lap
from benchmarks.racer import Racer, Unavailable

OURS = "ipmi-lab"
HEAD = ["client", "commands/s", "CPU µs/command", "ours/peer: min – median – max", "goal", "CPU ours/peer"]


def race(contest: Contest, host: str, port: int, *, core: int, rounds: int, seconds: float) -> str:
    """The table of one contest; a client that cannot run has its reason there."""
    with ExitStack() as stack:

        def start(loop: str) -> Racer | str:
            try:
                racer = Racer(loop, host, port, core)
            except Unavailable as reason:
                return str(reason)
            stack.callback(racer.close)
            return racer

        ours = start(contest.ours)
        peers = {peer: start(peer.loop) for peer in contest.peers}
        pairs: dict[str, list[tuple[Lap | None, Lap]]] = {peer.name: [] for peer in contest.peers}
        for number in range(rounds):
            for peer, racer in peers.items():
                if isinstance(racer, Racer):
                    pairs[peer.name].append(_pair(ours, racer, seconds, ours_first=number % 2 == 0))
        mine = [lap for of_peer in pairs.values() for lap, _ in of_peer if lap is not None]
        rows = [_row(OURS, mine) if mine else [OURS, ours if isinstance(ours, str) else "–"]]
        for peer, racer in peers.items():
            goal = "" if peer.goal is None else f"≥ {peer.goal}"
            if isinstance(racer, str):
                rows.append([peer.name, racer, "", "", goal, ""])
            else:
                rows.append(_row(peer.name, [lap for _, lap in pairs[peer.name]], pairs[peer.name], goal))
    return f"{contest.title}\n{tabulate(rows, HEAD, disable_numparse=True)}\n"


def _pair(ours: Racer | str, peer: Racer, seconds: float, *, ours_first: bool) -> tuple[Lap | None, Lap]:
    if isinstance(ours, str):
        return None, peer.lap(seconds)
    if ours_first:
        return ours.lap(seconds), peer.lap(seconds)
    second = peer.lap(seconds)
    return ours.lap(seconds), second


def _row(name: str, laps: list[Lap], pairs: Iterable[tuple[Lap | None, Lap]] = (), goal: str = "") -> list[str]:
    rate = median(lap.commands / lap.seconds for lap in laps)
    cpu = median(lap.cpu / lap.commands for lap in laps)
    both = [(mine, theirs) for mine, theirs in pairs if mine is not None]
    faster = [(mine.commands / mine.seconds) / (theirs.commands / theirs.seconds) for mine, theirs in both]
    cheaper = [(mine.cpu / mine.commands) / (theirs.cpu / theirs.commands) for mine, theirs in both if theirs.cpu > 0]
    return [
        name,
        f"{rate:,.0f}",
        f"{1e6 * cpu:.0f}",
        spread(faster),
        goal,
        f"{median(cheaper):.2f}" if cheaper else "",
    ]


def spread(ratios: list[float]) -> str:
    """The least, the middle and the greatest of some ratios."""
    return f"{min(ratios):.2f} – {median(ratios):.2f} – {max(ratios):.2f}" if ratios else ""
