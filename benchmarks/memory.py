"""What a process weighs that has opened one session: fresh interpreters, in pairs."""

import subprocess
import sys
from statistics import median

from benchmarks.lap import PASSWORD, USER
from benchmarks.race import spread

HEAD = ["client", "MB", "ours/peer: min – median – max", "goal"]
PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
"""Not the operating system's ``ru_maxrss``, in which the parent's size lives on."""
OURS = f"""
import sys, ipmi_lab
with ipmi_lab.connect(f"lanplus://{USER}@{{sys.argv[1]}}:{{sys.argv[2]}}", password="{PASSWORD}", cipher=3) as ipmi:
    ipmi.raw(6, 1)
{PEAK}
"""
PYGHMI = f"""
import sys
from pyghmi.ipmi.command import Command
command = Command(sys.argv[1], "{USER}", "{PASSWORD}", port=int(sys.argv[2]), keepalive=False)
command.xraw_command(6, 1)
command.ipmi_session.logout()
{PEAK}
"""


def _megabytes(program: str, host: str, port: int) -> float:
    """The most memory that a program had at a time; the operating system counts in kilobytes."""
    words = [sys.executable, "-c", program, host, str(port)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout) / 1024


def memory(host: str, ports: list[int], rounds: int) -> list[list[str]]:
    """The rows of our client and of pyghmi."""
    pairs = [(_megabytes(OURS, host, ports[0]), _megabytes(PYGHMI, host, ports[0])) for _ in range(rounds)]
    mine, theirs = (median(side) for side in zip(*pairs, strict=True))
    ratio = spread([ours / peer for ours, peer in pairs])
    return [["ipmi-lab", f"{mine:.1f}", "", ""], ["pyghmi", f"{theirs:.1f}", ratio, "≤ 0.8"]]
