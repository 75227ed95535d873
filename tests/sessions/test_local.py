"""The conversation with a machine's own BMC through the driver, message by message, with a clock that only we turn."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies

from ipmi_lab.commands.bmc import GetDeviceId, GetSelfTestResults
from ipmi_lab.commands.chassis import ChassisControl, Power
from ipmi_lab.commands.messaging import GetMessage, ReadEventMessageBuffer, SendMessage
from ipmi_lab.errors import LocalError
from ipmi_lab.packets import ipmb
from ipmi_lab.ports.driver import EVERY, DriverMessage, Kind
from ipmi_lab.sessions.bridge import Branch, Hop, Route
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.events import Answered, Closed, Dropped, Event, Exchanged, GaveUp, Observed, Opened, Refused
from ipmi_lab.sessions.local import REMEMBERED, LocalSession, LocalWrapping
from ipmi_lab.sessions.login import Login, Timing

WHO = bytes.fromhex("20 01 02 09 02 80 69 c2 00 15 08 00 00 00 00".replace(" ", ""))
RESET = ChassisControl(action=Power.HARD_RESET)


class Local:
    """A session, and what it hands to the driver."""

    def __init__(self, *, route: Route = (), **how: Any) -> None:
        self.now = 50.0
        self.branch = Branch(route)
        self.observed: list[Observed] = []
        self.session = LocalSession(Login(), Timing(budget=10), observe=self.observed.append, **how)

    def asked(self) -> list[DriverMessage]:
        return [DriverMessage.parse(datagram) for datagram in self.session.datagrams()]

    def hear(self, message: DriverMessage) -> list[Event]:
        return self.session.receive(message.pack(), self.now)

    def opened(self) -> "Local":
        self.session.open(self.now)
        (asked,) = self.asked()
        assert isinstance(self.hear(reply(asked, b"\0" + WHO))[0], Opened)
        return self

    def ask(self, request: Any = None) -> DriverMessage:
        self.session.request(request or GetDeviceId(), self.now, branch=self.branch)
        (asked,) = self.asked()
        return asked


def reply(asked: DriverMessage, data: bytes) -> DriverMessage:
    return asked._replace(kind=Kind.RESPONSE, netfn=asked.netfn | 1, data=data)


def test_it_opens_by_asking_who_is_there_and_closes_without_a_word() -> None:
    local = Local()
    local.session.open(local.now)
    (asked,) = local.asked()
    assert (asked.kind, asked.netfn, asked.command, asked.data) == (Kind.REQUEST, 0x06, 0x01, b"")
    assert (asked.channel, asked.address, asked.lun) == (0x0F, 0x20, 0)

    assert local.hear(reply(asked, b"\0" + WHO)) == [Opened("system interface, no login")]
    assert local.session.state is State.ACTIVE

    local.session.close(local.now)
    assert local.session.deadline() == 0
    assert local.session.wake(local.now) == [Closed(acknowledged=True)]
    assert (local.asked(), local.session.state, local.session.deadline()) == ([], State.CLOSED, None)


@pytest.mark.parametrize(
    ("code", "says"), [(0xD2, r"bmc initialising \(0xD2\)\. It may be starting up"), (0xFF, r"unspecified error")]
)
def test_a_bmc_that_does_not_say_who_it_is_is_refused(code: int, says: str) -> None:
    local = Local()
    local.session.open(local.now)
    (event,) = local.hear(reply(local.asked()[0], bytes((code,))))

    assert isinstance(event, Refused)
    assert event.error.exit_code == 4
    with pytest.raises(type(event.error), match=says):
        raise event.error


def test_a_bmc_that_says_nothing_is_told_when_the_budget_is_used_up() -> None:
    local = Local()
    local.session.open(local.now)
    local.asked()
    assert local.session.deadline() == local.now + 10
    (event,) = local.session.wake(local.now + 10)

    assert isinstance(event, Refused)
    assert "no BMC answers behind the device" in str(event.error)
    assert local.session.state is State.CLOSED


def test_every_request_has_a_number_of_its_own() -> None:
    local = Local().opened()
    numbers = set()
    for _ in range(200):
        asked = local.ask()
        numbers.add(asked.number)
        assert isinstance(local.hear(reply(asked, b"\0" + WHO))[0], Answered)

    assert len(numbers) == 200


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda right: right._replace(number=right.number + 1), "which nobody made"),
        (lambda right: right._replace(number=right.number - 64), "which nobody made"),
        (lambda right: right._replace(netfn=0x05), "fits no open question"),
        (lambda right: right._replace(netfn=0x06), "fits no open question"),
        (lambda right: right._replace(command=0x02), "fits no open question"),
        (lambda right: right._replace(channel=0, address=0x82), "came from 82h on channel 0"),
        (lambda right: right._replace(data=b""), "without a completion code"),
        (lambda right: right._replace(kind=Kind.EVENT), "its kind is 2"),
        (lambda right: right._replace(kind=Kind.COMMAND), "its kind is 3"),
        (lambda right: right._replace(kind=Kind.RESPONSE_SENT), "its kind is 4"),
        (lambda right: right._replace(kind=99), "its kind is 99"),
    ],
)
def test_what_is_not_the_answer_is_never_taken_for_it(
    wrong: Callable[[DriverMessage], DriverMessage], says: str
) -> None:
    local = Local().opened()
    asked = local.ask()

    assert local.hear(wrong(reply(asked, b"\0" + WHO))) == []
    assert says in next(event.reason for event in local.observed if isinstance(event, Dropped))
    assert local.session.deadline() is not None


def test_an_answer_is_taken_after_an_event_but_only_once() -> None:
    local = Local().opened()
    asked = local.ask()
    event = DriverMessage(Kind.EVENT, 0, 0x04, 0x02, bytes(16))

    assert local.hear(event) == []
    assert [type(event) for event in local.hear(reply(asked, b"\0" + WHO))] == [Answered]
    assert local.hear(reply(asked, b"\0" + WHO)) == []


def test_a_late_answer_is_not_taken_for_that_to_the_next_question() -> None:
    local = Local().opened()
    first = local.ask()
    local.session.forget(2)
    for _ in range(64):  # until the request number of six bits comes round
        asked = local.ask()
        assert local.hear(reply(first, b"\0late")) == []
        assert isinstance(local.hear(reply(asked, b"\0" + WHO))[0], Answered)


def test_nothing_is_asked_twice_and_a_change_may_have_happened() -> None:
    local = Local().opened()
    local.ask(RESET)
    for second in range(10):
        assert local.session.wake(local.now + second) == []
        assert local.asked() == []
    (event,) = local.session.wake(local.now + 10)

    assert event == GaveUp(2, 1, 10.0, lost=False)
    assert local.asked() == []


def test_completion_codes_of_the_driver_are_answers() -> None:
    local = Local().opened()

    assert local.hear(reply(local.ask(), b"\xc3")) == [Answered(2, 0xC3, b"")]
    assert isinstance(local.observed[-1], Exchanged)


def test_what_the_driver_refuses_was_not_done() -> None:
    local = Local(in_flight=2).opened()
    local.session.request(RESET, local.now)
    local.session.request(GetDeviceId(), local.now)
    reset, other = local.asked()

    refusal = DriverMessage(Kind.REFUSED, reset.number, 0, 0, b"too many messages are under way")
    assert local.hear(refusal) == [GaveUp(2, 1, 0.0, lost=False, refused="too many messages are under way")]
    local.session.refused()
    assert local.session.deadline() == local.now + 10
    assert isinstance(local.hear(reply(other, b"\0" + WHO))[0], Answered)
    assert local.hear(refusal) == []


def test_a_device_that_goes_ends_every_question() -> None:
    local = Local(in_flight=8).opened()
    for _ in range(3):
        local.session.request(GetDeviceId(), local.now)
    assert len(local.asked()) == 3

    events = local.hear(DriverMessage(Kind.REFUSED, EVERY, 0, 0, b"gone"))
    assert [(event.number, event.refused) for event in events if isinstance(event, GaveUp)] == [
        (2, "gone"),
        (3, "gone"),
        (4, "gone"),
    ]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (GetMessage(), "It reads the BMC's queue itself"),
        (ReadEventMessageBuffer(), "It reads the BMC's event buffer itself"),
        (SendMessage.decode(b"\x40\x82\x18\x66\x20\x04\x01\xdb"), r"bridge=0x82@0"),
    ],
)
def test_what_the_driver_keeps_for_itself_is_told_before_it_is_asked(request_: Any, says: str) -> None:
    local = Local().opened()
    with pytest.raises(LocalError, match=f"driver keeps this command for itself.*{says}"):
        local.session.request(request_, local.now)

    assert local.asked() == []


# ---------------------------------------------------------------------- controllers behind it


def test_the_driver_sends_over_the_first_hop_itself() -> None:
    local = Local(route=(Hop(0x82, 7),)).opened()
    asked = local.ask(GetSelfTestResults())
    assert (asked.netfn, asked.command, asked.data, asked.channel, asked.address) == (0x06, 0x04, b"", 7, 0x82)

    assert local.hear(reply(asked, b"\0\x55\0")) == [Answered(2, 0, b"\x55\0")]


def test_from_the_second_hop_on_messages_lie_in_one_another() -> None:
    local = Local(route=(Hop(0x82, 0), Hop(0x72, 7))).opened()
    asked = local.ask()
    assert (asked.netfn, asked.command, asked.channel, asked.address) == (0x06, 0x34, 0, 0x82)
    assert asked.data[:7] == bytes((0x47, 0x72, 0x18, 0x76, 0x20, asked.data[5], 0x01))

    inner = bytes((0x20, 0x1C, 0xC4, 0x72, asked.data[5], 0x01, 0x00)) + WHO
    inner += bytes((-sum(inner[3:]) & 0xFF,))
    assert local.hear(reply(asked, b"\0" + inner)) == [Answered(2, 0, WHO)]


def test_a_controller_that_is_not_there_is_told_by_the_drivers_code() -> None:
    local = Local(route=(Hop(0x82, 0),)).opened()

    assert local.hear(reply(local.ask(), b"\x83")) == [Answered(2, 0x83, b"")]


def test_a_controller_may_be_asked_what_the_driver_keeps_for_itself() -> None:
    asked = Local(route=(Hop(0x82, 0),)).opened().ask(GetMessage())

    assert (asked.command, asked.address) == (0x33, 0x82)


# ---------------------------------------------------------------------- bounds


def test_answers_that_never_come_take_no_memory() -> None:
    wrapping = LocalWrapping()
    for _ in range(2 * REMEMBERED):
        wrapping.wrap(ipmb.pack(ipmb.BMC, 0x18, ipmb.CONSOLE, 0x04, 0x01, b""))

    assert len(wrapping._asked) == REMEMBERED


@given(
    strategies.integers(-1, 6),
    strategies.integers(-2, 6),
    strategies.integers(0, 255),
    strategies.integers(0, 255),
    strategies.binary(max_size=40),
    strategies.integers(0, 255),
    strategies.integers(0, 255),
    strategies.integers(0, 255),
)
def test_nothing_from_the_driver_raises(
    kind: int, number: int, netfn: int, command: int, data: bytes, channel: int, address: int, lun: int
) -> None:
    for route in ((), (Hop(0x82, 0), Hop(0x72, 7))):
        local = Local(route=route).opened()
        local.ask()
        local.hear(DriverMessage(kind, number, netfn, command, data, channel, address, lun))
