"""The BMC's end of sessions: what it must withstand."""

import random

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.sel import GetSelEntry, SelEntry
from ipmi_lab.packets import lan20, rmcp
from ipmi_lab.packets.rakp import OpenSessionRequest, Proposal, Rakp1
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.bmc import HALF_OPEN, HALF_OPEN_LIFE
from ipmi_lab.sessions.events import Answered
from ipmi_lab.sessions.lockout import FAILURE_SPAN, FAILURES
from tests.sessions.pair import CONSOLE, Pair, profile


def open_request(console_id: int = 0x11223344, tag: int = 1, suite: tuple[int, int, int] = (1, 1, 1)) -> bytes:
    proposals = [Proposal(kind=kind, algorithm=number).encode() for kind, number in enumerate(suite)]
    request = OpenSessionRequest(
        tag=tag,
        privilege=0,
        console_id=console_id,
        authentication=proposals[0],
        integrity=proposals[1],
        confidentiality=proposals[2],
    )
    return lan20.pack(lan20.OPEN_REQUEST, 0, 0, request.encode())


def say(pair: Pair, datagram: bytes, address: object = CONSOLE) -> list[bytes]:
    pair.bmc.receive(datagram, address, pair.now)  # type: ignore[arg-type]  # any hashable address
    return [answer for _, answer in pair.bmc.datagrams()]


def test_half_open_sessions_keep_nobody_out() -> None:
    pair = Pair(cipher=3)
    for number in range(1, 1000):
        say(pair, open_request(number), ("127.0.0.9", number))

    assert len(pair.bmc.sessions._logins) <= HALF_OPEN
    assert pair.opened().works()


def test_half_open_sessions_are_forgotten_after_three_seconds() -> None:
    pair = Pair()
    say(pair, open_request())
    assert pair.bmc.sessions.deadline() == pair.now + HALF_OPEN_LIFE

    pair.bmc.sessions.wake(pair.now + HALF_OPEN_LIFE)

    assert not pair.bmc.sessions._logins


def test_a_silent_session_ends_after_a_minute() -> None:
    pair = Pair().opened()

    pair.bmc.sessions.wake(pair.now + 60.0)

    assert not pair.bmc.sessions.open


def test_wrong_passwords_lock_their_address_out_for_a_while_and_nobody_else() -> None:
    pair = Pair(cipher=3, password=Secret("wrong"))
    lockout = pair.bmc.sessions.lockout
    for _ in range(FAILURES):
        assert not lockout.holds(CONSOLE, pair.now)
        pair.open()

    assert lockout.holds(CONSOLE, pair.now)
    assert not lockout.holds(("another", 623), pair.now)
    assert not lockout.holds(CONSOLE, pair.now + FAILURE_SPAN)


def test_logins_that_stop_at_the_proof_count_as_wrong_once_they_die_of_age() -> None:
    pair = Pair(cipher=3, password=Secret("wrong"))
    lockout = pair.bmc.sessions.lockout
    pair.to_bmc = lambda datagram: [] if datagram[4:6] == b"\x06\x14" else [datagram]
    for _ in range(FAILURES):
        pair.open()
    assert not lockout.holds(CONSOLE, pair.now)

    pair.bmc.sessions.wake(pair.now + HALF_OPEN_LIFE)

    assert lockout.holds(CONSOLE, pair.now + HALF_OPEN_LIFE)


def test_many_wrong_proofs_lock_the_address_out() -> None:
    pair = Pair(cipher=3)
    for _ in range(FAILURES):
        pair.bmc.sessions.lockout.failed(CONSOLE, pair.now)

    assert "a lock-out" in pair.refused()
    pair.now += 11
    assert pair.opened().works()


def test_logins_that_a_bad_network_cut_short_lock_nobody_out_who_proves_his_password() -> None:
    pair = Pair(cipher=3)
    lost = []

    def lose_six(datagram: bytes) -> list[bytes]:
        if datagram[4:6] == b"\x06\x14" and len(lost) < FAILURES + 1:
            lost.append(datagram)
            return []
        return [datagram]

    pair.to_bmc = lose_six
    pair.opened()
    pair.bmc.sessions.wake(pair.now + 3.1)

    assert len(lost) == FAILURES + 1
    assert not pair.bmc.sessions.lockout.holds(CONSOLE, pair.now + 3.1)
    pair.console.close(pair.now)
    pair.until_quiet()
    assert pair.opened().works()


def test_a_session_belongs_to_its_address() -> None:
    pair = Pair(cipher=3).opened()
    pair.console.request(GetDeviceId(), pair.now)
    stolen = pair.console.datagrams()[0]

    assert say(pair, stolen, ("127.0.0.66", 40000)) == []
    assert say(pair, stolen)


def test_a_replayed_packet_is_ignored() -> None:
    pair = Pair(cipher=3).opened()
    pair.console.request(GetDeviceId(), pair.now)
    packet = pair.console.datagrams()[0]

    assert say(pair, packet)
    assert say(pair, packet) == []


def test_another_rakp_1_does_not_take_a_login_over() -> None:
    pair = Pair(cipher=3)
    answer = say(pair, open_request())[0]
    bmc_id = int.from_bytes(answer[24:28], "little")
    first = Rakp1(tag=2, bmc_id=bmc_id, console_random=bytes(16), role=0x14, name_length=5, user_name=b"admin")
    other = Rakp1(tag=2, bmc_id=bmc_id, console_random=b"x" * 16, role=0x14, name_length=5, user_name=b"admin")

    told = say(pair, lan20.pack(lan20.RAKP1, 0, 0, first.encode()))

    assert say(pair, lan20.pack(lan20.RAKP1, 0, 0, other.encode())) == []
    assert say(pair, lan20.pack(lan20.RAKP1, 0, 0, first.encode())) == told


def test_unknown_users_are_answered_like_known_ones() -> None:
    def rakp2(user: bytes) -> bytes:
        pair = Pair(cipher=3)
        answer = say(pair, open_request())[0]
        ask = Rakp1(
            tag=2,
            bmc_id=int.from_bytes(answer[24:28], "little"),
            console_random=bytes(16),
            role=0x14,
            name_length=len(user),
            user_name=user,
        )
        return say(pair, lan20.pack(lan20.RAKP1, 0, 0, ask.encode()))[0]

    known, unknown = rakp2(b"admin"), rakp2(b"nobdy")

    assert len(known) == len(unknown)
    assert known[16:18] == unknown[16:18] == b"\x02\x00"


def test_a_privilege_that_the_session_has_not_is_refused() -> None:
    from ipmi_lab.commands.chassis import ChassisControl, Power
    from ipmi_lab.wire.codes import CompletionCode, Privilege

    pair = Pair(privilege=Privilege.USER).opened()
    event = pair.ask(ChassisControl(action=Power.OFF))

    assert isinstance(event, Answered)
    assert event.code == CompletionCode.INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize("suite", [(0, 0, 0), (9, 9, 9), (1, 0, 1)])
def test_a_suite_that_is_not_offered_is_refused(suite: tuple[int, int, int]) -> None:
    answer = say(Pair(), open_request(suite=suite))[0]

    assert answer[17] == 0x11


def test_without_a_session_no_answer_is_much_longer_than_its_question() -> None:
    pair = Pair(machine=profile(suites=list(range(1, 18))))
    ping = rmcp.ASF_HEADER + rmcp.Ping(tag=1).encode()
    for question in (open_request(), open_request(suite=(7, 7, 7))):
        assert sum(map(len, say(pair, question))) <= 1.5 * len(question)
    assert len(say(pair, ping)) == 1


def test_no_datagram_kills_the_bmc_and_memory_stays_flat() -> None:
    pair = Pair(cipher=3).opened()
    chance = random.Random(11)
    pair.console.request(GetDeviceId(), pair.now)
    templates = [*pair.sent, *pair.console.datagrams(), open_request()]

    for _ in range(30_000):
        spoilt = bytearray(chance.choice(templates))
        for _ in range(chance.randrange(1, 5)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        pair.bmc.receive(bytes(spoilt[: chance.randrange(len(spoilt) + 1)]), CONSOLE, pair.now)
        pair.bmc.datagrams()

    assert len(pair.bmc.sessions._logins) <= HALF_OPEN
    assert len(pair.bmc.sessions.open) <= 2
    fresh = Pair(cipher=3)
    fresh.bmc = pair.bmc
    fresh.now = pair.now + 60
    assert fresh.opened().works()


def test_damaged_contents_inside_a_good_session_are_answered_with_a_code() -> None:
    from ipmi_lab.commands import byname
    from ipmi_lab.commands.command import Request
    from ipmi_lab.commands.raw import Raw

    ends = ("CloseSession", "ColdReset")
    pair = Pair(cipher=3).opened()
    chance = random.Random(5)
    commands: list[type[Request]] = [c for c in byname.commands() if c.__name__ not in ends]  # type: ignore[type-arg]  # of any answer

    for _ in range(3000):
        command = chance.choice(commands)
        event = pair.ask(Raw(command.netfn, command.command, chance.randbytes(chance.randrange(24))))
        assert isinstance(event, Answered), command
    assert pair.console.how


def test_a_login_takes_the_place_of_the_session_that_was_silent_the_longest() -> None:
    pair = Pair(machine=profile(session_slots=2)).opened()
    others = [Pair(), Pair()]
    for other in others:
        other.bmc = pair.bmc
    others[0].now = pair.now + 0.5
    others[0].opened()
    others[1].now = pair.now + 0.9
    assert "no resources" in others[1].refused()

    others[1].now = pair.now + 1.2  # the first session was silent for 1.2 s, the second one for 0.7 s
    others[1].opened()

    others[0].now = others[1].now
    assert others[0].works()
    assert others[1].works()
    assert len(pair.bmc.sessions.open) == 2


def test_an_answer_that_does_not_fit_into_ipmi_15_is_refused() -> None:
    pair = Pair(version="1.5").opened()
    pair.bmc.sel.get = lambda ask: SelEntry(next_id=0xFFFF, record=bytes(300))  # type: ignore[method-assign]
    pair.bmc._slots[0x0A, 0x43, b""] = GetSelEntry, pair.bmc.sel.get

    event = pair.ask(GetSelEntry())

    assert isinstance(event, Answered)
    assert event.code == 0xCA


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_the_number_0_is_none_of_a_session(version: str) -> None:
    pair = Pair(version=version).opened()
    pair.console._wrapping.sequence = 0  # type: ignore[union-attr]
    pair.console.request(GetDeviceId(), pair.now)

    assert say(pair, pair.console.datagrams()[0]) == []
    assert pair.bmc.sessions.dropped
