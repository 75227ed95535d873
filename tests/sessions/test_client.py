"""The receive rules and retries of a console, without sockets and without waiting."""

import random
from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId, GetSelfTestResults
from ipmi_lab.commands.chassis import ChassisControl, GetChassisStatus, Power
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.sel import AddSelEntry
from ipmi_lab.errors import LocalError, SessionError
from ipmi_lab.packets import lan15
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.crypto import SUITES
from ipmi_lab.sessions.events import Answered, Closed, Dropped, Event, GaveUp, Opened
from ipmi_lab.sessions.lan import LanSession
from ipmi_lab.sessions.login import Login, Timing
from tests.sessions.pair import PASSWORD, Pair, profile


@pytest.mark.parametrize("suite", [1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17])
def test_every_suite_opens_and_carries_commands(suite: int) -> None:
    pair = Pair(version="2.0", cipher=suite).opened()

    assert f"cipher suite {suite} ({SUITES[suite]})" in pair.console.how
    assert pair.works()


@pytest.mark.parametrize("kind", [1, 2])
def test_every_authentication_of_ipmi_15_opens_and_carries_commands(kind: int) -> None:
    assert Pair(version="1.5", authentication=kind).opened().works()


@pytest.mark.parametrize("kind", [0, 4])
def test_weak_authentication_needs_an_insecure_bmc_and_an_explicit_wish(kind: int) -> None:
    weak = profile(authentications=["none", "straight"], suites=[], insecure=True)

    assert Pair(machine=weak, version="1.5", authentication=kind).opened().works()
    assert "offers no authentication that is safe" in Pair(machine=weak, version="1.5").refused()
    safe = profile(authentications=["none", "straight"], suites=[])
    assert "does not offer authentication" in Pair(machine=safe, version="1.5", authentication=kind).refused()


def test_auto_takes_the_strongest_that_both_have() -> None:
    assert "suite 17" in Pair().opened().console.how
    assert "suite 3 " in Pair(machine=profile(suites=[1, 2, 3, 15])).opened().console.how
    assert "IPMI 1.5, authentication md5" in Pair(machine=profile(suites=[])).opened().console.how


def test_suite_0_is_never_chosen_by_itself() -> None:
    bare = profile(suites=[0], insecure=True)

    assert "none of the cipher suites that were tried: 17" in Pair(machine=bare, version="2.0").refused()
    assert Pair(machine=bare, version="2.0", cipher=0).opened().works()


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"password": Secret("wrong"), "cipher": 3}, "knows another password for this user"),
    ({"user": "nobody", "cipher": 3}, "knows another password for this user"),
    ({"cipher": 5}, "none of the cipher suites that were tried: 5 (no cipher suite matches proposal, 0x11)"),
    ({"user": "viewer", "cipher": 3}, "unauthorized role or privilege (RMCP+ status 0x0A)"),
    ({"kg": Secret("another key"), "cipher": 3}, "the K_g that was given is not the BMC"),
    ({"version": "1.5", "password": Secret("wrong")}, "most BMCs refuse a wrong password"),
    ({"version": "1.5", "user": "viewer"}, "privilege exceeds user or channel limit (0x86)"),
    ({"version": "1.5", "password": Secret("x" * 17)}, "IPMI 1.5 takes at most 16"),
]


@pytest.mark.parametrize(("login", "says"), REFUSALS)
def test_a_refusal_names_its_cause(login: dict[str, Any], says: str) -> None:
    pair = Pair(**login)

    assert says in pair.refused()
    assert pair.console.state is State.CLOSED


def test_a_bmc_with_a_key_of_its_own_is_recognised() -> None:
    pair = Pair(cipher=3)
    pair.bmc.users.key = b"k" * 20
    assert "it has a K_g, and none was given" in pair.refused()

    pair = Pair(cipher=17, kg=Secret(b"k" * 20))
    pair.bmc.users.key = b"k" * 20
    assert pair.opened().works()


def test_full_slots_are_named() -> None:
    pair = Pair(machine=profile(session_slots=1), cipher=3).opened()
    pair.console.abandon()

    assert "no resources for session" in pair.refused()


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


# ---------------------------------------------------------------------- loss


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


def test_each_open_session_under_way_has_a_new_tag_and_id() -> None:
    pair = Pair(cipher=3, version="2.0")
    seen: list[bytes] = []

    def swallow(datagram: bytes) -> list[bytes]:
        if datagram[4:6] == b"\x06\x10":
            seen.append(datagram[16:17] + datagram[20:24])
            return []
        return [datagram]

    pair.to_bmc = swallow

    assert "not to Open Session" in pair.refused()
    assert len(seen) == 8  # two rounds: the BMC is known to live
    assert len(set(seen)) == 8


def test_a_lost_rakp_4_starts_again_from_open_session() -> None:
    pair = Pair(cipher=3, version="2.0")
    lost = []

    def lose_first(datagram: bytes) -> list[bytes]:
        if datagram[4:6] == b"\x06\x15" and not lost:
            lost.append(datagram)
            return []
        return [datagram]

    pair.to_console = lose_first

    assert pair.opened().works()
    assert sum(datagram[4:6] == b"\x06\x10" for datagram in pair.sent) == 2


def test_nobody_at_all_is_told_after_four_tries_in_under_five_seconds() -> None:
    pair = Pair()
    pair.to_bmc = lambda datagram: []
    begun = pair.now

    assert "Nor did a ping come back" in pair.refused()
    assert pair.now - begun < 5


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


# ---------------------------------------------------------------------- what must never be done twice


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


def test_what_is_asked_once_goes_out_once_and_waits_as_long_as_it_may() -> None:
    pair = Pair(cipher=3).opened()
    pair.to_console = lambda datagram: []
    before, begun = len(pair.sent), pair.now

    event = pair.ask(AddSelEntry(record=bytes(16)))

    assert isinstance(event, GaveUp)
    assert (event.tries, len(pair.sent) - before) == (1, 1)
    assert pair.now - begun == pytest.approx(2.0)
    assert len(pair.bmc.sel.entries) == 1


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


def test_a_bmc_that_answers_a_ping_is_asked_for_its_capabilities_longer() -> None:
    pair = Pair(version="2.0", cipher=3)
    lost = []

    def lose_five(datagram: bytes) -> list[bytes]:
        if datagram[3:4] == b"\x07" and datagram[4:5] == b"\x00" and len(lost) < 5:  # more than one round has
            lost.append(datagram)
            return []
        return [datagram]

    pair.to_bmc = lose_five
    assert pair.opened().works()
    assert len(lost) == 5


def test_nobody_is_given_up_as_soon_as_before() -> None:
    pair = Pair(version="2.0", cipher=3)
    pair.to_bmc = lambda datagram: []
    begun = pair.now

    assert "Nor did a ping come back" in pair.refused()
    assert pair.now - begun < 4


def test_an_activation_that_a_bad_network_swallowed_is_begun_anew_with_another_challenge() -> None:
    pair = Pair(version="1.5")
    lost = []

    def lose_three(datagram: bytes) -> list[bytes]:
        if datagram[4:5] == b"\x02" and len(lost) < 3:  # MD5: the activation is the first packet that is signed
            lost.append(datagram[9:13])
            return []
        return [datagram]

    pair.to_bmc = lose_three
    assert pair.opened().works()
    assert len(set(lost)) == 1


def test_a_wrong_password_of_ipmi_15_is_told_within_four_seconds() -> None:
    pair = Pair(version="1.5", password=Secret("wrong"))
    begun = pair.now

    assert "refuse a wrong password" in pair.refused()
    assert pair.now - begun <= 4
