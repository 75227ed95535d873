"""Bridging crossed: our client at ipmi_sim's controllers, ipmitool at those of our virtual shelf."""

from collections.abc import Iterator

import pytest

from ipmi_lab.errors import CompletionError
from ipmi_lab.lab.open import connect
from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.ours import PASSWORD, IpmiLab
from tests.interop.peers import Lan, LanPlus, Target, Way
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop
WAYS: list[Way] = [Lan("md5"), LanPlus(3)]


def scheme(way: Way) -> str:
    return "lan" if isinstance(way, Lan) else "lanplus"


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


def test_a_controller_that_is_not_there_is_told(ipmi_sim: IpmiSim) -> None:
    target = ipmi_sim.target
    url = f"lanplus://{target.user}@{target.host}:{target.port}?bridge=0x52@0"
    with (
        connect(url, password=target.password, cipher=3) as ipmi,
        pytest.raises(CompletionError, match="0x83"),
    ):
        ipmi.get_device_id()


@pytest.fixture(scope="module")
def shelf() -> Iterator[Target]:
    with Farm() as farm:
        served = farm.open("atca-shelf", passwords={"admin": PASSWORD})
        yield Target("127.0.0.1", served.port, "admin", PASSWORD)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_ipmitool_reaches_our_carriers(
    way: Way, ipmitool: Ipmitool, shelf: Target, interop_record: InteropRecord
) -> None:
    with interop_record(ipmitool.name, "ipmi-lab virtual shelf", f"{way}, one hop"):
        answer = ipmitool.run(shelf, way, "-t", "0x82", "-b", "0", "raw", "6", "1")

        assert answer.data[:4] == bytes.fromhex("82 01 01 04"), answer


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_ipmitool_reaches_our_amcs_behind_two_hops(
    way: Way, ipmitool: Ipmitool, shelf: Target, interop_record: InteropRecord
) -> None:
    with interop_record(ipmitool.name, "ipmi-lab virtual shelf", f"{way}, two hops"):
        hops = ("-T", "0x82", "-B", "0", "-t", "0x72", "-b", "7")
        answer = ipmitool.run(shelf, way, *hops, "raw", "6", "1")

        assert answer.data[:4] == bytes.fromhex("72 01 00 72"), answer


def test_our_client_reaches_our_amcs_too(shelf: Target, interop_record: InteropRecord) -> None:
    url = f"lanplus://admin@127.0.0.1:{shelf.port}?bridge=0x82@0,0x76@7"
    with (
        interop_record(IpmiLab.name, "ipmi-lab virtual shelf", f"{LanPlus(3)}, two hops"),
        connect(url, password=shelf.password, cipher=3) as ipmi,
    ):
        assert ipmi.get_device_id().firmware == "0.76"
