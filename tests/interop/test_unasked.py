"""What a client does not even ask of a BMC: it cannot be told to, or refuses by itself. It is so at every server."""

import re
from collections.abc import Iterator

import pytest

from ipmi_lab.commands.session import GetChannelAuthenticationCapabilities
from ipmi_lab.packets import ipmb
from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import FreeIpmi
from tests.interop.conftest import InteropRecord, present
from tests.interop.libraries import Pyghmi, PythonIpmi
from tests.interop.openipmi import OpenIpmi
from tests.interop.ours import SHELF, VirtualBmc, serve, serve_only
from tests.interop.peers import Client, Lan, LanPlus, Target, Way
from tests.interop.reasons import (
    FREEIPMI_ONE_HOP,
    FREEIPMI_RC4,
    FREEIPMI_SERIAL,
    IPMITOOL_LIST,
    LANS,
    OPENIPMI_ONE_HOP,
    OPENIPMI_RC4,
    OPENIPMI_SERIAL,
    OPENIPMI_SHA256,
    PYGHMI_15,
    PYGHMI_MD5,
    PYGHMI_ONE_HOP,
    PYGHMI_SERIAL,
    PYGHMI_SUITES,
    PYTHON_IPMI_SERIAL,
    PYTHON_IPMI_SUITES,
    RC4,
    SHA256,
    SUITES,
    Case,
    Why,
    cases,
    names,
)
from tests.interop.servers import ipmi_sim_name, pyghmi_bmc_name
from tests.interop.test_peers_at_ipmi_sim import GET_DEVICE_ID

pytestmark = pytest.mark.interop
REFUSED: list[Case] = [
    *cases("ipmitool", (18, 19), "Unsupported cipher suite ID", IPMITOOL_LIST),
    *cases("freeipmi", (*RC4, 18, 19), "unsupported value for cipher-suite-id", FREEIPMI_RC4),
    *cases("openipmi", RC4, "Unable to setup connection (0x26, OS: Function not implemented)", OPENIPMI_RC4),
    *cases("openipmi", SHA256, "First connection parms are invalid", OPENIPMI_SHA256),
    *cases("python_ipmi", (0, *range(4, 15), 18, 19), "NotSupportedError: cipher suite", PYTHON_IPMI_SUITES),
]


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


@pytest.fixture(scope="module")
def servers() -> list[str]:
    """All that are asked over a LAN, by name."""
    return [VirtualBmc.name, present(ipmi_sim_name), present(pyghmi_bmc_name)]


@pytest.mark.parametrize(("client", "way", "words", "why"), REFUSED, indirect=["client"], ids=names(REFUSED))
def test_a_client_refuses_a_suite(
    client: Client, way: Way, words: str, why: Why, farm: Farm, servers: list[str], interop_record: InteropRecord
) -> None:
    answer = client.raw(serve(farm).target, way, GET_DEVICE_ID, patience=0.5)
    for server in servers:
        with interop_record(client.name, server, way, *why):
            assert answer.completion is None
            assert words in answer.output + answer.errors


def test_pyghmi_proposes_two_suites_only(
    pyghmi: Pyghmi, farm: Farm, servers: list[str], interop_record: InteropRecord
) -> None:
    others = [way for way in SUITES if way.suite not in (3, 17)]
    bmc = serve(farm, suites=[way.suite for way in others])
    answer = pyghmi.raw(bmc.target, LanPlus(3), GET_DEVICE_ID)
    for server in servers:
        for way in others:
            with interop_record(pyghmi.name, server, way, *PYGHMI_SUITES):
                assert "No Cipher suite match with proposed security algorithms" in answer.errors


@pytest.mark.parametrize("way", LANS, ids=str)
def test_pyghmi_does_not_log_in_where_a_bmc_has_no_2_0(
    way: Lan, pyghmi: Pyghmi, farm: Farm, servers: list[str], interop_record: InteropRecord
) -> None:
    bmc = serve_only(farm, way, suites=[])
    answer_to = bmc.served.bmc.data

    def lenient(frame: ipmb.Frame) -> bytes | None:
        """Ours says CCh where the bit of IPMI 2.0 is set; pyghmi then asks without it, and loses the answer."""
        if frame.command == GetChannelAuthenticationCapabilities.command:
            frame = frame._replace(data=bytes((frame.data[0] & 0x7F, frame.data[1])))
        return answer_to(frame)

    bmc.served.bmc.data = lenient  # type: ignore[method-assign]
    answer = pyghmi.raw(bmc.target, way, GET_DEVICE_ID)
    cells = [(server, str(way)) for server in servers]
    if way == Lan("md5"):
        words, why = "can't concat str to bytes", PYGHMI_MD5
        cells += [(SHELF, f"{way}, one hop"), (SHELF, f"{way}, two hops")]
    else:
        words, why = "MD5 required but not enabled", PYGHMI_15
    for cell in cells:
        with interop_record(pyghmi.name, *cell, *why):
            assert words in answer.errors


# ---------------------------------------------------------------------- hops


@pytest.mark.parametrize("way", [Lan("md5"), LanPlus(3)], ids=str)
def test_freeipmi_and_openipmi_are_told_of_one_hop(
    way: Way, freeipmi: FreeIpmi, openipmi: OpenIpmi, interop_record: InteropRecord
) -> None:
    with interop_record(freeipmi.name, SHELF, f"{way}, two hops", *FREEIPMI_ONE_HOP):
        said = freeipmi.help("ipmi-raw")
        assert re.findall(r"--target[-a-z]*", said) == ["--target-channel-number", "--target-slave-address"]
    with interop_record(openipmi.name, SHELF, f"{way}, two hops", *OPENIPMI_ONE_HOP):
        said = openipmi.told("help domain")
        assert "msg <domain> <channel> <ipmb> <LUN> <NetFN> <command> [data...]" in said


def test_pyghmi_is_told_of_one_hop(pyghmi: Pyghmi, farm: Farm, interop_record: InteropRecord) -> None:
    with interop_record(pyghmi.name, SHELF, f"{LanPlus(3)}, two hops", *PYGHMI_ONE_HOP):
        answer = pyghmi.raw(serve(farm).target, LanPlus(17), GET_DEVICE_ID, route="0x82@0,0x72@7")

        assert "'list' object has no attribute 'get'" in answer.errors


# ---------------------------------------------------------------------- serial lines


@pytest.mark.parametrize("mode", ["basic", "terminal"])
def test_a_client_has_no_serial_lines(
    mode: str,
    freeipmi: FreeIpmi,
    openipmi: OpenIpmi,
    pyghmi: Pyghmi,
    python_ipmi: PythonIpmi,
    interop_record: InteropRecord,
) -> None:
    from pyipmi.interfaces import create_interface  # type: ignore[import-untyped]

    line = Target("/dev/null", 623, "", "")
    said = [
        (freeipmi.name, freeipmi.inside(f"serial-{mode}").errors, "invalid driver type", FREEIPMI_SERIAL),
        (openipmi.name, openipmi.told("domain open t serial /dev/null"), "parms are invalid", OPENIPMI_SERIAL),
        (pyghmi.name, pyghmi.raw(line, LanPlus(3), GET_DEVICE_ID).errors, "gaierror", PYGHMI_SERIAL),
    ]
    with pytest.raises(RuntimeError) as raised:
        create_interface(f"serial-{mode}")
    said.append((python_ipmi.name, str(raised.value), "unknown interface with name", PYTHON_IPMI_SERIAL))
    for client, words, expected, why in said:
        for server in (VirtualBmc.name, present(ipmi_sim_name)):
            with interop_record(client, server, f"serial {mode}", *why):
                assert expected in words
