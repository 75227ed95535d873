"""Bridging crossed: our client at ipmi_sim's controllers, other clients at those of our virtual shelf."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipmi_lab.errors import CompletionError
from ipmi_lab.lab.open import Lab, connect
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import BridgingProfile, load
from tests.interop.children import run
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.libraries import PROGRAMS, PythonIpmi
from tests.interop.ours import PASSWORD, SHELF, IpmiLab
from tests.interop.peers import Lan, LanPlus, Target, Way
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop
WAYS: list[Way] = [Lan("md5"), LanPlus(3)]
ONE_HOP, TWO_HOPS = ("-t", "0x82", "-b", "0"), ("-T", "0x82", "-B", "0", "-t", "0x72", "-b", "7")


def scheme(way: Way) -> str:
    return "lan" if isinstance(way, Lan) else "lanplus"


# ---------------------------------------------------------------------- our client at ipmi_sim


@pytest.mark.parametrize(("address", "device"), [(0x30, "01 01 01 02"), (0x72, "02 01 03 04")])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_our_client_reaches_ipmi_sims_controllers(
    way: Way, address: int, device: str, ipmi_sim: IpmiSim, interop_record: InteropRecord
) -> None:
    target = ipmi_sim.target
    url = f"{scheme(way)}://{target.user}@{target.host}:{target.port}?bridge=0x{address:02x}@0"
    with (
        interop_record(IpmiLab.name, ipmi_sim.name, f"{way}, one hop"),
        connect(url, password=target.password, cipher=3) as ipmi,
    ):
        for _ in range(50):
            assert ipmi.raw(0x06, 0x01)[:4] == bytes.fromhex(device)


def test_two_controllers_of_ipmi_sim_share_one_session(
    ipmi_sim: IpmiSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interop_record: InteropRecord
) -> None:
    target = ipmi_sim.target
    monkeypatch.setenv("SIM_PASSWORD", target.password)
    inventory = tmp_path / "lab.yaml"
    inventory.write_text(
        f"targets:\n  sim: {{transport: 'lanplus://{target.user}@{target.host}:{target.port}?cipher=3',"
        " credentials: {user: ipmiusr, password: 'env:SIM_PASSWORD'}}\n"
        "  mc30: {via: sim, bridge: [0x30@0]}\n  mc72: {via: sim, bridge: [0x72@0]}\n"
    )
    with (
        interop_record(IpmiLab.name, ipmi_sim.name, f"{LanPlus(3)}, one session for three"),
        Lab(inventory) as lab,
        lab.open("mc30") as mc30,
        lab.open("mc72") as mc72,
        lab.open("sim") as sim,
    ):
        begun = ipmi_sim.sessions()[0]
        for _ in range(20):
            assert (mc30.get_device_id().device_id, mc72.get_device_id().device_id) == (1, 2)
            assert sim.raw(0x06, 0x01)[0] == 0
        assert ipmi_sim.sessions()[0] == begun


def test_a_controller_that_is_not_there_is_told(ipmi_sim: IpmiSim) -> None:
    target = ipmi_sim.target
    url = f"lanplus://{target.user}@{target.host}:{target.port}?bridge=0x52@0"
    with (
        connect(url, password=target.password, cipher=3) as ipmi,
        pytest.raises(CompletionError, match="by Send Message to 0x52@0: the BMC answered 0x83, nak on write"),
    ):
        ipmi.get_device_id()


# ---------------------------------------------------------------------- other clients at our shelf


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


def served(farm: Farm, profile: str = "atca-shelf", **bridging: str) -> Target:
    options = BridgingProfile(**bridging)  # type: ignore[arg-type]  # words that a test gives
    machine = load(profile).model_copy(update={"bridging": options})
    opened = farm.open(machine, passwords={"admin": PASSWORD})
    return Target("127.0.0.1", opened.port, "admin", PASSWORD)


@pytest.fixture(scope="module")
def shelf(farm: Farm) -> Target:
    return served(farm)


@pytest.fixture(scope="module")
def multi(farm: Farm) -> Target:
    return served(farm, "multi-mc")


@pytest.mark.parametrize(("hops", "kind", "device"), [(ONE_HOP, "one hop", "82"), (TWO_HOPS, "two hops", "72")])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_ipmitool_reaches_our_controllers(
    way: Way,
    hops: tuple[str, ...],
    kind: str,
    device: str,
    ipmitool: Ipmitool,
    shelf: Target,
    interop_record: InteropRecord,
) -> None:
    with interop_record(ipmitool.name, SHELF, f"{way}, {kind}"):
        answer = ipmitool.run(shelf, way, *hops, "raw", "6", "1")

        assert answer.data[:1] == bytes.fromhex(device), answer
        assert "passed" in ipmitool.run(shelf, way, *hops, "mc", "selftest").output


def test_ipmitool_sees_a_slot_that_is_empty(ipmitool: Ipmitool, shelf: Target) -> None:
    assert ipmitool.run(shelf, LanPlus(3), "-t", "0x52", "-b", "0", "raw", "6", "1").completion == 0x83


@pytest.mark.parametrize("sender", ["0x20", "0x82"])
def test_ipmitool_may_call_itself_as_it_likes(sender: str, ipmitool: Ipmitool, multi: Target) -> None:
    answer = ipmitool.run(multi, LanPlus(3), "-m", sender, "-t", "0x2c", "-b", "6", "raw", "6", "1")

    assert answer.output.split()[0] == "50", answer


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_freeipmi_reaches_our_controllers(
    way: Way, freeipmi: FreeIpmi, multi: Target, interop_record: InteropRecord
) -> None:
    """Its options are for drivers inside a machine, as its help says, and work over a network as well."""
    with interop_record(freeipmi.name, SHELF, f"{way}, one hop"):
        for channel, address, device in ((0, "0x30", "30"), (6, "0x2c", "50")):
            target = (f"--target-channel-number={channel}", f"--target-slave-address={address}")
            answer = freeipmi.run("ipmi-raw", multi, way, *target, "0", "6", "1")
            assert answer.output.startswith(f"rcvd: 01 00 {device} 01"), answer
            named = freeipmi.run("bmc-info", multi, way, *target, "--get-device-id").output
            assert re.search(rf"Device ID +: {int(device, 16)}\b", named)


def by_python_ipmi(target: Target, way: Way, hops: int, what: str) -> str:
    routing = {1: ("0x82", "0x81.0x20.0 0x20.0x82.-1"), 2: ("0x76", "0x81.0x20.0 0x20.0x82.7 0x20.0x76.-1")}[hops]
    suite = "1.5" if isinstance(way, Lan) else str(way.suite)
    script = str(PROGRAMS / "python_ipmi_bridged.py")
    words = [sys.executable, script, target.host, str(target.port), target.user, suite, *routing, what]
    done = run(words, {"IPMI_PASSWORD": target.password}, seconds=30)
    return done.stdout.strip() or done.stderr.strip()[-200:]


@pytest.mark.parametrize(("hops", "kind", "device"), [(1, "one hop", "82"), (2, "two hops", "76")])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_python_ipmi_reaches_our_controllers(
    way: Way,
    hops: int,
    kind: str,
    device: str,
    python_ipmi: PythonIpmi,
    shelf: Target,
    interop_record: InteropRecord,
) -> None:
    with interop_record(python_ipmi.name, SHELF, f"{way}, {kind}"):
        assert by_python_ipmi(shelf, way, hops, "id") == device


def test_python_ipmi_reads_an_eeprom_behind_two_hops(
    python_ipmi: PythonIpmi, shelf: Target, interop_record: InteropRecord
) -> None:
    with interop_record(python_ipmi.name, SHELF, f"{LanPlus(3)}, I2C behind two hops"):
        assert bytes.fromhex(by_python_ipmi(shelf, LanPlus(3), 2, "eeprom")) == b"AMC 76"


def test_our_client_reaches_our_amcs_too(shelf: Target, interop_record: InteropRecord) -> None:
    url = f"lanplus://admin@127.0.0.1:{shelf.port}?bridge=0x82@0,0x76@7"
    with (
        interop_record(IpmiLab.name, SHELF, f"{LanPlus(3)}, two hops"),
        connect(url, password=shelf.password, cipher=3) as ipmi,
    ):
        assert ipmi.get_device_id().firmware == "0.76"
        assert ipmi.i2c_write_read(1, 2, 0, 0x50, 6, b"\0\0") == b"AMC 76"


# ---------------------------------------------------------------------- I2C at our virtual BMC


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("i2c", "bus=3", "0xa0", "4", "0x00", "0x00"), "48 53 43 20"),
        (("-t", "0x30", "-b", "0", "i2c", "bus=1", "0xa0", "4", "0x00", "0x00"), "53 41 54 20"),
    ],
    ids=["BMC", "controller"],
)
def test_ipmitool_reads_our_eeproms(
    words: tuple[str, ...], said: str, ipmitool: Ipmitool, multi: Target, interop_record: InteropRecord
) -> None:
    hops = ", one hop" if "-t" in words else ""
    with interop_record(ipmitool.name, SHELF, f"{LanPlus(3)}, I2C{hops}"):
        assert ipmitool.run(multi, LanPlus(3), *words).output.strip().startswith(said)


def test_ipmitool_names_a_bus_that_is_not_there(ipmitool: Ipmitool, multi: Target) -> None:
    answer = ipmitool.run(multi, LanPlus(3), "i2c", "bus=1", "0xa0", "4", "0x00")

    assert "Invalid data field" in answer.errors


# ---------------------------------------------------------------------- the ways in which our BMC may answer

IPMITOOL_INSIDE = ("ipmitool peels one answer out of Send Message's, not two.", "ipmitool")
IPMITOOL_BEFORE = ("ipmitool drops an answer that comes before Send Message's.", "ipmitool")
FREEIPMI_INSIDE = ("FreeIPMI waits for a message of its own.", "FreeIPMI")


@pytest.mark.parametrize(
    ("bridging", "hops", "why"),
    [
        ({"answers": "inside"}, ONE_HOP, None),
        ({"answers": "inside"}, TWO_HOPS, IPMITOOL_INSIDE),
        ({"answers": "before"}, ONE_HOP, IPMITOOL_BEFORE),
        ({"responder": "bmc"}, ONE_HOP, None),
        ({"responder": "bmc"}, TWO_HOPS, None),
    ],
    ids=str,
)
def test_ipmitool_at_bmcs_of_other_habits(
    bridging: dict[str, str],
    hops: tuple[str, ...],
    why: tuple[str, str] | None,
    ipmitool: Ipmitool,
    farm: Farm,
    interop_record: InteropRecord,
) -> None:
    with interop_record(ipmitool.name, SHELF, habit(bridging, 1 if hops is ONE_HOP else 2), *(why or ("", ""))):
        answer = ipmitool.run(served(farm, **bridging), LanPlus(3), *hops, "raw", "6", "1", patience=1)

        assert (answer.data[:1] in (b"\x82", b"\x72")) is (why is None), answer


@pytest.mark.parametrize(
    ("bridging", "why"),
    [({"answers": "inside"}, FREEIPMI_INSIDE), ({"answers": "before"}, None), ({"responder": "bmc"}, None)],
    ids=str,
)
def test_freeipmi_at_bmcs_of_other_habits(
    bridging: dict[str, str],
    why: tuple[str, str] | None,
    freeipmi: FreeIpmi,
    farm: Farm,
    interop_record: InteropRecord,
) -> None:
    target = ("--target-channel-number=0", "--target-slave-address=0x82")
    with interop_record(freeipmi.name, SHELF, habit(bridging, 1), *(why or ("", ""))):
        answer = freeipmi.run("ipmi-raw", served(farm, **bridging), LanPlus(3), *target, "0", "6", "1", patience=1)

        assert answer.output.startswith("rcvd: 01 00 82") is (why is None), answer


@pytest.mark.parametrize("bridging", [{"answers": "inside"}, {"answers": "before"}, {"responder": "bmc"}], ids=str)
@pytest.mark.parametrize("hops", [1, 2])
def test_python_ipmi_and_ours_at_bmcs_of_other_habits(
    bridging: dict[str, str], hops: int, python_ipmi: PythonIpmi, farm: Farm, interop_record: InteropRecord
) -> None:
    there = served(farm, **bridging)
    device = {1: "82", 2: "76"}[hops]
    with interop_record(python_ipmi.name, SHELF, habit(bridging, hops)):
        assert by_python_ipmi(there, LanPlus(3), hops, "id") == device
    route = "0x82@0" if hops == 1 else "0x82@0,0x76@7"
    with (
        interop_record(IpmiLab.name, SHELF, habit(bridging, hops)),
        connect(f"lanplus://admin@127.0.0.1:{there.port}?bridge={route}", password=PASSWORD, cipher=3) as ipmi,
    ):
        assert f"{ipmi.get_device_id().device_id:02x}" == device


def habit(bridging: dict[str, str], hops: int) -> str:
    words = {"inside": "answer inside Send Message's", "before": "answer before Send Message's"}
    what = words.get(bridging.get("answers", ""), "answer from the BMC's address")
    return f"{LanPlus(3)}, {'one hop' if hops == 1 else 'two hops'}, {what}"
