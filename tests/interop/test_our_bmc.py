"""Clients that were written elsewhere at our virtual BMC."""

from collections.abc import Callable, Iterator

import pytest

from ipmi_lab.sessions.crypto import hash_of
from ipmi_lab.sessions.keys import Agreement
from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.libraries import PythonIpmi
from tests.interop.ours import PASSWORD, IpmiLab, VirtualBmc, serve, serve_only
from tests.interop.peers import Client, Lan, LanPlus, Way
from tests.interop.reasons import (
    HMAC_MD5,
    IPMITOOL_RC4,
    LANS,
    MD5_128,
    NO_MD2,
    NO_MD5_128,
    OPENIPMI_CONSTANTS,
    OPENIPMI_SIGNS,
    PYTHON_IPMI_CONSTANTS,
    PYTHON_IPMI_IPV6,
    PYTHON_IPMI_MD2,
    RC4,
    SUITES,
    Case,
    Why,
    cases,
    names,
)
from tests.interop.test_peers_at_ipmi_sim import GET_DEVICE_ID

pytestmark = pytest.mark.interop

DEVICE_ID = bytes.fromhex("20 01 01 00 02 80 00 00 00 00 00 00 00 00 00")
WORKS: dict[str, list[Way]] = {
    "ipmitool": [*map(Lan, ("none", "password", "md5")), *map(LanPlus, (0, 1, 2, 3, 6, 7, 8, 15, 16, 17))],
    "freeipmi": [*LANS, *map(LanPlus, (0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17))],
    "openipmi": [*LANS, *map(LanPlus, (0, 1, 2, 3, 6, 11))],
    "python_ipmi": [*map(Lan, ("none", "password", "md5")), *map(LanPlus, (1, 2, 3, 15))],
    "pyghmi": [LanPlus(3), LanPlus(17)],
    "ours": [*LANS, *SUITES],
}
FAILS: list[Case] = [
    ("ipmitool", Lan("md2"), "No internal support for MD2", NO_MD2),
    *cases("ipmitool", MD5_128, "Assertion `0' failed", NO_MD5_128),
    *cases("ipmitool", RC4, "Assertion `crypt_alg == IPMI_CRYPT_AES_CBC_128' failed", IPMITOOL_RC4),
    *cases("openipmi", HMAC_MD5, "no domain came up", OPENIPMI_SIGNS),
    *cases("openipmi", (12,), "no domain came up", OPENIPMI_CONSTANTS),
    ("python_ipmi", Lan("md2"), "NotSupportedError: authentication type 1", PYTHON_IPMI_MD2),
    *cases("python_ipmi", (16, 17), "RetryError", PYTHON_IPMI_CONSTANTS),
]


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


@pytest.fixture(scope="module")
def bmc(farm: Farm) -> VirtualBmc:
    return serve(farm)


@pytest.mark.parametrize(
    ("client", "way"),
    [(client, way) for client, ways in WORKS.items() for way in ways],
    indirect=["client"],
    ids=str,
)
def test_a_client_gets_the_device_id(client: Client, way: Way, farm: Farm, interop_record: InteropRecord) -> None:
    bmc = serve_only(farm, way)
    with interop_record(client.name, bmc.name, way):
        answer = client.raw(bmc.target, way, GET_DEVICE_ID)

        assert (answer.exit_code, answer.completion, answer.data) == (0, 0, DEVICE_ID), answer


@pytest.mark.parametrize(("client", "way", "words", "why"), FAILS, indirect=["client"], ids=names(FAILS))
def test_a_client_gets_nothing_for_a_known_reason(
    client: Client, way: Way, words: str, why: Why, farm: Farm, interop_record: InteropRecord
) -> None:
    bmc = serve_only(farm, way)
    with interop_record(client.name, bmc.name, way, *why):
        answer = client.raw(bmc.target, way, GET_DEVICE_ID, patience=0.5)

        assert answer.completion is None
        assert words in answer.output + answer.errors


def constant(size: int) -> Callable[[Agreement, int], bytes]:
    """K1 and K2 as they are, but for the size of what is hashed."""
    return lambda agreed, number: hash_of(agreed.suite.authentication, agreed.session_key, bytes((number,)) * size)


@pytest.mark.parametrize(
    ("client", "suite", "key"),
    [
        ("python_ipmi", 16, constant(32)),
        ("openipmi", 12, constant(16)),
        ("openipmi", 7, lambda agreed, number: agreed.session_key),
    ],
    indirect=["client"],
    ids=["PYTHON_IPMI_CONSTANTS", "OPENIPMI_CONSTANTS", "OPENIPMI_SIGNS"],
)
def test_a_client_that_makes_other_keys_works_where_the_bmc_makes_the_same(
    client: Client,
    suite: int,
    key: Callable[[Agreement, int], bytes],
    farm: Farm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Agreement, "key", key)
    bmc = serve_only(farm, LanPlus(suite))

    assert client.raw(bmc.target, LanPlus(suite), GET_DEVICE_ID).data == DEVICE_ID


@pytest.mark.parametrize("user", ["admin", "nobody"])
@pytest.mark.parametrize("way", [Lan("md5"), LanPlus(3), LanPlus(17)], ids=str)
@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "ours"], indirect=True)
def test_a_wrong_password_or_user_gets_nothing(client: Client, way: Way, user: str, farm: Farm) -> None:
    bmc = serve(farm)  # of its own: wrong logins lock their address out for a while

    answer = client.raw(bmc.target.as_user(user, "wrong"), way, GET_DEVICE_ID, patience=0.5)

    assert answer.exit_code != 0
    assert answer.completion is None


@pytest.mark.parametrize("way", [Lan("none"), Lan("password"), LanPlus(0)], ids=str)
@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "ours"], indirect=True)
def test_a_safe_bmc_takes_nothing_weak(client: Client, way: Way, farm: Farm) -> None:
    bmc = serve(farm, insecure=False)

    assert client.raw(bmc.target, way, GET_DEVICE_ID, patience=0.5).completion is None


@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "openipmi", "python_ipmi", "ours"], indirect=True)
def test_packets_without_codes_are_enough_where_the_channel_says_so(
    client: Client, ours: IpmiLab, farm: Farm, interop_record: InteropRecord
) -> None:
    bmc = serve(farm)
    assert ours.raw(bmc.target, LanPlus(17), bytes.fromhex("06 40 01 b2 00")).completion == 0
    with interop_record(client.name, bmc.name, "1.5 md5, packets unsigned"):
        answer = client.raw(bmc.target, Lan("md5"), GET_DEVICE_ID)

        assert answer.data == DEVICE_ID, answer


@pytest.mark.parametrize("client", [*WORKS], indirect=True)
def test_a_bmc_key_is_used(client: Client, farm: Farm, interop_record: InteropRecord) -> None:
    bmc = serve(farm, kg="abcdefghijklmnopqrst", suites=[3])
    with interop_record(client.name, bmc.name, f"{LanPlus(3)} with K_g"):
        answer = client.raw(bmc.target, LanPlus(3), GET_DEVICE_ID)

        assert answer.data == DEVICE_ID, answer


@pytest.mark.parametrize("client", [client for client in WORKS if client != "python_ipmi"], indirect=True)
def test_ipv6_reaches_it(client: Client, farm: Farm, interop_record: InteropRecord) -> None:
    bmc = serve(farm, address="::1", suites=[3])
    with interop_record(client.name, bmc.name, f"{LanPlus(3)} over IPv6"):
        assert client.raw(bmc.target, LanPlus(3), GET_DEVICE_ID).data == DEVICE_ID


def test_python_ipmi_does_not_reach_it_over_ipv6(
    python_ipmi: PythonIpmi, farm: Farm, interop_record: InteropRecord
) -> None:
    with interop_record(python_ipmi.name, VirtualBmc.name, f"{LanPlus(3)} over IPv6", *PYTHON_IPMI_IPV6):
        answer = python_ipmi.raw(serve(farm, address="::1").target, LanPlus(3), GET_DEVICE_ID)

        assert "Address family for hostname not supported" in answer.errors


@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "ours"], indirect=True)
def test_a_user_gets_no_power(client: Client, bmc: VirtualBmc) -> None:
    viewer = bmc.target.as_user("viewer", PASSWORD)

    assert client.raw(viewer, LanPlus(3), b"\x00\x02\x00", level="USER").completion == 0xD4


def test_ipmitool_reads_what_we_say(ipmitool: Ipmitool, bmc: VirtualBmc) -> None:
    def said(*words: str) -> str:
        return ipmitool.run(bmc.target, LanPlus(17), *words).output

    assert "System Power         : on" in said("chassis", "status")
    assert "ADMINISTRATOR" in said("user", "list", "1")
    assert "802.3 LAN" in said("channel", "info", "1")
    assert "RMCP+" in said("session", "info", "active")
    assert "Self Test Results" in said("mc", "selftest") or "passed" in said("mc", "selftest")


def test_ipmitool_chooses_from_our_list_of_suites(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = serve(farm, suites=[3, 17], insecure=False)

    shown = ipmitool.run(bmc.target, LanPlus(17), "channel", "getciphers", "ipmi").output

    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["3", "N/A", "hmac_sha1", "hmac_sha1_96", "aes_cbc_128"],
        ["17", "N/A", "hmac_sha256", "sha256_128", "aes_cbc_128"],
    ]


def test_ipmitool_reads_and_sets_what_software_keeps(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = serve(farm)

    def said(*words: str) -> str:
        answer = ipmitool.run(bmc.target, LanPlus(17), *words)
        assert answer.exit_code == 0, answer
        return answer.output

    said("mc", "setsysinfo", "system_name", "a bench with a rather long name")
    assert "a bench with a rather long name" in said("mc", "getsysinfo", "system_name")
    assert "Event Message Buffer                     : disabled" in said("mc", "getenables")
    said("raw", "0x06", "0x2e", "0x0c")  # ipmitool 1.8.19's setenables finds nothing to change, whatever it is told
    assert "Event Message Buffer                     : enabled" in said("mc", "getenables")
    assert "efcdab89-6745-2301-efcd-ab8967452301" in said("mc", "guid")


def test_freeipmi_reads_what_we_say(freeipmi: FreeIpmi, bmc: VirtualBmc) -> None:
    assert "Device Revision       : 1" in freeipmi.run("bmc-info", bmc.target, LanPlus(3)).output
    assert ": on" in freeipmi.run("ipmipower", bmc.target, LanPlus(3), "--stat").output
    status = freeipmi.run("ipmi-chassis", bmc.target, LanPlus(3), "--get-chassis-status").output
    assert "System Power                        : on" in status


def test_power_by_other_clients_changes_the_machine(ipmitool: Ipmitool, freeipmi: FreeIpmi, farm: Farm) -> None:
    bmc = serve(farm)
    assert ipmitool.run(bmc.target, LanPlus(3), "chassis", "power", "off").exit_code == 0
    assert "off" in freeipmi.run("ipmipower", bmc.target, LanPlus(3), "--stat").output
    assert freeipmi.run("ipmipower", bmc.target, LanPlus(3), "--on").exit_code == 0
    assert "Power is on" in ipmitool.run(bmc.target, LanPlus(3), "chassis", "power", "status").output


def test_users_set_by_ipmitool_log_in_with_freeipmi(ipmitool: Ipmitool, freeipmi: FreeIpmi, farm: Farm) -> None:
    bmc = serve(farm)
    for words in (
        ("user", "set", "name", "5", "bench"),
        ("user", "set", "password", "5", "benchpass", "16"),
        ("user", "priv", "5", "3", "1"),
        ("user", "enable", "5"),
    ):
        assert ipmitool.run(bmc.target, LanPlus(3), *words).exit_code == 0, words
    bench = bmc.target.as_user("bench", "benchpass")

    assert freeipmi.raw(bench, LanPlus(17), GET_DEVICE_ID, level="OPERATOR").data == DEVICE_ID
    assert freeipmi.raw(bench, Lan("md5"), GET_DEVICE_ID, level="OPERATOR").data == DEVICE_ID


def test_ipmitool_reads_an_eeprom(ipmitool: Ipmitool, farm: Farm) -> None:
    served = farm.open("rack-server", passwords={"admin": PASSWORD})
    bmc = VirtualBmc(served, type(serve(farm).target)("127.0.0.1", served.port, "admin", PASSWORD))

    answer = ipmitool.raw(bmc.target, LanPlus(17), bytes.fromhex("06 52 03 a0 04 00"))

    assert answer.data == b"BO1\x01"
