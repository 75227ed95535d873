"""What it costs to be installed: fresh interpreters, in pairs."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median

from benchmarks.race import spread

HEAD = ["", "ms", "beside", "ms", "ratio: min – median – max", "goal"]


def imports(statement: str) -> float:
    """Seconds that an import takes in a fresh interpreter, its start not counted."""
    program = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def collects(*options: str) -> float:
    """Seconds of ``pytest --collect-only`` in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]
        start = time.perf_counter()
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
    if done.returncode != 5:  # pytest's "no tests collected"
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout}{done.stderr}")
    return seconds


def startup(rounds: int) -> list[list[str]]:
    """The rows of imports and of an empty collection."""
    python_ipmi = "import pyipmi", lambda: imports("import pyipmi")
    without = "pytest -p no:ipmi_lab", lambda: collects("-p", "no:ipmi_lab")
    return [
        _compare("import ipmi_lab", lambda: imports("import ipmi_lab"), *python_ipmi, "≤ 0.7", rounds),
        _compare(
            "from ipmi_lab import connect", lambda: imports("from ipmi_lab import connect"), *python_ipmi, "", rounds
        ),
        _compare("pytest --collect-only", collects, *without, "≤ 1.05", rounds),
    ]


def _compare(
    name: str, ours: Callable[[], float], peer: str, theirs: Callable[[], float], goal: str, rounds: int
) -> list[str]:
    try:
        pairs = [(ours(), theirs()) for _ in range(rounds + 1)][1:]  # the first pair fills the caches
    except subprocess.CalledProcessError as error:
        return [name, error.stderr.strip().splitlines()[-1]]
    mine, others = (1000 * median(side) for side in zip(*pairs, strict=True))
    return [name, f"{mine:.1f}", peer, f"{others:.1f}", spread([a / b for a, b in pairs]), goal]
