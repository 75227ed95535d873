"""How much memory this process holds now."""

import gc
import os
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


def megabytes() -> float:
    """Resident memory, after the garbage was thrown away."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


class Growth:
    """Resident memory since the warming-up."""

    def __init__(self) -> None:
        self.before = megabytes()

    @property
    def grown(self) -> float:
        """Megabytes more than at the start."""
        return megabytes() - self.before
