"""The bound that Python sets: a plain socket and a plain echo server; datagrams of a request of suite 3."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.lap import Lap, repeat

SERVER = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        datagram, peer = server.recvfrom(2048)
        server.sendto(datagram, peer)
"""


@contextmanager
def echo(_host: str, _port: int) -> Iterator[Callable[[float], Lap]]:
    """Ping-pong; the BMC is not asked."""
    with (
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        try:
            assert server.stdout is not None
            client.connect(("127.0.0.1", int(server.stdout.readline())))
            client.settimeout(5)
            datagram = bytes(64)

            def step() -> None:
                client.send(datagram)
                client.recv(2048)

            yield lambda seconds: repeat(step, seconds)
        finally:
            server.kill()
