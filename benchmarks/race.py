"""Runs a contest in pairs of laps, ours and a peer's one after the other, and makes rows of a table of it.

A machine is never quiet; but two laps side by side meet the same noise, so the ratio within a pair is what counts.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.contests import Contest, Peer
from benchmarks.lap import Lap
from benchmarks.racer import Racer, Unavailable

HEAD = ["client", "commands/s", "CPU µs/command", "ours/peer: min – median – max", "goal", "CPU ours/peer", "goal"]
EVENNESS = "slowest/fastest BMC"


@dataclass
class Entry:
    """One client in a contest: its process, or why there is none; its laps and, for a peer, ours beside them."""

    name: str
    racer: Racer | None = None
    trouble: str = ""
    laps: list[Lap] = field(default_factory=list)
    beside: list[Lap] = field(default_factory=list)

    def lap(self, seconds: float) -> Lap | None:
        """Run one lap and keep it; a client that fails runs no more."""
        if self.racer is not None and not self.trouble:
            try:
                self.laps.append(self.racer.lap(seconds))
                return self.laps[-1]
            except Unavailable as reason:
                self.trouble = str(reason)
        return None


def race(contest: Contest, host: str, ports: list[int], *, core: int, rounds: int, seconds: float) -> list[list[str]]:
    """The rows of one contest; a client that cannot run has its reason there."""
    with ExitStack() as stack:

        def enter(name: str, loop: str) -> Entry:
            try:
                racer = Racer(loop, host, ports, core)
            except Unavailable as reason:
                return Entry(name, trouble=str(reason))
            stack.callback(racer.close)
            return Entry(name, racer)

        ours = enter("ipmi-lab", contest.ours)
        peers = {peer: enter(peer.name, peer.loop) for peer in contest.peers}
        for number in range(rounds):
            for entry in peers.values():
                _run_pair(ours, entry, seconds, ours_first=number % 2 == 0)
    rows = [_row(ours), *(_row(entry, peer) for peer, entry in peers.items())]
    if contest.bmcs > 1:
        for row, entry in zip(rows, [ours, *peers.values()], strict=True):
            row.append(f"{median(lap.evenness for lap in entry.laps):.2f}" if entry.laps else "")
    return rows


def head(contest: Contest) -> list[str]:
    """The names of the columns."""
    return HEAD if contest.bmcs == 1 else [*HEAD, EVENNESS]


def _run_pair(ours: Entry, peer: Entry, seconds: float, *, ours_first: bool) -> None:
    if peer.trouble:
        return
    mine = ours.lap(seconds) if ours_first else None
    theirs = peer.lap(seconds)
    if not ours_first:
        mine = ours.lap(seconds)
    if mine is not None and theirs is not None:
        peer.beside.append(mine)


def _row(entry: Entry, peer: Peer | None = None) -> list[str]:
    goal = f"≥ {peer.goal}" if peer is not None and peer.goal is not None else ""
    cpu_goal = f"≤ {peer.cpu_goal}" if peer is not None and peer.cpu_goal is not None else ""
    if entry.trouble or not entry.laps:
        return [entry.name, entry.trouble or "no peer to run against", "", "", goal, "", cpu_goal]
    rate = median(lap.rate for lap in entry.laps)
    cpu = median(lap.cost for lap in entry.laps)
    pairs = list(zip(entry.beside, entry.laps, strict=False))
    faster = spread([mine.rate / theirs.rate for mine, theirs in pairs])
    cheaper = f"{median(mine.cost / theirs.cost for mine, theirs in pairs):.2f}" if pairs else ""
    return [entry.name, f"{rate:,.0f}", f"{1e6 * cpu:.0f}", faster, goal, cheaper, cpu_goal]


def spread(ratios: list[float]) -> str:
    """The least, the middle and the greatest of some ratios."""
    return f"{min(ratios):.2f} – {median(ratios):.2f} – {max(ratios):.2f}" if ratios else ""
