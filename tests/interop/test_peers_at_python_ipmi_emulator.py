"""Clients of all makes, ours too, at python-ipmi's emulator: IPMI 1.5 with a straight password, and none of 2.0."""

import pytest

from tests.interop.command_lines import Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.libraries import Pyghmi
from tests.interop.peers import Client, Lan, LanPlus, Way
from tests.interop.reasons import (
    EMULATOR_15,
    EMULATOR_ANSWERS,
    EMULATOR_PONG,
    EMULATOR_STRAIGHT,
    EMULATOR_USERS,
    LANS,
    OPENIPMI_SHA256,
    Case,
    Why,
    names,
)
from tests.interop.servers import PythonIpmiEmulator
from tests.interop.test_peers_at_ipmi_sim import GET_DEVICE_ID

pytestmark = pytest.mark.interop

STRAIGHT = Lan("password")
SUITES: list[Way] = [LanPlus(3), LanPlus(17)]
WAYS = [*LANS, *SUITES]

FAILS: list[Case] = [
    *[("ipmitool", lan, "not supported", EMULATOR_STRAIGHT) for lan in LANS if lan != STRAIGHT],
    *[("ipmitool", suite, "Unable to establish IPMI v2", EMULATOR_15) for suite in SUITES],
    *[("freeipmi", lan, "username invalid", EMULATOR_USERS) for lan in LANS],
    *[("freeipmi", suite, "ipmi 2.0 unavailable", EMULATOR_15) for suite in SUITES],
    *[("openipmi", way, "no domain came up", EMULATOR_ANSWERS) for way in [*LANS, LanPlus(3)]],
    ("openipmi", LanPlus(17), "First connection parms are invalid", OPENIPMI_SHA256),
    *[("ours", way, "number 1 came outside a session", EMULATOR_ANSWERS) for way in WAYS],
    *[("python_ipmi", way, "SDU has extra bytes", EMULATOR_PONG) for way in WAYS],
]


def test_ipmitool_gets_the_device_id(
    ipmitool: Ipmitool, python_ipmi_emulator: PythonIpmiEmulator, interop_record: InteropRecord
) -> None:
    with interop_record(ipmitool.name, python_ipmi_emulator.name, STRAIGHT):
        answer = ipmitool.raw(python_ipmi_emulator.target, STRAIGHT, GET_DEVICE_ID)

        assert (answer.completion, answer.data) == (0, bytes(11))  # it says 0 of everything


@pytest.mark.parametrize(("client", "way", "words", "why"), FAILS, indirect=["client"], ids=names(FAILS))
def test_a_client_gets_nothing_for_a_known_reason(
    client: Client,
    way: Way,
    words: str,
    why: Why,
    python_ipmi_emulator: PythonIpmiEmulator,
    interop_record: InteropRecord,
) -> None:
    with interop_record(client.name, python_ipmi_emulator.name, way, *why):
        answer = client.raw(python_ipmi_emulator.target, way, GET_DEVICE_ID, patience=0.3)

        assert answer.completion is None
        assert words in answer.output + answer.errors


def test_pyghmi_gets_nothing_whatever_way_it_would_take(
    pyghmi: Pyghmi, python_ipmi_emulator: PythonIpmiEmulator, interop_record: InteropRecord
) -> None:
    """It asks for the capabilities first in all of them."""
    answer = pyghmi.raw(python_ipmi_emulator.target, SUITES[0], GET_DEVICE_ID)
    for way in WAYS:
        with interop_record(pyghmi.name, python_ipmi_emulator.name, way, *EMULATOR_ANSWERS):
            assert answer.completion is None
            assert "IpmiException: None" in answer.errors
