"""What every port must do; each port runs it by naming itself."""

import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ipmi_lab.errors import NoAnswer
from ipmi_lab.ports.port import Port
from ipmi_lab.ports.udp import UdpPort


class Far:
    """The other end of a port."""

    def __init__(self, host: str) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(5)
        self.name = str(self.socket.getsockname()[1])
        self.peer: object = None

    def receive(self) -> bytes:
        data, self.peer = self.socket.recvfrom(65535)
        return data

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.peer)  # type: ignore[arg-type]  # it is what recvfrom gave


class PortContract:
    """``pair`` gives a port and its other end, ``ask`` and ``answer`` are datagrams that this kind of port carries."""

    ask = b"\x06\x00\xff\x06"
    answer = b"answer"

    @pytest.fixture
    def pair(self) -> Iterator[tuple[Port, Any]]:
        raise NotImplementedError

    def test_what_one_end_sends_the_other_receives(self, pair: tuple[Port, Any]) -> None:
        near, far = pair
        near.send(self.ask)
        assert far.receive() == self.ask

        far.send(self.answer)
        assert select.select([near], [], [], 5)[0]
        assert near.receive() == self.answer

    def test_it_never_waits(self, pair: tuple[Port, Any]) -> None:
        assert pair[0].receive() is None

    def test_it_names_its_peer(self, pair: tuple[Port, Any]) -> None:
        assert pair[1].name in pair[0].peer


class TestUdp(PortContract):
    @pytest.fixture(params=["127.0.0.1", "::1"])
    def pair(self, request: pytest.FixtureRequest) -> Iterator[tuple[Port, Far]]:
        far = Far(request.param)
        near = UdpPort(request.param, far.socket.getsockname()[1])
        yield near, far
        near.close()
        far.socket.close()

    def test_a_refusal_is_told_but_never_raised(self, pair: tuple[Port, Far]) -> None:
        near, far = pair
        far.socket.close()
        near.send(b"anybody?")
        select.select([near], [], [], 5)

        assert near.receive() is None
        assert near.trouble == "connection refused"


def test_a_host_that_nobody_knows_is_named() -> None:
    with pytest.raises(NoAnswer, match=r"the host 'no-such-host\.invalid' cannot be found"):
        UdpPort("no-such-host.invalid")
