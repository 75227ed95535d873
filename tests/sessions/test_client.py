"""The receive rules and retries of a console, without sockets and without waiting."""

import random
from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId, GetSelfTestResults
from ipmi_lab.commands.chassis import GetChassisStatus
from ipmi_lab.commands.raw import Raw
from ipmi_lab.errors import LocalError, SessionError
from ipmi_lab.packets import lan15
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.events import Answered, Closed, Dropped, Event, GaveUp
from ipmi_lab.sessions.lan import LanSession
from ipmi_lab.sessions.login import Login, Timing
from tests.sessions.pair import PASSWORD, Pair


def test_what_needs_no_session_is_answered_without_one() -> None:
    from ipmi_lab.commands.session import GetChannelAuthenticationCapabilities

    assert isinstance(Pair().ask(GetChannelAuthenticationCapabilities()), Answered)
    with pytest.raises(SessionError, match="there is no session"):
        Pair().ask(GetDeviceId())


def test_a_session_is_given_back() -> None:
    pair = Pair().opened()
    assert len(pair.bmc.sessions.open) == 1

    pair.console.close(pair.now)

    assert pair.until_quiet() == [Closed(acknowledged=True)]
    assert not pair.bmc.sessions.open


# ---------------------------------------------------------------------- duplicates, order, stale and forged answers


def test_duplicates_are_dropped_and_counted() -> None:
    pair = Pair().opened()
    pair.to_console = lambda datagram: [datagram, datagram, datagram]

    for _ in range(100):
        assert pair.works()

    assert sum(pair.console.dropped.values()) >= 200


def test_answers_in_another_order_find_their_questions() -> None:
    pair = Pair()
    pair.console.in_flight = 8
    pair.opened()
    held: list[bytes] = []
    pair.to_console = lambda datagram: held.append(datagram) or []  # type: ignore[func-returns-value]
    asks = [GetDeviceId(), GetSelfTestResults(), GetChassisStatus()] * 2
    numbers = [pair.console.request(ask, pair.now) for ask in asks]
    pair.carry()

    answers: dict[int, Answered] = {}
    for datagram in reversed(held):
        for event in pair.console.receive(datagram, pair.now):
            assert isinstance(event, Answered)
            answers[event.number] = event

    assert [len(answers[number].data) for number in numbers] == [15, 2, 3, 15, 2, 3]


@pytest.mark.parametrize("back", [1, 2, 63, 64, 65, 128, 512])
@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_stale_answer_is_never_taken_for_another(back: int, version: str) -> None:
    pair = Pair(version=version).opened()
    asks = [GetDeviceId(), GetSelfTestResults(), GetChassisStatus()]
    lengths = {0: 15, 1: 2, 2: 3}
    history: list[bytes] = []

    def with_stale(datagram: bytes) -> list[bytes]:
        history.append(datagram)
        return [history[-1 - back], datagram] if len(history) > back else [datagram]

    pair.to_console = with_stale

    for turn in range(back + 70):
        event = pair.ask(asks[turn % 3])
        assert isinstance(event, Answered)
        assert len(event.data) == lengths[turn % 3]


def test_a_forged_answer_of_ipmi_15_is_never_taken() -> None:
    pair = Pair(version="1.5").opened()

    def with_forgery(datagram: bytes) -> list[bytes]:
        packet = lan15.parse(datagram)
        evil = bytearray(packet.message)
        evil[-2] ^= 0xFF
        evil[-1] = -(sum(evil[3:-1])) & 0xFF
        forged = packet._replace(message=bytes(evil))
        unsigned = lan15.pack(0, packet.sequence, packet.session_id, b"", bytes(evil))
        return [lan15.pack(*forged), unsigned, datagram]

    pair.to_console = with_forgery

    for _ in range(200):
        event = pair.ask()
        assert isinstance(event, Answered)
        assert event.data[-4:] == bytes(4)


def test_an_answer_after_its_time_is_not_taken_for_the_next_question() -> None:
    pair = Pair(timing=Timing(budget=1.0)).opened()
    late: list[bytes] = []
    pair.to_console = lambda datagram: late.append(datagram) or []  # type: ignore[func-returns-value]
    assert isinstance(pair.ask(), GaveUp)
    pair.to_console = lambda datagram: [*late, datagram]

    event = pair.ask(GetSelfTestResults())

    assert isinstance(event, Answered)
    assert len(event.data) == 2


def test_a_bad_datagram_does_not_lengthen_the_wait() -> None:
    pair = Pair().opened()
    pair.console.request(GetDeviceId(), pair.now)
    pair.console.datagrams()
    deadline = pair.console.deadline()

    for _ in range(1000):
        assert pair.console.receive(b"\x06\x00\xff\x07garbage", pair.now + 0.1) == []

    assert pair.console.deadline() == deadline


def test_random_bytes_never_raise_and_are_never_an_answer() -> None:
    pair = Pair().opened()
    chance = random.Random(1)
    pair.console.request(GetDeviceId(), pair.now)
    template = pair.console.datagrams()[0]

    for _ in range(20_000):
        spoilt = bytearray(template if chance.random() < 0.7 else chance.randbytes(chance.randrange(80)))
        for _ in range(chance.randrange(1, 4)):
            if spoilt:
                spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        assert pair.console.receive(bytes(spoilt[: chance.randrange(len(spoilt) + 1)]), pair.now) == []
    for size in range(len(template)):
        assert pair.console.receive(template[:size], pair.now) == []

    assert any(isinstance(event, Dropped) for event in pair.observed)


def test_request_numbers_take_their_turn_and_rest_after_a_retry() -> None:
    pair = Pair().opened()
    lost = []

    def lose_one(datagram: bytes) -> list[bytes]:
        if not lost:
            lost.append(datagram)
            return []
        return [datagram]

    pair.to_console = lose_one
    used = []
    for _ in range(130):
        pair.console.request(GetDeviceId(), pair.now)
        used.append(next(iter(pair.console._open)))
        assert isinstance(pair.until_quiet()[-1], Answered)

    first = used[0]
    assert len(set(used[:64])) == 64
    assert first not in used[1:], "it was sent twice less than five seconds ago"


def test_an_idle_session_asks_for_nothing() -> None:
    pair = Pair().opened()

    assert pair.console.deadline() is None
    assert pair.console.datagrams() == []


def test_a_gentle_session_keeps_its_distance() -> None:
    pair = Pair(timing=Timing().gentle()).opened()
    begun = pair.now

    for _ in range(10):
        assert pair.works()

    assert pair.now - begun >= 0.45


def test_a_recorded_choice_of_random_numbers_gives_the_same_datagrams() -> None:
    def stream() -> Any:
        chance = random.Random(5)
        return chance.randbytes

    def opening() -> list[bytes]:
        console = LanSession(Login("admin", Secret(PASSWORD), cipher=3), random=stream())
        console.open(0.0)
        return console.datagrams()

    assert opening() == opening()


def test_a_session_that_is_lost_while_it_is_given_back_is_closed() -> None:
    pair = Pair(cipher=3).opened()
    pair.bmc.sessions.open.clear()  # it was restarted
    number = pair.console.request(GetDeviceId(), pair.now)
    pair.carry()
    pair.console.close(pair.now)
    events: list[Event] = []
    while pair.console.state is not State.CLOSED:
        events += pair.until_quiet()

    assert Closed(acknowledged=False) in events
    assert [event.lost for event in events if isinstance(event, GaveUp) and event.number == number] == [False]


def test_who_still_waits_when_a_session_is_given_back_is_told() -> None:
    pair = Pair(cipher=3).opened()
    pair.console.in_flight = 2
    number = pair.console.request(GetDeviceId(), pair.now)
    pair.console.datagrams()  # lost on the way
    pair.console.close(pair.now)
    events = pair.carry()

    assert [type(event) for event in events] == [GaveUp, Closed]
    assert isinstance(events[0], GaveUp)
    assert (events[0].number, events[0].lost) == (number, False)


@pytest.mark.parametrize(
    ("login", "size", "says"),
    [
        ({"version": "1.5"}, 300, r"the message has 307 bytes, IPMI 1\.5 carries at most 255"),
        ({"cipher": 3}, 70_000, r"the message takes 7\d{4} bytes, a packet carries at most 65535"),
        ({"cipher": 1}, 70_000, r"the message takes 70007 bytes, a packet carries at most 65535"),
    ],
)
def test_a_message_that_does_not_fit_is_told_and_the_next_one_goes_out(
    login: dict[str, Any], size: int, says: str
) -> None:
    pair = Pair(**login).opened()

    with pytest.raises(LocalError, match=says):
        pair.console.request(Raw(0x06, 0x01, bytes(size)), pair.now)

    assert pair.works()
    assert pair.console.deadline() is None


def test_who_is_interrupted_while_a_packet_is_made_leaves_no_question_behind() -> None:
    pair = Pair(cipher=3).opened()
    wrapping: Any = pair.console._wrapping
    wrap = wrapping.wrap

    def interrupt(message: bytes) -> bytes:
        raise KeyboardInterrupt

    wrapping.wrap = interrupt
    with pytest.raises(KeyboardInterrupt):
        pair.console.request(GetDeviceId(), pair.now)
    wrapping.wrap = wrap

    assert pair.console.deadline() is None
    assert pair.works()


@pytest.mark.parametrize("login", [{"version": "1.5"}, {"cipher": 1}, {"cipher": 3}])
def test_what_rmcp_reserves_and_its_own_sequence_number_do_not_matter(login: dict[str, Any]) -> None:
    pair = Pair(**login)
    pair.to_console = lambda datagram: [datagram[:1] + b"\x55\x00" + datagram[3:]]

    assert pair.opened().works()
