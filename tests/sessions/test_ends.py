"""Everybody who asks gets an end: where an observer raises, a question does not fit, or all is given up."""

from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.raw import Raw
from ipmi_lab.errors import LocalError, SessionError
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.events import Answered, Failed, GaveUp, Opened, Ponged
from tests.sessions.pair import Pair


def full(event: object) -> None:
    raise ZeroDivisionError


def test_who_asked_is_told_in_place_of_the_answer_that_an_observer_raised() -> None:
    pair, told = Pair().opened(), list[Any]()
    pair.console.observe = full
    pair.console.request(GetDeviceId(), pair.now, tell=told.append)

    assert pair.until_quiet(1.0) == []
    assert isinstance(told[0], ZeroDivisionError)
    assert pair.console.idle


def test_where_events_are_taken_it_is_one_of_them() -> None:
    pair = Pair().opened()
    pair.console.observe = full
    pair.console.request(GetDeviceId(), pair.now)

    failed, answered = pair.until_quiet()
    assert isinstance(failed, Failed)
    assert isinstance(answered, Answered)
    assert pair.console.receive(b"no answer", pair.now) == [Failed(failed.error)] or pair.console.idle


def test_an_opening_goes_on_whatever_becomes_of_its_observer() -> None:
    pair = Pair()
    pair.console.observe = full
    pair.console.open(pair.now)
    events = [event for _ in range(20) for event in pair.until_quiet(1.0)]

    assert pair.console.state is State.ACTIVE
    assert isinstance(events[-1], Opened)
    assert all(isinstance(event, Failed) for event in events[:-1])


def test_who_interrupts_within_an_observer_is_heard_and_who_asked_is_told() -> None:
    def interrupt(event: object) -> None:
        raise KeyboardInterrupt

    pair, told = Pair().opened(), list[Any]()
    pair.console.observe = interrupt
    pair.console.request(GetDeviceId(), pair.now, tell=told.append)
    with pytest.raises(KeyboardInterrupt):
        pair.until_quiet()
    pair.console.observe = None

    assert isinstance(told[0], KeyboardInterrupt)
    assert pair.works()


def test_a_question_that_does_not_fit_ends_behind_others_too() -> None:
    pair, told = Pair(version="1.5").opened(), list[Any]()
    fits = pair.console.request(GetDeviceId(), pair.now)
    pair.console.request(Raw(0x06, 0x01, bytes(300)), pair.now, tell=told.append)
    also = pair.console.request(GetDeviceId(), pair.now)

    events = [*pair.until_quiet(), *pair.until_quiet()]
    assert [event.number for event in events if isinstance(event, Answered)] == [fits, also]
    assert [type(each) for each in told] == [LocalError]


def test_all_who_wait_are_told_what_went_wrong() -> None:
    pair, told = Pair().opened(), list[Any]()
    assert not pair.console.fail(SessionError("nobody waits"))
    for _ in range(3):
        pair.console.request(GetDeviceId(), pair.now, tell=told.append)

    assert pair.console.fail(SessionError("too bad"))
    assert [str(each) for each in told] == ["too bad"] * 3
    assert pair.console.idle or pair.console.datagrams()
    assert pair.works()


def test_a_ping_outlives_the_session_and_ends_with_who_waits() -> None:
    pair = Pair().opened()
    pair.console.ping(pair.now)
    pair.console.abandon()
    assert pair.until_quiet() == [Ponged(True)]

    pair.console.ping(pair.now)
    pair.console.leave()
    assert pair.console.deadline() is None


def test_all_are_told_of_an_observer_that_raises_where_the_session_is_lost() -> None:
    pair, told = Pair().opened(), list[Any]()
    for _ in range(3):
        pair.console.request(GetDeviceId(), pair.now, tell=told.append)
    pair.console.observe = full
    pair.console._open[next(iter(pair.console._open))].observe = full
    pair.console._session_lost(pair.now)

    assert [type(each) for each in told] == [ZeroDivisionError, GaveUp, GaveUp, GaveUp]
    assert pair.console.state is State.CLOSED
