"""Clients of other makes at ipmi_sim: whether our servers and clients for tests stand, before our own code is asked."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord, StartIpmiSim, present
from tests.interop.libraries import Pyghmi, PythonIpmi
from tests.interop.peers import Client, Lan, LanPlus, Way
from tests.interop.reasons import (
    HMAC_MD5,
    LANS,
    MD5_128,
    NO_MD2,
    NO_MD5_128,
    NO_RC4,
    NO_SHA256,
    OPENIPMI_SIGNS,
    PYTHON_IPMI_IPV6,
    PYTHON_IPMI_MD2,
    RC4,
    SHORT_CONSTANTS,
    Case,
    Why,
    cases,
    names,
)
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop

GET_DEVICE_ID = b"\x06\x01"
DEVICE_ID = bytes.fromhex("00 03 09 08 02 9f 91 12 00 02 0f 00 00 00 00")

WORKS: dict[str, list[Way]] = {
    "ipmitool": [Lan("none"), Lan("password"), Lan("md5"), *map(LanPlus, (0, 1, 2, 3, 6))],
    "freeipmi": [*LANS, *map(LanPlus, (0, 1, 2, 3, 6, 11))],
    "openipmi": [*LANS, *map(LanPlus, (0, 1, 2, 3, 6, 11, 12))],
    "python_ipmi": [Lan("md5"), *map(LanPlus, (1, 2, 3))],
    "pyghmi": [LanPlus(3)],
}
FAILS: list[Case] = [
    ("ipmitool", Lan("md2"), "No internal support for MD2", NO_MD2),
    *cases("ipmitool", HMAC_MD5, "Set Session Privilege Level to", SHORT_CONSTANTS),
    *cases("ipmitool", MD5_128, "Assertion `0' failed", NO_MD5_128),
    *cases("ipmitool", RC4, "invalid confidentiality algorithm", NO_RC4),
    *cases("ipmitool", (15, 16, 17), "invalid authentication algorithm", NO_SHA256),
    *cases("freeipmi", (7, 8, 12), "session timeout", SHORT_CONSTANTS),
    *cases("freeipmi", (15, 16, 17), "internal IPMI error", NO_SHA256),
    *cases("openipmi", HMAC_MD5, "no domain came up", OPENIPMI_SIGNS),
    *cases("python_ipmi", (15, 16, 17), "Invalid authentication algorithm", NO_SHA256),
]
REFUSALS: list[tuple[str, Way, str]] = [
    ("ipmitool", LanPlus(3), "Unable to establish IPMI v2 / RMCP+ session"),
    ("freeipmi", LanPlus(3), "password invalid"),
    ("pyghmi", LanPlus(3), "Incorrect password provided"),
    ("python_ipmi", LanPlus(3), "wrong password?"),
    ("ipmitool", Lan("md5"), "Activate Session command failed"),  # the BMC stays silent
    ("freeipmi", Lan("md5"), "password verification timeout"),
    ("python_ipmi", Lan("md5"), "RetryError"),
]


@pytest.mark.parametrize(
    ("client", "way"),
    [(client, way) for client, ways in WORKS.items() for way in ways],
    indirect=["client"],
    ids=str,
)
def test_a_peer_gets_the_device_id(
    client: Client, way: Way, sim_for: Callable[[Way], IpmiSim], interop_record: InteropRecord
) -> None:
    ipmi_sim = sim_for(way)
    with interop_record(client.name, ipmi_sim.name, way):
        answer = client.raw(ipmi_sim.target, way, GET_DEVICE_ID)

        assert (answer.exit_code, answer.completion, answer.data) == (0, 0, DEVICE_ID), answer


@pytest.mark.parametrize("way", [Lan("none"), Lan("password")], ids=str)
def test_python_ipmi_takes_what_it_is_left(
    way: Lan, python_ipmi: PythonIpmi, start_ipmi_sim: StartIpmiSim, interop_record: InteropRecord
) -> None:
    server = start_ipmi_sim(authentications=way.authentication.replace("password", "straight"))
    with interop_record(python_ipmi.name, server.name, way):
        assert python_ipmi.raw(server.target, way, GET_DEVICE_ID).data == DEVICE_ID


def test_python_ipmi_has_no_md2(
    python_ipmi: PythonIpmi, start_ipmi_sim: StartIpmiSim, interop_record: InteropRecord
) -> None:
    server = start_ipmi_sim(authentications="md2")
    with interop_record(python_ipmi.name, server.name, Lan("md2"), *PYTHON_IPMI_MD2):
        answer = python_ipmi.raw(server.target, Lan("md2"), GET_DEVICE_ID)

        assert "NotSupportedError: authentication type 1" in answer.errors


def test_pyghmi_proposes_suite_17_and_gets_suite_3(
    pyghmi: Pyghmi, ipmi_sim: IpmiSim, interop_record: InteropRecord
) -> None:
    with interop_record(pyghmi.name, ipmi_sim.name, LanPlus(17), *NO_SHA256):
        assert "suite 3 came about" in pyghmi.raw(ipmi_sim.target, LanPlus(3), GET_DEVICE_ID).errors


@pytest.mark.parametrize(("client", "way", "words", "why"), FAILS, indirect=["client"], ids=names(FAILS))
def test_a_peer_gets_nothing_for_a_known_reason(
    client: Client,
    way: Way,
    words: str,
    why: Why,
    sim_for: Callable[[Way], IpmiSim],
    interop_record: InteropRecord,
) -> None:
    ipmi_sim = sim_for(way)
    with interop_record(client.name, ipmi_sim.name, way, *why):
        answer = client.raw(ipmi_sim.target, way, GET_DEVICE_ID, patience=0.5)

        assert answer.exit_code != 0
        assert answer.completion is None
        assert words in answer.output + answer.errors


@pytest.mark.parametrize(("client", "way", "words"), REFUSALS, indirect=["client"], ids=names(REFUSALS))
def test_a_wrong_password_is_refused(client: Client, way: Way, words: str, ipmi_sim: IpmiSim) -> None:
    wrong = ipmi_sim.target.as_user("ipmiusr", "not the password")

    answer = client.raw(wrong, way, GET_DEVICE_ID, patience=0.5)

    assert answer.exit_code != 0
    assert answer.completion is None
    assert words in answer.errors


@pytest.mark.parametrize(
    ("client", "way"),
    [
        (client, way)
        for client in [*WORKS, "ours"]
        for way in (Lan("md5"), LanPlus(3))
        if way in WORKS.get(client, [way])
    ],
    indirect=["client"],
    ids=str,
)
def test_the_null_user_logs_in(client: Client, way: Way, ipmi_sim: IpmiSim, interop_record: InteropRecord) -> None:
    with interop_record(client.name, ipmi_sim.name, f"{way}, null user"):
        answer = client.raw(ipmi_sim.target.as_user("", "test"), way, GET_DEVICE_ID, level="USER")

        assert answer.data == DEVICE_ID, answer


@pytest.mark.parametrize("client", [*WORKS], indirect=True)
def test_a_password_longer_than_1_5_knows_logs_in(client: Client, ipmi_sim: IpmiSim) -> None:
    longest = ipmi_sim.target.as_user("longpw", "0123456789abcdefWXY")

    answer = client.raw(longest, LanPlus(3), GET_DEVICE_ID)

    assert answer.data == DEVICE_ID, answer


@pytest.mark.parametrize("client", [*WORKS], indirect=True)
def test_a_bmc_key_is_used(client: Client, ipmi_sim_with_key: IpmiSim, interop_record: InteropRecord) -> None:
    with interop_record(client.name, ipmi_sim_with_key.name, f"{LanPlus(3)} with K_g"):
        answer = client.raw(ipmi_sim_with_key.target, LanPlus(3), GET_DEVICE_ID)

        assert answer.data == DEVICE_ID, answer


def test_a_bmc_key_that_is_not_sent_is_missed(ipmitool: Ipmitool, ipmi_sim_with_key: IpmiSim) -> None:
    without = replace(ipmi_sim_with_key.target, kg=b"")

    assert ipmitool.raw(without, LanPlus(3), GET_DEVICE_ID).completion is None


@pytest.fixture(scope="module")
def ipmi_sim_on_ipv6(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpmiSim]:
    server = present(lambda: IpmiSim(tmp_path_factory.mktemp("ipmi_sim"), address="::1"))
    yield server
    server.stop()


@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "openipmi", "pyghmi", "ours"], indirect=True)
def test_ipv6_reaches_it(client: Client, ipmi_sim_on_ipv6: IpmiSim, interop_record: InteropRecord) -> None:
    with interop_record(client.name, ipmi_sim_on_ipv6.name, f"{LanPlus(3)} over IPv6"):
        assert client.raw(ipmi_sim_on_ipv6.target, LanPlus(3), GET_DEVICE_ID).data == DEVICE_ID


def test_python_ipmi_does_not_reach_it_over_ipv6(
    python_ipmi: PythonIpmi, ipmi_sim_on_ipv6: IpmiSim, interop_record: InteropRecord
) -> None:
    with interop_record(python_ipmi.name, ipmi_sim_on_ipv6.name, f"{LanPlus(3)} over IPv6", *PYTHON_IPMI_IPV6):
        answer = python_ipmi.raw(ipmi_sim_on_ipv6.target, LanPlus(3), GET_DEVICE_ID)

        assert "Address family for hostname not supported" in answer.errors


def test_power_reaches_the_machine(ipmitool: Ipmitool, freeipmi: FreeIpmi, ipmi_sim: IpmiSim) -> None:
    assert ipmitool.run(ipmi_sim.target, LanPlus(3), "chassis", "power", "off").exit_code == 0
    assert ipmi_sim.machine("power") == "0"
    assert "off" in freeipmi.run("ipmipower", ipmi_sim.target, LanPlus(3), "--stat").output
    assert freeipmi.run("ipmipower", ipmi_sim.target, LanPlus(3), "--on").exit_code == 0
    assert ipmi_sim.machine("power") == "1"
    status = freeipmi.run("ipmi-chassis", ipmi_sim.target, LanPlus(3), "--get-chassis-status").output
    assert "System Power                        : on" in status


def test_a_privilege_too_low_is_refused(ipmitool: Ipmitool, ipmi_sim: IpmiSim) -> None:
    viewer = ipmi_sim.target.as_user("viewer", "test")

    assert ipmitool.raw(viewer, LanPlus(3), b"\x00\x02\x00", level="USER").completion == 0xD4


@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "ours"], indirect=True)
def test_its_limits_of_privilege_hold_in_1_5_only(client: Client, ipmi_sim: IpmiSim) -> None:
    viewer = ipmi_sim.target.as_user("viewer", "test")

    assert client.raw(viewer, Lan("md5"), b"\x00\x02\x01", patience=0.5).completion is None
    assert client.raw(viewer, LanPlus(3), b"\x00\x02\x01").completion == 0


@pytest.mark.parametrize(("controller", "device"), [("0x30", "01 01 01 02"), ("0x72", "02 01 03 04")])
def test_controllers_behind_it_answer(controller: str, device: str, ipmitool: Ipmitool, ipmi_sim: IpmiSim) -> None:
    answer = ipmitool.run(ipmi_sim.target, LanPlus(3), "-t", controller, "-b", "0", "raw", "6", "1")

    assert answer.data[:4] == bytes.fromhex(device), answer


def test_it_has_a_sensor_a_log_and_a_guid(ipmitool: Ipmitool, freeipmi: FreeIpmi, ipmi_sim: IpmiSim) -> None:
    assert "42 degrees C" in ipmitool.run(ipmi_sim.target, LanPlus(3), "sdr", "list").output
    assert "Free Space       : 16000 bytes" in ipmitool.run(ipmi_sim.target, LanPlus(3), "sel", "info").output
    assert "efcdab89-6745-23a1-efcd-ab89674523a1" in freeipmi.run("bmc-info", ipmi_sim.target, LanPlus(3)).output


@pytest.mark.parametrize("request_bytes", ["06 04", "06 52 03 a0 01 00"], ids=["self test", "master write-read"])
def test_what_it_does_not_know_gets_c1(request_bytes: str, ipmitool: Ipmitool, ipmi_sim: IpmiSim) -> None:
    assert ipmitool.raw(ipmi_sim.target, LanPlus(3), bytes.fromhex(request_bytes)).completion == 0xC1


def test_its_sessions_can_be_counted(ipmitool: Ipmitool, start_ipmi_sim: StartIpmiSim) -> None:
    server = start_ipmi_sim()
    for way in (Lan("md5"), LanPlus(3)):
        ipmitool.raw(server.target, way, GET_DEVICE_ID)

    assert server.wait_until_sessions_are_closed(2), server.sessions()
    assert server.sessions() == (2, 2)


def test_its_console_takes_commands(ipmitool: Ipmitool, start_ipmi_sim: StartIpmiSim) -> None:
    server = start_ipmi_sim()
    server.console("sensor_set_value 0x20 0 16 85 0")

    assert "85 degrees C" in ipmitool.run(server.target, LanPlus(3), "sdr", "list").output
