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
from tests.interop.peers import PeerMissing
from tests.interop.servers import IpmiSim

RELAY = """
import sys
from ipmi_lab.virtual.faults import Faults, Relay
with Relay(sys.argv[1], int(sys.argv[2]), Faults(delay=float(sys.argv[3]) / 2)) as relay:
    print(relay.port, flush=True)
    sys.stdin.read()
"""


@contextmanager
def bmcs(contest: Contest, core: int) -> Iterator[tuple[str, list[int]]]:
    """Host and ports of a contest's BMCs. One alone shares the core with the clients; many run on all others, since
    what is measured then is how much one client process can carry."""
    cores = {core} if contest.bmcs == 1 else (os.sched_getaffinity(0) - {core} or {core})
    with ExitStack() as stack:
        ports = []
        host = "127.0.0.1"
        for _ in range(contest.bmcs):
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            try:
                server = IpmiSim(Path(folder))
            except PeerMissing as missing:
                raise click.ClickException(str(missing)) from None
            stack.callback(server.stop)
            os.sched_setaffinity(server.pid, cores)
            port = server.target.port
            ports.append(stack.enter_context(_away(host, port, contest.delay)) if contest.delay else port)
        yield host, ports


@contextmanager
def _away(host: str, port: int, delay: float) -> Iterator[int]:
    """The port of a relay in a process of its own that takes ``delay`` seconds there and back."""
    words = [sys.executable, "-c", RELAY, host, str(port), str(delay)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as relay:
        assert relay.stdout is not None
        yield int(relay.stdout.readline())
        relay.kill()
