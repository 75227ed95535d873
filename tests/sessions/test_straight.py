"""The short way of a plain question: what goes it, what leaves it, and that nothing is lost where it ends."""

from collections.abc import Callable
from typing import Any

import pytest

from ipmi_lab.commands.bmc import ColdReset, GetDeviceId
from ipmi_lab.commands.raw import Raw
from ipmi_lab.errors import LocalError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.events import Answered, Exchanged, GaveUp
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.pending import NUMBERS, Numbers
from tests.sessions.pair import CONSOLE, Pair

LOGINS: list[dict[str, Any]] = [{"cipher": 3}, {"cipher": 17}, {"cipher": 2}, {"cipher": 1}, {"version": "1.5"}]


class Straight(Pair):
    """A pair whose console asks by ``straight``; ``first`` makes of the BMC's answer what comes first."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.opened()
        self.observed.clear()
        self.first: Callable[[bytes], bytes | None] = lambda answer: answer
        self.waited: list[float] = []
        self.takes = 0.001  # seconds

    def straight(self, request: Any = None) -> tuple[int, bytes] | int | None:
        return self.console.straight(lambda: self.now, self._ask, request or GetDeviceId())

    def _ask(self, datagram: bytes, seconds: float) -> bytes | None:
        self.sent.append(datagram)
        self.bmc.receive(datagram, CONSOLE, self.now)
        self.waited.append(seconds)
        self.now += self.takes
        (answer,) = [datagram for _, datagram in self.bmc.datagrams()]
        self.answered.append(answer)
        return self.first(answer)

    def goes_on(self, *datagrams: bytes) -> list[Any]:
        events = [event for datagram in datagrams for event in self.console.receive(datagram, self.now)]
        return events or self.until_quiet()


@pytest.mark.parametrize("login", LOGINS, ids=str)
def test_the_answer_comes_back_and_nothing_is_left(login: dict[str, Any]) -> None:
    pair = Straight(**login)

    for _ in range(200):
        found = pair.straight()
        assert isinstance(found, tuple)
        assert (found[0], found[1][0]) == (0, 0x20)

    assert pair.console.deadline() is None
    assert pair.console.datagrams() == []
    assert pair.console.last_heard_inside == pair.now
    told = pair.observed
    assert len(told) == 200
    assert isinstance(told[0], Exchanged)
    assert (told[0].code, told[0].tries, told[0].purpose) == (0, 1, "command")
    assert told[0].elapsed == pytest.approx(pair.takes)
    assert pair.works()


def test_a_completion_code_comes_back_as_it_is() -> None:
    assert Straight().straight(Raw(0x06, 0x01, b"\1\2\3")) == (0xC7, b"")


@pytest.mark.parametrize("login", LOGINS, ids=str)
@pytest.mark.parametrize("size", [0, 3, 12, 40])
def test_what_comes_first_and_is_no_answer_is_dropped_and_the_question_waits_on(
    login: dict[str, Any], size: int
) -> None:
    pair = Straight(**login)
    pair.first = lambda answer: bytes(size)

    number = pair.straight()

    assert isinstance(number, int)
    assert pair.console.dropped.total() == 1
    (event,) = pair.goes_on(pair.answered[-1])
    assert isinstance(event, Answered)
    assert (event.number, event.code) == (number, 0)
    assert pair.console.deadline() is None


@pytest.mark.parametrize("login", [login for login in LOGINS if login.get("cipher") != 1], ids=str)
def test_a_forged_answer_is_dropped(login: dict[str, Any]) -> None:
    pair = Straight(**login)
    pair.first = lambda answer: answer[:-1] + bytes((answer[-1] ^ 1,))

    number = pair.straight()

    assert list(pair.console.dropped.values()) == [1]
    assert pair.goes_on(pair.answered[-1])[0].number == number


@pytest.mark.parametrize("login", LOGINS, ids=str)
def test_where_nothing_comes_it_is_sent_again_under_the_same_number(login: dict[str, Any]) -> None:
    pair = Straight(timing=Timing(first=0.2, timeout=1.0), **login)
    pair.first = lambda answer: None

    begun, number = pair.now, pair.straight()

    assert pair.waited == [0.2]
    assert pair.console.deadline() == pytest.approx(begun + 0.2)
    (event,) = pair.goes_on()
    assert (event.number, event.code) == (number, 0)
    assert pair.sent[-1] != pair.sent[-2]
    assert pair.console.deadline() is None


def test_it_is_given_up_like_any_other() -> None:
    pair = Straight(timing=Timing(first=0.2, timeout=1.0, budget=3.0))
    pair.first = lambda answer: None
    pair.to_bmc = lambda datagram: []

    number = pair.straight()

    (event,) = pair.goes_on()
    assert isinstance(event, GaveUp)
    assert (event.number, event.lost) == (number, False)
    assert event.tries > 2


@pytest.mark.parametrize("change", [0, 1, 3, 4, 5, 6])
def test_an_answer_to_something_else_is_dropped(change: int) -> None:
    pair = Straight(cipher=3)
    wrapping: Any = next(iter(pair.bmc.sessions.open.values())).wrapping
    wrap = wrapping.wrap

    def other(message: bytes) -> bytes:
        head = bytearray(message[:-1])
        head[change] ^= 0x08 if change == 4 else 0x04
        head[2] = -(head[0] + head[1]) & 0xFF
        end = bytes((-sum(head[3:]) & 0xFF,)) if change != 6 else message[-1:]
        return bytes(wrap(bytes(head) + end))

    wrapping.wrap = other
    number = pair.straight()
    wrapping.wrap = wrap

    assert isinstance(number, int)
    assert pair.console.dropped.total() == 1
    assert pair.goes_on()[0].code == 0


def test_an_answer_of_a_bmc_that_reckons_wrongly_is_taken_where_that_is_known() -> None:
    pair = Straight(cipher=3, quirks=frozenset({"nochecksumcheck"}))
    wrapping: Any = next(iter(pair.bmc.sessions.open.values())).wrapping
    wrap = wrapping.wrap
    wrapping.wrap = lambda message: wrap(message[:-1] + bytes((message[-1] ^ 1,)))

    number = pair.straight()

    (event,) = pair.console.wake(pair.now)
    assert isinstance(event, Answered)
    assert (event.number, event.code) == (number, 0)


def test_an_answer_without_completion_code_is_none() -> None:
    pair = Straight(cipher=3)
    wrapping: Any = next(iter(pair.bmc.sessions.open.values())).wrapping
    wrap = wrapping.wrap
    wrapping.wrap = lambda message: wrap(message[:6] + bytes((-sum(message[3:6]) & 0xFF,)))

    assert isinstance(pair.straight(), int)
    assert "an answer came without a completion code" in pair.console.dropped


def test_a_slow_bmc_is_given_more_time() -> None:
    pair = Straight(timing=Timing(first=0.1, timeout=2.0))
    pair.takes = 0.3
    for _ in range(30):
        assert isinstance(pair.straight(), tuple)

    assert pair.waited[0] == pytest.approx(0.1)
    assert pair.waited[-1] == pytest.approx(1.2, rel=0.2)


def test_only_a_plain_question_in_a_session_with_no_other_goes_that_way() -> None:
    pair = Straight()
    number = pair.console.request(GetDeviceId(), pair.now)
    assert pair.straight() is None
    assert pair.until_quiet()[-1].number == number  # type: ignore[union-attr]

    pair.console.close(pair.now)
    pair.until_quiet()
    assert pair.straight() is None
    assert Straight(timing=Timing().gentle()).straight() is None
    assert not ColdReset.plain


def test_who_is_interrupted_leaves_no_question_and_no_number_behind() -> None:
    pair = Straight(cipher=3)

    def interrupt(answer: bytes) -> bytes:
        raise KeyboardInterrupt

    pair.first = interrupt
    with pytest.raises(KeyboardInterrupt):
        pair.straight()
    pair.first = lambda answer: answer

    assert pair.console.deadline() is None
    used = pair.console._numbers.resting
    assert len(used) == 1
    assert isinstance(pair.straight(), int)  # its answer is not the next one in turn: it goes the long way
    for _ in range(70):
        assert isinstance(pair.straight(), tuple)
    assert pair.console._numbers.resting == used


def test_what_does_not_fit_into_a_packet_is_told() -> None:
    pair = Straight(version="1.5")

    with pytest.raises(LocalError, match="carries at most 255"):
        pair.straight(Raw(0x06, 0x01, bytes(300)))

    assert pair.console.deadline() is None
    assert isinstance(pair.straight(), tuple)


def test_its_bytes_are_those_of_the_long_way() -> None:
    for data in (b"", b"\1", bytes(range(60))):
        for netfn, command, lun in ((0x06, 0x01, 0), (0x2C, 0xFF, 3)):
            message, begins = ipmb.ask(netfn, lun, 0x3F, command, data)
            assert message == ipmb.pack(ipmb.BMC, netfn << 2 | lun, ipmb.CONSOLE, 0xFC, command, data)
            answer = ipmb.pack(ipmb.CONSOLE, (netfn + 1) << 2, ipmb.BMC, 0x3F << 2 | lun, command, b"\0" + data)
            assert answer[:6] == begins


def test_an_empty_message_is_counted_as_what_it_is() -> None:
    pair = Straight(cipher=3)
    wrapping: Any = next(iter(pair.bmc.sessions.open.values())).wrapping
    wrap = wrapping.wrap
    wrapping.wrap = lambda message: wrap(b"")

    assert isinstance(pair.straight(), int)
    assert list(pair.console.dropped) == ["an IPMI message of 0 bytes came, the shortest has 7"]


@pytest.mark.parametrize("kind", [1, 3, 5, 7, 15])
def test_a_packet_of_an_unknown_authentication_is_dropped_even_where_others_are_expected(kind: int) -> None:
    pair = Straight(version="1.5", quirks=frozenset({"unexpectedauth"}))
    pair.first = lambda answer: answer[:4] + bytes((kind,)) + answer[5:]

    assert isinstance(pair.straight(), int)
    assert pair.console.dropped.total() == 1


def test_numbers_that_all_rest_are_used_in_turn() -> None:
    numbers = Numbers(5)
    for number in range(NUMBERS):
        numbers.rest(number, 10.0 + number / 100)

    taken = [numbers.take({3: None}, 11.0) for _ in range(NUMBERS - 1)]

    assert taken == [0, 1, 2, *range(4, NUMBERS)]
