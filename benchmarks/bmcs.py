"""The BMCs that clients run against: as many of ipmi_sim as a contest wants, near or some time away."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from benchmarks.contests import Contest
from benchmarks.crowd import HOST, Crowd
from tests.interop.peers import PeerMissing

RELAY = """
import sys
from ipmi_lab.virtual.faults import Faults, Relay
with Relay(sys.argv[1], int(sys.argv[2]), Faults(delay=float(sys.argv[3]) / 2)) as relay:
    print(relay.port, flush=True)
    sys.stdin.read()
"""


TOGETHER = 10
"""BMCs in a process. Real ones have a processor each; 200 processes on one core spend it on taking turns, and what they
answer then, 13,000 to 16,000 times a second, bounds every client alike."""


@contextmanager
def bmcs(contest: Contest, core: int) -> Iterator[tuple[str, list[int]]]:
    """Host and ports of a contest's BMCs. One alone shares the core with the clients; many run on all others, since
    what is measured then is how much one client process can carry."""
    cores = {core} if contest.bmcs == 1 else (os.sched_getaffinity(0) - {core} or {core})
    with ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < contest.bmcs:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            try:
                crowd = Crowd(Path(folder), min(TOGETHER, contest.bmcs - len(ports)))
            except PeerMissing as missing:
                raise click.ClickException(str(missing)) from None
            stack.callback(crowd.stop)
            os.sched_setaffinity(crowd.pid, cores)
            ports += crowd.ports
        if contest.delay:
            ports = [stack.enter_context(_away(HOST, port, contest.delay)) for port in ports]
        yield HOST, ports


@contextmanager
def _away(host: str, port: int, delay: float) -> Iterator[int]:
    """The port of a relay in a process of its own that takes ``delay`` seconds there and back."""
    words = [sys.executable, "-c", RELAY, host, str(port), str(delay)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as relay:
        assert relay.stdout is not None
        yield int(relay.stdout.readline())
        relay.kill()
