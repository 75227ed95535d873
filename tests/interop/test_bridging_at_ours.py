"""Bridging crossed at our virtual shelf: every client reaches the controllers and the EEPROMs behind it."""

import re
from collections.abc import Iterator

import pytest

from ipmi_lab.lab.open import connect
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import BridgingProfile, load
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.crossings import asked_by
from tests.interop.ours import PASSWORD, SHELF, VirtualBmc
from tests.interop.peers import Client, LanPlus, Target, Way
from tests.interop.reasons import FREEIPMI_INSIDE, IPMITOOL_BEFORE, IPMITOOL_INSIDE, PYGHMI_INSIDE, Why
from tests.interop.test_bridging import CLIENTS, WAYS
from tests.interop.test_peers_at_ipmi_sim import GET_DEVICE_ID
from tests.proofs import Proves

pytestmark = pytest.mark.interop
ROUTES = {"one hop": "0x82@0", "two hops": "0x82@0,0x76@7"}
TWO_HOPS = ["ipmitool", "python_ipmi", "ours"]
SUITE_3 = LanPlus(3)
PATIENCE = 4.0  # pyghmi asks a controller again after a second, and only then hears it


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


def served(farm: Farm, profile: str = "atca-shelf", **bridging: str) -> VirtualBmc:
    options = BridgingProfile(**bridging)  # type: ignore[arg-type]  # words that a test gives
    machine = load(profile).model_copy(update={"bridging": options, "suites": [3]})
    opened = farm.open(machine, passwords={"admin": PASSWORD})
    return VirtualBmc(opened, Target("127.0.0.1", opened.port, "admin", PASSWORD), SHELF)


@pytest.fixture(scope="module")
def shelf(farm: Farm) -> VirtualBmc:
    return served(farm)


@pytest.fixture(scope="module")
def multi(farm: Farm) -> VirtualBmc:
    return served(farm, "multi-mc")


@pytest.mark.parametrize(
    ("client", "way", "hops"),
    [(client, way, "one hop") for client in CLIENTS for way in WAYS]
    + [(client, way, "two hops") for client in TWO_HOPS for way in WAYS]
    + [("pyghmi", SUITE_3, "one hop")],
    indirect=["client"],
    ids=str,
)
def test_a_client_reaches_our_controllers(
    client: Client, way: Way, hops: str, shelf: VirtualBmc, interop_record: InteropRecord, proves: Proves
) -> None:
    with interop_record(client.name, SHELF, f"{way}, {hops}"), asked_by(client.name.split()[0], shelf, proves) as seen:
        answer = client.raw(shelf.target, way, GET_DEVICE_ID, route=ROUTES[hops], patience=PATIENCE)

        assert answer.data[:1] == bytes.fromhex(ROUTES[hops][-4:-2]), answer
        assert ("SendMessage", 0) in seen


def test_ipmitool_and_freeipmi_read_what_a_controller_says(
    ipmitool: Ipmitool, freeipmi: FreeIpmi, multi: VirtualBmc
) -> None:
    assert "passed" in ipmitool.run(multi.target, SUITE_3, "-t", "0x2c", "-b", "6", "mc", "selftest").output
    path = ("--target-channel-number=6", "--target-slave-address=0x2c")
    named = freeipmi.run("bmc-info", multi.target, SUITE_3, *path, "--get-device-id").output
    assert re.search(rf"Device ID +: {0x50}\b", named)


def test_ipmitool_sees_a_slot_that_is_empty(ipmitool: Ipmitool, shelf: VirtualBmc) -> None:
    assert ipmitool.raw(shelf.target, SUITE_3, GET_DEVICE_ID, route="0x52@0").completion == 0x83


@pytest.mark.parametrize("sender", ["0x20", "0x82"])
def test_ipmitool_may_call_itself_as_it_likes(sender: str, ipmitool: Ipmitool, multi: VirtualBmc) -> None:
    answer = ipmitool.run(multi.target, SUITE_3, "-m", sender, "-t", "0x2c", "-b", "6", "raw", "6", "1")

    assert answer.output.split()[0] == "50", answer


# ---------------------------------------------------------------------- I2C

MACHINES = {"": "multi", ", one hop": "multi", ", two hops": "shelf"}
READS = {
    "": ("", "06 52 07 a0 04 00 00", b"HSC "),
    ", one hop": ("0x30@0", "06 52 03 a0 04 00 00", b"SAT "),
    ", two hops": (ROUTES["two hops"], "06 52 05 a0 06 00 00", b"AMC 76"),
}


@pytest.mark.parametrize(
    ("client", "hops"),
    [(client, hops) for client in [*CLIENTS, "pyghmi"] for hops in READS if "two" not in hops or client in TWO_HOPS],
    indirect=["client"],
    ids=str,
)
def test_a_client_reads_our_eeproms(
    client: Client, hops: str, request: pytest.FixtureRequest, interop_record: InteropRecord
) -> None:
    bmc: VirtualBmc = request.getfixturevalue(MACHINES[hops])
    route, words, said = READS[hops]
    with interop_record(client.name, SHELF, f"{SUITE_3}{hops}, I2C"):
        answer = client.raw(bmc.target, SUITE_3, bytes.fromhex(words), route=route, patience=PATIENCE)

        assert answer.data == said, answer


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("i2c", "bus=3", "0xa0", "4", "0x00", "0x00"), "48 53 43 20"),
        (("-t", "0x30", "-b", "0", "i2c", "bus=1", "0xa0", "4", "0x00", "0x00"), "53 41 54 20"),
    ],
    ids=["BMC", "controller"],
)
def test_ipmitools_own_i2c_reads_them_too(
    words: tuple[str, ...], said: str, ipmitool: Ipmitool, multi: VirtualBmc, proves: Proves
) -> None:
    with asked_by("ipmitool", multi, proves) as seen:
        assert ipmitool.run(multi.target, SUITE_3, *words).output.strip().startswith(said)
        assert ("SendMessage" if "-t" in words else "MasterWriteRead", 0) in seen


def test_our_own_i2c_reads_them_too(shelf: VirtualBmc) -> None:
    url = f"lanplus://admin@127.0.0.1:{shelf.target.port}?bridge={ROUTES['two hops']}"
    with connect(url, password=PASSWORD, cipher=3) as ipmi:
        assert ipmi.get_device_id().firmware == "0.76"
        assert ipmi.i2c_write_read(1, 2, 0, 0x50, 6, b"\0\0") == b"AMC 76"


def test_ipmitool_names_a_bus_that_is_not_there(ipmitool: Ipmitool, multi: VirtualBmc) -> None:
    answer = ipmitool.run(multi.target, SUITE_3, "i2c", "bus=1", "0xa0", "4", "0x00")

    assert "Invalid data field" in answer.errors


# ---------------------------------------------------------------------- the ways in which our BMC may answer

HABITS: dict[str, dict[str, str]] = {
    "answer inside Send Message's": {"answers": "inside"},
    "answer before Send Message's": {"answers": "before"},
    "answer from the BMC's address": {"responder": "bmc"},
}
FAILS: dict[tuple[str, str, str], Why] = {
    ("ipmitool", "two hops", "answer inside Send Message's"): IPMITOOL_INSIDE,
    ("ipmitool", "one hop", "answer before Send Message's"): IPMITOOL_BEFORE,
    ("ipmitool", "two hops", "answer before Send Message's"): IPMITOOL_BEFORE,
    ("freeipmi", "one hop", "answer inside Send Message's"): FREEIPMI_INSIDE,
    ("pyghmi", "one hop", "answer inside Send Message's"): PYGHMI_INSIDE,
}


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize(
    ("client", "hops"),
    [(client, hops) for client in [*CLIENTS, "pyghmi"] for hops in ROUTES if hops == "one hop" or client in TWO_HOPS],
    indirect=["client"],
)
def test_a_client_at_bmcs_of_other_habits(
    client: Client, hops: str, habit: str, farm: Farm, interop_record: InteropRecord, request: pytest.FixtureRequest
) -> None:
    why = FAILS.get((request.node.callspec.params["client"], hops, habit))
    bmc = served(farm, **HABITS[habit])
    with interop_record(client.name, SHELF, f"{SUITE_3}, {hops}, {habit}", *(why or ("", ""))):
        patience = 1 if why and why != PYGHMI_INSIDE else PATIENCE
        answer = client.raw(bmc.target, SUITE_3, GET_DEVICE_ID, route=ROUTES[hops], patience=patience)

        assert answer.data[:1] == (b"" if why else bytes.fromhex(ROUTES[hops][-4:-2])), answer
