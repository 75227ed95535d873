"""Several threads at one device, interrupts at any moment, and what changes between a look and the question."""

import queue
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ipmi_lab.errors import SessionError
from ipmi_lab.sessions.events import Exchanged
from ipmi_lab.virtual.farm import Served
from tests.links.test_links import device


def test_an_interrupt_at_any_moment_leaves_nobody_else_waiting(served: Served) -> None:
    chance = random.Random(7)

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def interrupted(ipmi: Any) -> bool:
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, 200e-6))
            for _ in range(10):
                ipmi.get_device_id()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            return True
        return False

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with device(served) as ipmi:
            assert sum(interrupted(ipmi) for _ in range(4000)) > 1000
            with ThreadPoolExecutor(1) as other:
                assert other.submit(ipmi.link._lock.acquire, timeout=5).result(), "an interrupt left the lock held"
                other.submit(ipmi.link._lock.release).result()
            assert ipmi.link.session.deadline() is None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_all_who_find_the_session_lost_get_their_answers(served: Served) -> None:
    with device(served) as ipmi, ThreadPoolExecutor(4) as threads:
        for _ in range(2):
            served.bmc.sessions.open.clear()
            asked = [threads.submit(ask) for ask in (ipmi.get_device_id, ipmi.chassis.is_on) * 4]
            assert all(each.result(30) for each in asked)


def test_a_session_that_is_closed_while_it_is_established_is_not_open(served: Served) -> None:
    ipmi, lost = device(served), threading.Event()
    ipmi.link.port.send = lambda datagram: lost.set()
    with ThreadPoolExecutor(1) as other:
        establishing = other.submit(ipmi.session.establish)
        assert lost.wait(5)
        ipmi.session.close()
        with pytest.raises(SessionError, match="closed meanwhile"):
            establishing.result(5)

    assert not ipmi.session.is_open
    with ipmi:
        assert ipmi.get_device_id().manufacturer == 49769


def test_a_session_is_kept_alive_whatever_becomes_of_its_observer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda args: told.put(args.exc_type))

    def full(event: object) -> None:
        if isinstance(event, Exchanged) and event.purpose == "keep-alive":
            raise ZeroDivisionError

    with device(served, observe=full, keep_alive_interval=0.02):
        assert [told.get(timeout=5) for _ in range(2)] == [ZeroDivisionError] * 2


def test_a_session_that_was_closed_opens_no_port_again(served: Served) -> None:
    ipmi = device(served)
    with ipmi:
        pass

    with pytest.raises(SessionError, match="there is no session"):
        ipmi.get_device_id()
    assert ipmi.link._port is None
