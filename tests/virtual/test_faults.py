"""Faults by a seed: the same seed spoils the same datagrams."""

import functools
import itertools
import math
import queue
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.lab.open import connect
from ipmi_lab.virtual import faults
from ipmi_lab.virtual.farm import Farm
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


NONSENSE = [
    ({"loss": math.nan}, "loss: nan is no share from 0 to 1"),
    ({"delay": math.inf}, "delay: inf is no time from 0 to 3600 seconds"),
    ({"delay": -1}, "delay: -1 is no time"),
    ({"jitter": math.nan}, "jitter: nan is no time"),
    ({"jitter": 3601}, "jitter: 3601 is no time"),
    ({"refuse": -1}, "refuse: -1 is no number of commands, a whole one from 0 on"),
    ({"refuse": 1.5}, "refuse: 1.5 is no number of commands"),
    ({"refuse": math.inf}, "refuse: inf is no number of commands"),
    ({"code": 300}, "code: 300 is no completion code from 1 to 255"),
    ({"code": 0}, "code: 0 is no completion code"),
    ({"seed": math.nan}, "seed: nan is no whole number"),
    ({"loss": "much"}, "loss: much is no share"),
]


@pytest.mark.parametrize(("wrong", "told"), NONSENSE)
def test_a_value_that_means_nothing_gets_in_by_no_way(wrong: dict[str, Any], told: str) -> None:
    faults = Faults(loss=0.5)
    with pytest.raises(LocalError, match=told):
        faults.set(corrupt=0.5, **wrong)
    assert faults.now() == Faults(loss=0.5).now()
    with pytest.raises(LocalError, match=told):
        Faults(**wrong)
    with pytest.raises(LocalError, match=told):
        setattr(faults, *next(iter(wrong.items())))


def test_faults_come_back_to_what_they_were() -> None:
    faults = Faults(loss=0.5, seed=3)
    before = faults.now()
    faults.set(loss=0, delay=1, refuse=2, code=0xC3)
    faults.set(**before)
    assert faults.now() == Faults(loss=0.5, seed=3).now()


def broken(*_: object) -> None:
    raise RuntimeError("on purpose")


@pytest.mark.parametrize("where", ["bmc.datagrams", "bmc.receive", "bmc.faults.carry"])
def test_trouble_of_one_virtual_bmc_is_told_and_leaves_the_others_alone(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: queue.Queue[threading.ExceptHookArgs] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", told.put)
    with Farm() as farm, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        sick, well = farm.open("rack-server"), farm.open("rack-server")
        sick.faults.set(duplicate=1)
        *way, method = where.split(".")
        setattr(functools.reduce(getattr, way, sick), method, broken)
        console.sendto(b"anybody?", (sick.host, sick.port))
        error = told.get(timeout=5).exc_value

        assert str(error) == "on purpose"
        assert sick.url in getattr(error, "__notes__", [""])[0]
        with connect(well.url, password=well.password) as ipmi:
            assert ipmi.get_device_id().manufacturer == 49769


def test_what_is_due_never_is_waited_for_no_longer_than_a_selector_can() -> None:
    later = Later()
    later.put(math.inf, "never")
    assert later.wait(0.0) == 3600
    later.put(2.0, "soon")
    assert later.wait(0.5) == 1.5


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
