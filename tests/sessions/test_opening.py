"""How a console opens a session, or is told why it cannot, without sockets and without waiting."""

from typing import Any

import pytest

from ipmi_lab.secret import Secret
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.crypto import SUITES
from tests.sessions.pair import Pair, profile


@pytest.mark.parametrize("suite", range(20))
def test_every_suite_opens_and_carries_commands(suite: int) -> None:
    pair = Pair(machine=profile(suites=[suite], insecure=True), version="2.0", cipher=suite).opened()

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
