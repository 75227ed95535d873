"""Faults by a seed: the same seed spoils the same datagrams."""

import itertools
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.virtual import faults
from ipmi_lab.virtual.faults import Faults, Later, Relay


def carried(faults: Faults, count: int = 1000) -> list[list[tuple[float, bytes]]]:
    return [list(faults.carry(bytes((number % 256,)) * 20)) for number in range(count)]


def test_without_faults_everything_goes_through_at_once() -> None:
    assert all(copies == [(0.0, bytes((n % 256,)) * 20)] for n, copies in enumerate(carried(Faults())))
    assert Faults().none


def test_the_same_seed_does_the_same() -> None:
    def made(seed: int) -> list[list[tuple[float, bytes]]]:
        return carried(Faults(loss=0.2, duplicate=0.1, corrupt=0.1, truncate=0.1, jitter=0.5, seed=seed))

    assert made(3) == made(3)
    assert made(3) != made(4)


def test_the_shares_are_kept() -> None:
    copies = Counter(len(each) for each in carried(Faults(loss=0.2, duplicate=0.3)))

    assert 150 < copies[0] < 250
    assert 180 < copies[2] < 300


def test_a_line_loses_bytes_and_has_noise_before_messages() -> None:
    for ((_, dropped),) in carried(Faults(drop=1.0), 50):
        assert len(dropped) == 19
    noisy = [copy for ((_, copy),) in carried(Faults(noise=1.0), 50)]
    assert all(copy.endswith(bytes((number,)) * 20) and 20 < len(copy) < 30 for number, copy in enumerate(noisy))


def test_faults_change_and_end() -> None:
    faults = Faults()
    faults.set(loss=1.0, refuse=2, code=0xC3)
    assert carried(faults, 5) == [[]] * 5
    assert [faults.refuses() for _ in range(3)] == [0xC3, 0xC3, 0]
    faults.clear()
    assert faults.none


def test_what_means_nothing_is_told() -> None:
    with pytest.raises(LocalError, match="Did you mean loss"):
        Faults().set(los=0.1)
    with pytest.raises(LocalError, match="no share from 0 to 1"):
        Faults().set(loss=1.5)


def test_later_things_come_in_order_and_do_not_pile_up() -> None:
    later = Later()
    for when in (3.0, 1.0, 2.0):
        later.put(when, when)
    assert later.wait(0.5) == 0.5
    assert list(later.due(2.0)) == [1.0, 2.0]
    for number in range(20_000):
        later.put(9.0, number)
    assert len(list(later.due(10.0))) <= 10_000


def test_stray_datagrams_come_between() -> None:
    copies = carried(Faults(stray=0.3), 1000)

    assert 200 < sum(len(each) == 2 for each in copies) < 400
    assert all(each[-1] == (0.0, bytes((n % 256,)) * 20) for n, each in enumerate(copies))


@pytest.fixture
def bmc() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(5)
        yield opened


def test_a_relay_makes_room_for_new_consoles(bmc: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MOST_CONSOLES", 2)
    with Relay(*bmc.getsockname()) as relay, ExitStack() as stack:
        consoles = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(5)]
        for number, console in enumerate(consoles):
            console.settimeout(5)
            console.sendto(b"from %d" % number, ("127.0.0.1", relay.port))
            said, way = bmc.recvfrom(100)
            bmc.sendto(b"to " + said, way)
            assert console.recv(100) == b"to from %d" % number


def test_a_relay_before_nobody_lives_on(bmc: socket.socket) -> None:
    address = bmc.getsockname()
    bmc.close()
    with Relay(*address) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        for _ in range(3):  # refusals come back
            console.sendto(b"anybody?", ("127.0.0.1", relay.port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
            late.bind(address)
            late.settimeout(5)
            console.sendto(b"now?", ("127.0.0.1", relay.port))
            said = late.recv(100)
            while said != b"now?":
                said = late.recv(100)


def test_a_relay_before_a_bmc_that_is_down_never_stops_carrying() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bmc:
        bmc.bind(("127.0.0.1", 0))
        bmc.settimeout(5)
        port = bmc.getsockname()[1]
        with Relay("127.0.0.1", port) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
            console.connect(("127.0.0.1", relay.port))
            bmc.close()
            for _ in range(2000):  # each is refused; some refusals come while the next one is sent
                console.send(b"down")

            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                again.bind(("127.0.0.1", port))
                again.settimeout(5)

                def heard() -> bytes:
                    console.send(b"up")  # more than once: the queue may still be full of what came before
                    return again.recv(10)

                assert b"up" in itertools.islice(iter(heard, None), 2001)
