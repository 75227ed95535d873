"""What a console does where datagrams or sessions are lost: reads come, changes are never done twice."""

import random

import pytest

from ipmi_lab.commands.chassis import ChassisControl, Power
from ipmi_lab.commands.sel import AddSelEntry
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.events import Answered, GaveUp, Opened
from ipmi_lab.sessions.login import Timing
from tests.sessions.pair import Pair


def lossy(pair: Pair, share: float, seed: int) -> None:
    chance = random.Random(seed)
    pair.to_bmc = pair.to_console = lambda datagram: [] if chance.random() < share else [datagram]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.3])
@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_reads_survive_loss(share: float, version: str) -> None:
    pair = Pair(version=version).opened()
    lossy(pair, share, seed=3)
    begun = pair.now

    for _ in range(200):
        event = pair.ask()
        if isinstance(event, GaveUp):  # thrice unheard while the BMC answers outside: the session counts as lost
            assert event.lost
            assert any(isinstance(pair.open(), Opened) for _ in range(5))
        else:
            assert isinstance(event, Answered)

    assert pair.now - begun < {0.05: 10, 0.2: 70, 0.3: 160}[share]


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_sessions_open_under_loss(version: str) -> None:
    took = []
    for seed in range(30):
        pair = Pair(version=version)
        lossy(pair, 0.2, seed)
        begun = pair.now
        for _ in range(4):
            if isinstance(pair.open(), Opened):
                break
        assert pair.console.state is State.ACTIVE
        took.append(pair.now - begun)
    assert sum(took) < 200


def test_a_read_is_given_up_when_its_budget_is_used_up() -> None:
    pair = Pair(timing=Timing(budget=10)).opened()
    pair.to_bmc = lambda datagram: []
    begun = pair.now

    event = pair.ask()

    assert isinstance(event, GaveUp)
    assert not event.lost
    assert 10 <= pair.now - begun < 12.1


def test_a_session_that_the_bmc_dropped_is_noticed_from_outside_it() -> None:
    pair = Pair().opened()
    pair.bmc.sessions.open.clear()
    begun = pair.now

    event = pair.ask()

    assert isinstance(event, GaveUp)
    assert event.lost
    assert pair.now - begun < 3


def test_after_a_long_silence_it_is_noticed_within_a_second() -> None:
    pair = Pair().opened()
    pair.now += 75
    begun = pair.now

    event = pair.ask()

    assert isinstance(event, GaveUp)
    assert event.lost
    assert pair.now - begun < 1


def test_a_change_is_never_done_twice_however_often_it_is_sent() -> None:
    done = []
    pair = Pair().opened()
    pair.bmc.chassis.control = None  # type: ignore[method-assign,assignment]  # counted below instead
    key = (ChassisControl.netfn, ChassisControl.command, b"")
    _, method = pair.bmc._slots[key]
    pair.bmc._slots[key] = (ChassisControl, lambda ask: done.append(ask) or method(ask))
    pair.to_bmc = lambda datagram: [datagram, datagram]

    assert isinstance(pair.ask(ChassisControl(action=Power.ON)), Answered)
    assert len(done) == 1


def test_a_change_whose_answer_is_lost_is_not_done_again() -> None:
    pair = Pair().opened()
    lost: list[bytes] = []
    pair.to_console = lambda datagram: lost.append(datagram) or []  # type: ignore[func-returns-value]

    event = pair.ask(ChassisControl(action=Power.OFF))

    assert isinstance(event, GaveUp)
    assert event.tries == 4
    assert len(set(pair.sent[-4:])) == 1, "the very same datagram, so that the BMC drops what it has seen"
    assert len(lost) == 1, "the BMC answered once and dropped the copies"


def test_what_is_asked_once_goes_out_once_and_waits_as_long_as_it_may() -> None:
    pair = Pair(cipher=3).opened()
    pair.to_console = lambda datagram: []
    before, begun = len(pair.sent), pair.now

    event = pair.ask(AddSelEntry(record=bytes(16)))

    assert isinstance(event, GaveUp)
    assert (event.tries, len(pair.sent) - before) == (1, 1)
    assert pair.now - begun == pytest.approx(2.0)
    assert len(pair.bmc.sel.entries) == 1
