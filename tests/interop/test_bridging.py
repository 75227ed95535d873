"""Bridging crossed at ipmi_sim: every client reaches the controllers behind it."""

from pathlib import Path

import pytest

from ipmi_lab.errors import CompletionError
from ipmi_lab.lab.open import Lab, connect
from tests.interop.conftest import InteropRecord, StartIpmiSim
from tests.interop.peers import Client, Lan, LanPlus, Way
from tests.interop.servers import IpmiSim
from tests.interop.test_peers_at_ipmi_sim import GET_DEVICE_ID

pytestmark = pytest.mark.interop
WAYS: list[Way] = [Lan("md5"), LanPlus(3)]
CLIENTS = ["ipmitool", "freeipmi", "openipmi", "python_ipmi", "ours"]


@pytest.mark.parametrize(
    ("client", "way"),
    [(client, way) for client in CLIENTS for way in WAYS] + [("pyghmi", LanPlus(3))],
    indirect=["client"],
    ids=str,
)
def test_a_client_reaches_ipmi_sims_controllers(
    client: Client, way: Way, ipmi_sim: IpmiSim, interop_record: InteropRecord
) -> None:
    with interop_record(client.name, ipmi_sim.name, f"{way}, one hop"):
        for address, device in ((0x30, "01 01 01 02"), (0x72, "02 01 03 04")):
            answer = client.raw(ipmi_sim.target, way, GET_DEVICE_ID, route=f"0x{address:02x}@0", patience=4)

            assert answer.data[:4] == bytes.fromhex(device), answer


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_our_client_goes_on_reaching_them(way: Way, ipmi_sim: IpmiSim) -> None:
    target = ipmi_sim.target
    scheme = "lan" if isinstance(way, Lan) else "lanplus"
    for address, device in ((0x30, 1), (0x72, 2)):
        url = f"{scheme}://{target.user}@{target.host}:{target.port}?bridge=0x{address:02x}@0"
        with connect(url, password=target.password, cipher=3) as ipmi:
            for _ in range(50):
                assert ipmi.get_device_id().device_id == device


def test_two_controllers_of_ipmi_sim_share_one_session(
    start_ipmi_sim: StartIpmiSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_ipmi_sim()
    target = server.target
    monkeypatch.setenv("SIM_PASSWORD", target.password)
    inventory = tmp_path / "lab.yaml"
    inventory.write_text(
        f"targets:\n  sim: {{transport: 'lanplus://{target.user}@{target.host}:{target.port}?cipher=3',"
        " credentials: {user: ipmiusr, password: 'env:SIM_PASSWORD'}}\n"
        "  mc30: {via: sim, bridge: [0x30@0]}\n  mc72: {via: sim, bridge: [0x72@0]}\n"
    )
    with Lab(inventory) as lab, lab.open("mc30") as mc30, lab.open("mc72") as mc72, lab.open("sim") as sim:
        for _ in range(20):
            assert (mc30.get_device_id().device_id, mc72.get_device_id().device_id) == (1, 2)
            assert sim.raw(0x06, 0x01)[0] == 0
    assert server.wait_until_sessions_are_closed(1), server.sessions()


def test_a_controller_that_is_not_there_is_told(ipmi_sim: IpmiSim) -> None:
    target = ipmi_sim.target
    url = f"lanplus://{target.user}@{target.host}:{target.port}?bridge=0x52@0"
    with (
        connect(url, password=target.password, cipher=3) as ipmi,
        pytest.raises(CompletionError, match="by Send Message to 0x52@0: the BMC answered 0x83, nak on write"),
    ):
        ipmi.get_device_id()
