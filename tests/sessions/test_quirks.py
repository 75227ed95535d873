"""Each fault of a BMC with the quirk that lives with it: without the quirk nothing works, with it everything does."""

from typing import Any

import pytest

from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.quirks import PLAYED, QUIRKS
from ipmi_lab.virtual.profile import Profile
from tests.sessions.pair import Pair, profile

LOGINS: dict[str, dict[str, Any]] = {"tagzero": {"version": "2.0", "cipher": 3}}


def pair(fault: str, *quirks: str) -> Pair:
    login = LOGINS.get(fault, {"version": "1.5"})
    return Pair(machine=profile(quirks=[fault]), timing=Timing(budget=2), quirks=frozenset(quirks), **login)


@pytest.mark.parametrize("fault", PLAYED)
def test_a_fault_is_lived_with_by_its_quirk_alone(fault: str) -> None:
    without = pair(fault)
    without.open()
    assert without.console.state is not State.ACTIVE or not without.works()

    assert pair(fault, fault).opened().works()


HARMLESS = sorted(set(PLAYED) - {"endianseq"})  # that one fits only BMCs that write their numbers so


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_quirk_does_no_harm_to_a_sound_bmc(fault: str) -> None:
    login = LOGINS.get(fault, {"version": "1.5"})

    assert Pair(quirks=frozenset({fault}), **login).opened().works()


def test_forged_codes_are_still_refused_where_codes_are_only_unexpected() -> None:
    one = pair("unexpectedauth", "unexpectedauth").opened()
    one.to_console = lambda datagram: [datagram[:13] + bytes(16) + datagram[29:]]

    assert not one.works()


def test_every_quirk_says_what_it_does() -> None:
    assert set(PLAYED) <= set(QUIRKS)
    assert all(QUIRKS.values())


def test_a_profile_knows_its_quirks() -> None:
    with pytest.raises(ValueError, match="Did you mean tagzero"):
        Profile(quirks=["tagzeroo"])
