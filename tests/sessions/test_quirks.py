"""Each fault of a BMC with the quirk that lives with it: without the quirk nothing works, with it everything does."""

import re
from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.quirks import LESS_SAFE, QUIRKS
from ipmi_lab.virtual.profile import Profile
from tests.sessions.pair import Pair, profile

V15: dict[str, Any] = {"version": "1.5"}
LOGINS: dict[str, list[dict[str, Any]]] = {
    "authcap": [V15],
    "endianseq": [V15],
    "forcepermsg": [V15],
    "idzero": [V15],
    "integritycheckvalue": [{"cipher": 0}, {"cipher": 1}],
    "intel20": [{"cipher": 1}, {"cipher": 3}, {"cipher": 7}, {"cipher": 8}, {"cipher": 17}],
    "noauthcodecheck": [V15],
    "nochecksumcheck": [V15, {"cipher": 3}],
    "norqseq": [V15, {"cipher": 3}],
    "nosdulength": [V15, {"version": "1.5", "authentication": 0}],
    "opensesspriv": [{"cipher": 3}, {"cipher": 17}],
    "sun20": [{"cipher": 3}, {"cipher": 17}, {"version": "2.0"}],
    "supermicro20": [{"cipher": 0}, {"cipher": 3}, {"cipher": 8}, {"cipher": 17}],
    "tagzero": [{"cipher": 3}],
    "unexpectedauth": [V15],
}
PAIRS = [(fault, login) for fault, logins in LOGINS.items() for login in logins]
ELSEWHERE = {"consoleaddress", "fewslots", "notracking", "silentreset"}  # test_bridging.py, tests/lab, tests/device


def names(pairs: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [f"{fault}-{'-'.join(f'{key}-{value}' for key, value in login.items())}" for fault, login in pairs]


def pair(fault: str, login: dict[str, Any], *quirks: str, **changes: Any) -> Pair:
    usual = {"suites": [0, 1, 2, 3, 6, 7, 8, 15, 16, 17], "authentications": ["none", "md2", "md5"], "insecure": True}
    machine = profile(quirks=[fault] if fault else [], **usual | changes)
    return Pair(machine=machine, timing=Timing(budget=2), quirks=frozenset(quirks), **login)


def works(one: Pair) -> bool:
    one.open()
    return one.console.state is State.ACTIVE and one.works()


@pytest.mark.parametrize(("fault", "login"), PAIRS, ids=names(PAIRS))
def test_a_fault_is_lived_with_by_its_quirk_alone(fault: str, login: dict[str, Any]) -> None:
    assert not works(pair(fault, login))

    assert works(pair(fault, login, fault))


FITS_ONLY_THE_FAULTY = {"endianseq", "intel20"}
HARMLESS = [(fault, login) for fault, login in PAIRS if fault not in FITS_ONLY_THE_FAULTY]


@pytest.mark.parametrize(("fault", "login"), HARMLESS, ids=names(HARMLESS))
def test_a_quirk_does_no_harm_to_a_sound_bmc(fault: str, login: dict[str, Any]) -> None:
    assert works(pair("", login, fault))


def test_every_quirk_is_played_and_tried() -> None:
    assert set(LOGINS) | ELSEWHERE == set(QUIRKS)
    assert set(LESS_SAFE) <= set(QUIRKS)


def test_forged_codes_are_still_refused_where_codes_are_only_unexpected() -> None:
    one = pair("unexpectedauth", V15, "unexpectedauth").opened()
    one.to_console = lambda datagram: [datagram[:13] + bytes(16) + datagram[29:]]

    assert not one.works()


def test_forged_codes_are_still_refused_where_checksums_do_not_count() -> None:
    one = pair("nochecksumcheck", V15, "nochecksumcheck").opened()
    one.to_console = lambda datagram: [datagram[:13] + bytes(16) + datagram[29:]]

    assert not one.works()


def test_a_longer_proof_must_begin_with_the_right_one() -> None:
    one = pair("supermicro20", {"cipher": 3}, "supermicro20")
    one.bmc.users.users[2].password = b"another"

    assert "knows another password" in one.refused()


@pytest.mark.parametrize(
    ("fault", "login"),
    [("supermicro20", {"cipher": 3}), ("sun20", {"cipher": 3, "quirks": {"opensesspriv"}})],
    ids=["supermicro20", "sun20"],
)
def test_an_error_names_the_quirk_that_may_help(fault: str, login: dict[str, Any]) -> None:
    quirks = login.get("quirks", ())

    refused = pair(fault, {"cipher": 3}, *quirks).refused()

    assert fault in refused, refused


@pytest.mark.parametrize(("fault", "login"), [("integritycheckvalue", {"cipher": 0}), ("opensesspriv", {"cipher": 3})])
def test_an_error_names_the_quirk(fault: str, login: dict[str, Any]) -> None:
    assert re.search(rf"quirks? .*{fault}", pair(fault, login).refused())


def test_what_intel_does_with_md5_128_is_not_guessed() -> None:
    assert "intel20" in pair("intel20", {"cipher": 12}, "intel20", suites=[12]).refused()


def test_a_long_password_is_cut_where_intel_cuts_it() -> None:
    login = {"cipher": 8, "password": Secret("a password of 20 byt")}
    for quirks, fits in ((("intel20",), True), ((), False)):
        one = pair("intel20", login, *quirks)
        one.bmc.users.users[2].password = b"a password of 20 byt"
        assert works(one) is fits


def test_a_late_answer_is_not_taken_where_several_questions_are_open() -> None:
    one = pair("norqseq", V15, "norqseq")
    one.console.in_flight = 2
    one.opened()
    one.to_bmc = lambda datagram: []
    for _ in range(2):
        one.console.request(GetDeviceId(), one.now)
    one.carry()
    one.to_bmc = lambda datagram: [datagram]
    kept = list(one.sent[-2:])
    one.bmc.receive(kept[0], ("127.0.0.1", 40000), one.now)
    answers = [answer for _, answer in one.bmc.datagrams()]

    assert answers
    assert [event for answer in answers for event in one.console.receive(answer, one.now)] == []


def test_a_profile_knows_its_quirks() -> None:
    with pytest.raises(ValueError, match="Did you mean tagzero"):
        Profile(quirks=["tagzeroo"])
