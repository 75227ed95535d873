"""What every client loop does: it logs in once, and then runs laps, as many commands as fit into some seconds."""

import resource
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

GET_DEVICE_ID = b"\x06\x01"
USER, PASSWORD = "ipmiusr", "test"


@dataclass(frozen=True)
class Lap:
    """Commands that were answered, the seconds they took, and the seconds of CPU that the client used for them.

    ``evenness`` is what the slowest of several BMCs got over what the fastest got.
    """

    commands: int
    seconds: float
    cpu: float
    evenness: float = 1.0

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.commands / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of the client's CPU for a command."""
        return self.cpu / self.commands


Loop = Callable[..., AbstractContextManager[Callable[[float], Lap]]]
"""Given the host and the port of a BMC, or the ports of several: a context with open sessions, whose value runs one
lap."""


def cpu_seconds() -> float:
    """CPU that this process and its ended children have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(run: Callable[[], int | list[int]]) -> Lap:
    """A lap around ``run``, which says how many commands it did, or how many at each of several BMCs."""
    cpu, start = cpu_seconds(), time.perf_counter()
    done = run()
    seconds, used = time.perf_counter() - start, cpu_seconds() - cpu
    if isinstance(done, int):
        return Lap(done, seconds, used)
    return Lap(sum(done), seconds, used, min(done) / max(done))


def repeat(step: Callable[[], object], seconds: float, *, batch: int = 16) -> Lap:
    """One command after the other; the clock is read only after a batch."""

    def run() -> int:
        commands, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            for _ in range(batch):
                step()
            commands += batch
        return commands

    return timed(run)
