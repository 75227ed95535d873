"""Clients of all makes, ours too, at pyghmi's server, which is the IPMI side of virtualbmc too: it has suite 3 only."""

import pytest

from tests.interop.command_lines import Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.openipmi import OpenIpmi
from tests.interop.peers import Client, LanPlus, Way
from tests.interop.reasons import (
    HMAC_MD5,
    LANS,
    SERVER_20,
    SERVER_KEY,
    SERVER_OPENIPMI,
    SERVER_PING,
    SERVER_PROPOSAL,
    SERVER_SUITE_3,
    Case,
    Why,
    cases,
    names,
)
from tests.interop.servers import PyghmiBmc

pytestmark = pytest.mark.interop

GET_DEVICE_ID = b"\x06\x01"
DEVICE_ID = bytes.fromhex("00 00 01 00 02 00 00 00 00 00 00 00 00 00")  # 14 bytes: its manufacturer has 4, not 3
SUITE_3 = LanPlus(3)
WITH_KEY = f"{SUITE_3} with K_g"
OTHERS = (0, 1, 2, *range(4, 20))

FAILS: list[Case] = [
    *[("ipmitool", lan, "Unable to establish LAN session", SERVER_20) for lan in LANS],
    *[("freeipmi", lan, "connection timeout", SERVER_20) for lan in LANS],
    *[("openipmi", lan, "no domain came up", SERVER_20) for lan in LANS],
    *[("ours", lan, "nothing answers Get Channel Authentication Capabilities", SERVER_20) for lan in LANS],
    *[("python_ipmi", lan, "no response to RMCP ping", SERVER_PING) for lan in LANS],
    *cases("ipmitool", (0, 1, 2, *range(4, 18)), "is not what we requested", SERVER_SUITE_3),
    *cases("freeipmi", (0, 6, 7, 8, 11, 12, 15, 16, 17), "password invalid", SERVER_SUITE_3),
    *cases("freeipmi", (1, 2), "session timeout", SERVER_SUITE_3),
    *cases("ours", OTHERS, "(it agreed, but to HMAC-SHA1/HMAC-SHA1-96/AES-CBC-128)", SERVER_SUITE_3),
    *cases("python_ipmi", (1, 2, 3, 15, 16, 17), "no response to RMCP ping", SERVER_PING),
    *cases("pyghmi", (3, 17), "struct.error", SERVER_PROPOSAL),
]


@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "openipmi", "ours"], indirect=True)
def test_a_client_gets_the_device_id(client: Client, pyghmi_bmc: PyghmiBmc, interop_record: InteropRecord) -> None:
    with interop_record(client.name, pyghmi_bmc.name, SUITE_3):
        assert client.raw(pyghmi_bmc.target, SUITE_3, GET_DEVICE_ID).data == DEVICE_ID


@pytest.mark.parametrize(("client", "way", "words", "why"), FAILS, indirect=["client"], ids=names(FAILS))
def test_a_client_gets_nothing_for_a_known_reason(
    client: Client, way: Way, words: str, why: Why, pyghmi_bmc: PyghmiBmc, interop_record: InteropRecord
) -> None:
    with interop_record(client.name, pyghmi_bmc.name, way, *why):
        answer = client.raw(pyghmi_bmc.target, way, GET_DEVICE_ID, patience=0.3)

        assert answer.completion is None
        assert words in answer.output + answer.errors


@pytest.mark.parametrize("suite", [0, 1, 2, 6, *HMAC_MD5, 11, 12])
def test_openipmi_gets_another_suite_than_it_asked_for(
    suite: int, openipmi: OpenIpmi, pyghmi_bmc: PyghmiBmc, interop_record: InteropRecord
) -> None:
    with interop_record(openipmi.name, pyghmi_bmc.name, LanPlus(suite), *SERVER_OPENIPMI):
        answer = openipmi.raw(pyghmi_bmc.target, LanPlus(suite), GET_DEVICE_ID)

        assert answer.data == DEVICE_ID  # in a session of suite 3: the server has no other


@pytest.mark.parametrize("client", ["ipmitool", "ours"], indirect=True)
def test_a_bmc_key_is_used(client: Client, pyghmi_bmc_with_key: PyghmiBmc, interop_record: InteropRecord) -> None:
    with interop_record(client.name, pyghmi_bmc_with_key.name, WITH_KEY):
        assert client.raw(pyghmi_bmc_with_key.target, SUITE_3, GET_DEVICE_ID).data == DEVICE_ID


@pytest.mark.parametrize(
    ("client", "words", "why"),
    [
        ("freeipmi", "k_g invalid", SERVER_KEY),
        ("openipmi", "no domain came up", SERVER_KEY),
        ("pyghmi", "struct.error", SERVER_PROPOSAL),
        ("python_ipmi", "no response to RMCP ping", SERVER_PING),
    ],
    indirect=["client"],
)
def test_a_bmc_key_is_not_used_for_a_known_reason(
    client: Client, words: str, why: Why, pyghmi_bmc_with_key: PyghmiBmc, interop_record: InteropRecord
) -> None:
    with interop_record(client.name, pyghmi_bmc_with_key.name, WITH_KEY, *why):
        answer = client.raw(pyghmi_bmc_with_key.target, SUITE_3, GET_DEVICE_ID, patience=0.5)

        assert answer.completion is None
        assert words in answer.errors


def test_a_wrong_password_is_refused(ipmitool: Ipmitool, pyghmi_bmc: PyghmiBmc) -> None:
    wrong = pyghmi_bmc.target.as_user("admin", "wrong")

    assert ipmitool.raw(wrong, SUITE_3, GET_DEVICE_ID, patience=0.5).completion is None


def test_power_switches(ipmitool: Ipmitool, pyghmi_bmc: PyghmiBmc) -> None:
    for power in ("off", "on"):
        assert ipmitool.run(pyghmi_bmc.target, SUITE_3, "chassis", "power", power).exit_code == 0
        assert f"is {power}" in ipmitool.run(pyghmi_bmc.target, SUITE_3, "chassis", "power", "status").output
