"""How long the slowest of many commands takes: a retry that was not needed would show.

``python -m benchmarks.latency HOST PORT CORE`` is the process that asks; ``latency`` makes rows of what it says.
"""

import json
import os
import subprocess
import sys
import time
from statistics import median

import ipmi_lab
from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER

HEAD = ["client", "median µs", "99.9 % below µs", "slowest ms", "goal"]
COMMANDS = 10_000


def latency(host: str, ports: list[int], core: int) -> list[list[str]]:
    """The row of our client."""
    words = [sys.executable, "-m", "benchmarks.latency", host, str(ports[0]), str(core)]
    took = sorted(json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout))
    figures = [f"{1e6 * median(took):.0f}", f"{1e6 * took[-len(took) // 1000]:.0f}", f"{1e3 * took[-1]:.2f}"]
    return [["ipmi-lab", *figures, "≤ 50 ms"]]


def seconds(host: str, port: int) -> list[float]:
    """What each command took, suite 3."""
    took = []
    netfn, command = GET_DEVICE_ID
    with ipmi_lab.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3) as ipmi:
        for _ in range(COMMANDS):
            begun = time.perf_counter()
            ipmi.raw(netfn, command, b"")
            took.append(time.perf_counter() - begun)
    return took


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[3])})
    print(json.dumps(seconds(sys.argv[1], int(sys.argv[2]))))
