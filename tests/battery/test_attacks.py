"""What attackers do to a BMC, one by one, at a virtual BMC with its defaults (row 29)."""

import statistics
import time
from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.channel import GetChannelCipherSuites
from ipmi_lab.commands.chassis import ChassisControl, Power
from ipmi_lab.commands.session import (
    AuthenticationType,
    CloseSession,
    GetChannelAuthenticationCapabilities,
    GetSessionChallenge,
    SetSessionPrivilegeLevel,
)
from ipmi_lab.packets import ipmb, lan20, rmcp
from ipmi_lab.packets.rakp import Status
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.bmc import HALF_OPEN
from ipmi_lab.sessions.events import Answered, Refused
from ipmi_lab.sessions.lockout import FAILURES
from ipmi_lab.virtual.farm import made_up_password
from ipmi_lab.wire.codes import Privilege
from tests.battery.attacker import (
    ATTACKS,
    ELSEWHERE,
    attack,
    begun,
    closed,
    defaults,
    open_request,
    rakp1,
    rakp3,
    say,
    sessionless,
)
from tests.battery.conftest import Record
from tests.battery.mutations import mutations
from tests.battery.recorded import recorded
from tests.sessions.pair import Pair, profile

HEADERS = 28  # IP and UDP


# ---------------------------------------------------------------------- weak ways in


@attack
def cipher_suite_0() -> None:
    pair = defaults(cipher=0, version="2.0")
    assert "cipher suites" in pair.refused()
    assert closed(pair)


@attack
def authentication_type_none() -> None:
    pair = defaults(version="1.5", authentication=AuthenticationType.NONE, quirks=frozenset({"authcap"}))
    assert pair.refused()
    assert closed(pair)


@attack
def a_straight_password() -> None:
    pair = defaults(version="1.5", authentication=AuthenticationType.STRAIGHT, quirks=frozenset({"authcap"}))
    assert pair.refused()
    assert closed(pair)


@attack
def a_downgrade_to_ipmi_15() -> None:
    pair = Pair(machine=profile(authentications=[]), version="1.5")
    assert pair.refused()
    answer = say(pair, sessionless(GetSessionChallenge(authentication=AuthenticationType.MD5, user_name="admin")))
    assert answer[0][20] != 0, "the challenge must be refused"
    assert closed(pair)


@attack
def the_null_user() -> None:
    for version in ("1.5", "2.0"):
        pair = defaults(version=version, user="", password=Secret(""))
        assert pair.refused()
        assert closed(pair)


# ---------------------------------------------------------------------- other people's sessions


@attack
def a_command_replayed_in_its_session() -> None:
    pair = Pair(cipher=3).opened()
    pair.console.request(ChassisControl(action=Power.CYCLE), pair.now)
    packet = pair.console.datagrams()[0]
    assert say(pair, packet)
    pair.now += 10
    assert say(pair, packet) == []


@attack
def a_whole_login_replayed() -> None:
    pair = Pair(cipher=3).opened()
    sent = list(pair.sent)
    pair.console.close(pair.now)
    pair.until_quiet()
    assert closed(pair)
    for packet in sent:
        say(pair, packet)
    assert closed(pair)


@attack
def a_session_used_from_another_address() -> None:
    pair = Pair(cipher=3).opened()
    pair.console.request(GetDeviceId(), pair.now)
    packet = pair.console.datagrams()[0]
    assert say(pair, packet, ELSEWHERE) == []
    assert say(pair, packet)


@attack
def a_login_or_session_taken_over_by_rakp_1() -> None:
    pair = Pair(cipher=3)
    bmc_id = begun(pair)
    told = say(pair, rakp1(bmc_id))
    assert say(pair, rakp1(bmc_id, b"viewer", random=b"x" * 16)) == []
    assert say(pair, rakp1(bmc_id, b"viewer", random=b"x" * 16), ELSEWHERE) == []
    assert say(pair, rakp1(bmc_id)) == told
    pair = Pair(cipher=3).opened()
    bmc_id = next(iter(pair.bmc.sessions.open))
    assert say(pair, rakp1(bmc_id)) == []
    assert pair.works()


@attack
def sequence_number_0_in_a_session() -> None:
    for version in ("1.5", "2.0"):
        pair = Pair(version=version).opened()
        wrapping: Any = pair.console._wrapping
        wrapping.sequence = 0
        pair.console.request(GetDeviceId(), pair.now)
        assert say(pair, pair.console.datagrams()[0]) == []


@attack
def a_sequence_number_far_ahead() -> None:
    for version in ("1.5", "2.0"):
        pair = Pair(version=version).opened()
        wrapping: Any = pair.console._wrapping
        wrapping.sequence = (wrapping.sequence + 1000) % 0x100000000
        pair.console.request(GetDeviceId(), pair.now)
        assert say(pair, pair.console.datagrams()[0]) == []


@attack
def a_packet_without_its_signature() -> None:
    pair = Pair(cipher=3).opened()
    session = next(iter(pair.bmc.sessions.open.values()))
    message = ipmb.pack(ipmb.BMC, 0x06 << 2, ipmb.CONSOLE, 4, 1, b"")
    number = session.wrapping.window.highest + 1  # type: ignore[union-attr]
    assert say(pair, lan20.pack(lan20.PAYLOAD_IPMI, session.bmc_id, number, message)) == []
    assert pair.works()


# ---------------------------------------------------------------------- more than one may


@attack
def a_privilege_raised_above_the_users() -> None:
    pair = Pair(user="viewer", privilege=Privilege.USER).opened()
    for level in (Privilege.OPERATOR, Privilege.ADMINISTRATOR, Privilege.OEM):
        event = pair.ask(SetSessionPrivilegeLevel(privilege=level))
        assert isinstance(event, Answered)
        assert event.code in (0x80, 0x81, 0xCC)


@attack
def a_login_as_more_than_the_user_is() -> None:
    for version in ("1.5", "2.0"):
        pair = Pair(user="viewer", version=version)
        assert pair.refused()
        assert closed(pair)


@attack
def a_command_above_the_privilege() -> None:
    pair = Pair(user="viewer", privilege=Privilege.USER).opened()
    event = pair.ask(ChassisControl(action=Power.OFF))
    assert isinstance(event, Answered)
    assert event.code == 0xD4
    assert pair.bmc.chassis.is_on(pair.now)


@attack
def the_session_of_another_closed_by_a_user() -> None:
    admin, viewer = Pair().opened(), Pair(user="viewer", privilege=Privilege.USER)
    viewer.bmc = admin.bmc
    victim = next(iter(admin.bmc.sessions.open))
    viewer.opened()
    event = viewer.ask(CloseSession(session_id=victim))
    assert isinstance(event, Answered)
    assert event.code != 0
    assert admin.works()


@attack
def a_bmc_key_that_is_not_known() -> None:
    pair = Pair(cipher=3)
    pair.bmc.users.key = b"the key of this BMC!"
    assert isinstance(pair.open(), Refused)
    assert not any(session.used for session in pair.bmc.sessions.open.values())


# ---------------------------------------------------------------------- out of order, malformed, too much


@attack
def rakp_3_without_rakp_1() -> None:
    pair = Pair(cipher=3)
    bmc_id = begun(pair)
    assert say(pair, rakp3(bmc_id)) == []
    assert say(pair, rakp3(bmc_id, b"")) == []
    assert closed(pair)


@attack
def a_wrong_proof() -> None:
    pair = Pair(cipher=3)
    bmc_id = begun(pair)
    say(pair, rakp1(bmc_id))
    for code in (bytes(20), b"", b"\0"):
        for answer in say(pair, rakp3(bmc_id, code)):
            assert answer[17] == Status.INVALID_INTEGRITY_CHECK_VALUE
    assert closed(pair)


@attack
def names_too_long() -> None:
    pair = Pair(cipher=3)
    for user, length in ((b"a" * 17, None), (b"a" * 255, None), (b"admin", 16), (b"admin", 255), (b"", 5)):
        for answer in say(pair, rakp1(begun(pair), user, length)):
            assert answer[17] == Status.INVALID_NAME_LENGTH
    assert pair.opened().works()


@attack
def malformed_packets() -> None:
    pair = Pair(cipher=3).opened()
    said, _ = recorded()
    for datagram in mutations(71, said, 3000):
        say(pair, datagram, ELSEWHERE)
    assert pair.works()


@attack
def a_flood_of_half_open_logins() -> None:
    pair = Pair(cipher=3)
    for port in range(1000):
        begun(pair, ("127.0.0.66", port))
    assert len(pair.bmc.sessions._logins) <= HALF_OPEN
    assert pair.opened().works()


@attack
def guessing_a_password() -> None:
    """After some wrong ones nobody from there is answered for a while, not even with the right one."""
    pair = Pair(cipher=3)
    for _ in range(FAILURES):
        bmc_id = begun(pair)
        say(pair, rakp1(bmc_id))
        say(pair, rakp3(bmc_id))
    assert say(pair, rakp1(begun(pair))) == []
    other = Pair(cipher=3)
    other.bmc = pair.bmc
    assert say(pair, rakp1(begun(pair, ELSEWHERE)), ELSEWHERE), "others are not locked out"


@attack
def amplification() -> None:
    """On the wire no answer to what can be sent in another's name is more than half as long again as its question, and
    none has two. (RAKP 1 cannot be sent so: it must name the id that the BMC told whoever began the login.)"""
    pair = Pair()
    asks = [
        GetChannelAuthenticationCapabilities(extended=True, channel=0x0E, privilege=Privilege.USER),
        GetChannelAuthenticationCapabilities(extended=False, channel=0x0E, privilege=Privilege.USER),
        GetSessionChallenge(authentication=AuthenticationType.MD5, user_name="admin"),
        *(GetChannelCipherSuites(channel=0x0E, index=index) for index in range(3)),
    ]
    packets = [sessionless(ask) for ask in asks]
    packets += [rmcp.ASF_HEADER + rmcp.Ping(tag=1).encode(), open_request()]
    for packet in packets:
        answers = say(pair, packet)
        assert len(answers) <= 1
        assert sum(len(answer) + HEADERS for answer in answers) <= 1.5 * (len(packet) + HEADERS), packet.hex()
    assert say(pair, rakp1(0x12345678)) == []
    assert say(pair, rakp1(begun(pair)), ELSEWHERE) == []


@attack
def probing_for_users() -> None:
    """An unknown user gets the answers of a known one, of the same length, in about the same time."""
    took: dict[bytes, list[float]] = {b"admin": [], b"nobody": []}
    shapes: dict[bytes, set[tuple[int, int]]] = {b"admin": set(), b"nobody": set()}
    pair = Pair(cipher=3)
    for _ in range(200):
        for user, times in took.items():
            bmc_id = begun(pair)
            question = rakp1(bmc_id, user)
            start = time.thread_time_ns()
            answers = say(pair, question)
            times.append((time.thread_time_ns() - start) / 1000)
            shapes[user].add((len(answers[0]), answers[0][17]))
        pair.bmc.sessions._logins.clear()
    challenges = [
        say(pair, sessionless(GetSessionChallenge(authentication=AuthenticationType.MD5, user_name=user)))[0]
        for user in ("admin", "nobody")
    ]
    known, unknown = (statistics.median(took[user]) for user in (b"admin", b"nobody"))
    assert shapes[b"admin"] == shapes[b"nobody"]
    assert len({len(challenge) for challenge in challenges}) == 1
    assert abs(known - unknown) < 0.25 * known, (known, unknown)


NOT_HELD = "the RAKP 2 hash told to whoever asks"


def test_the_hash_of_rakp_2_is_in_the_protocol_and_hard_to_use() -> None:
    """Whoever knows a user's name gets a hash of his password, to guess at home: IPMI wants it so. Therefore the
    password that a virtual BMC makes up is beyond guessing, and only a few hashes are given away in ten seconds."""
    assert len(made_up_password(20)) == 20
    assert len({made_up_password(20) for _ in range(100)}) == 100
    pair = Pair(cipher=3)
    given = 0
    for _ in range(200):
        given += len(say(pair, rakp1(begun(pair))))
        pair.now += 0.02
        pair.bmc.sessions.wake(pair.now)
    pair.now += 3.1
    pair.bmc.sessions.wake(pair.now)
    assert say(pair, rakp1(begun(pair))) == []


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_held(name: str) -> None:
    ATTACKS[name]()


@pytest.mark.battery(29)
def test_all_attacks_but_the_one_of_the_protocol_are_held(record: Record) -> None:
    fallen = []
    for name, test in ATTACKS.items():
        try:
            test()
        except AssertionError as error:
            fallen.append(f"{name}: {error}")
    assert fallen == []
    assert len(ATTACKS) == 25
    said = f"{len(ATTACKS)} of {len(ATTACKS) + 1} held: {', '.join(ATTACKS)}; not held: {NOT_HELD}"
    record(29, "our BMC with its defaults", said)
