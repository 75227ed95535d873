"""For real: Linux's own driver, KCS, and two BMCs of other makes in a machine of QEMU, which is booted once a run.

``guest/inside.py`` is what runs there, our client, and ``guest/others.py``, all others.
"""

import fcntl
import json
import re
from typing import Any

import pytest

from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord, present
from tests.interop.guest.machine import GUID, Machine
from tests.interop.libraries import Pyghmi, PythonIpmi
from tests.interop.openipmi import OpenIpmi
from tests.interop.ours import IpmiLab
from tests.interop.reasons import PYGHMI_LOCAL
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop
WAY = "/dev/ipmi0, KCS"


@pytest.fixture(scope="session")
def machine() -> Machine:
    return present(Machine)


@pytest.fixture(scope="session")
def guest(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was said inside the guest. The processes of one run boot it once: others wait for what the first got."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # a worker of pytest-xdist
        shared = shared.parent
    said = shared / "guest.json"
    with (shared / "guest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            folder = tmp_path_factory.mktemp("guest")
            simulator = present(lambda: IpmiSim(folder))
            try:
                heard = machine.boot(folder, simulator.system_interface) | {"simulator": simulator.name}
            finally:
                simulator.stop()
            said.write_text(json.dumps(heard))
        found: dict[str, Any] = json.loads(said.read_text())
        return found


@pytest.fixture(scope="session")
def clients(
    ipmitool: Ipmitool, freeipmi: FreeIpmi, openipmi: OpenIpmi, pyghmi: Pyghmi, python_ipmi: PythonIpmi
) -> list[str]:
    """Those of other makes, by name."""
    return [ipmitool.name, freeipmi.name, openipmi.name, pyghmi.name, python_ipmi.name]


def test_our_client_gets_what_all_others_get(
    guest: dict[str, Any], machine: Machine, clients: list[str], interop_record: InteropRecord
) -> None:
    ours, others = guest["raw"], guest["others"]
    assert len(ours) == 13
    with interop_record(IpmiLab.name, machine.name, WAY):
        assert ours["device id"] == "00 20 00 00 00 02 07 00 00 00 00 00"  # as QEMU's source has it
        assert ours["device GUID"] == "00 " + bytes.fromhex(GUID.replace("-", "")).hex(" ")
        assert ours["no such command"] == "c1"
    for client in clients:
        with interop_record(client, machine.name, WAY):
            assert others[client.split()[0]]["QEMU"] == ours


def test_typed_answers_changes_and_records_come_through(guest: dict[str, Any]) -> None:
    assert guest["typed"] == {
        "how": "system interface, no login",
        "ipmi": "2.0",
        "guid": GUID.replace("-", ""),
        "event logging": [False, True],
        "message waits": False,
    }
    assert guest["SEL entry"] == "ff ff 00 00 02 00 00 00 00 41 00 04 12 01 6f 0a ff ff"


def test_what_we_say_that_the_driver_keeps_for_itself_it_does_refuse(guest: dict[str, Any]) -> None:
    why = "it keeps this command for itself, or the channel is no IPMB of this BMC"
    assert guest["driver refuses"] == [[-1, number, why] for number in (1, 2, 3)]
    for name in ("get message", "read event message buffer"):
        assert guest[name].startswith(f"LocalError: open://{guest['devices']['QEMU']}: "), guest[name]
        assert "Linux's IPMI driver keeps this command for itself" in guest[name]


def test_controllers_behind_ipmi_sim_are_reached_through_the_driver(
    guest: dict[str, Any], clients: list[str], interop_record: InteropRecord
) -> None:
    name = f"{guest['simulator']} behind QEMU"
    with interop_record(IpmiLab.name, name, f"{WAY}, one hop"):
        assert guest["bridged"][:-1] == ["01 01 01 02 02 9f 91 12 00 30 00 00 00 00 00"], guest["bridged"]
        assert guest["bridged elsewhere"][0].startswith("02 01 03 04 02 9f 91 12 00 72 00")
    bmc = guest["ipmi_sim raw"]["device id"]
    with interop_record(IpmiLab.name, name, WAY):
        assert bmc.startswith("00 00 03 09 08 02 9f 91 12 00 02 0f")  # as bmc.emu says
    for client in clients:
        said = guest["others"][client.split()[0]]
        with interop_record(client, name, WAY):
            assert said["ipmi_sim"] == [bmc]
        if client.startswith("pyghmi"):
            with interop_record(client, name, f"{WAY}, one hop", *PYGHMI_LOCAL):
                assert said["bridged"] == [bmc]
        else:
            with interop_record(client, name, f"{WAY}, one hop"):
                assert said["bridged"] == [f"00 {guest['bridged'][0]}"]


def test_a_controller_that_is_not_there_is_told_when_the_driver_has_tried_enough(guest: dict[str, Any]) -> None:
    """It takes the BMC's 83h for a reason to try again, so that this too ends as a time-out."""
    for kind in ("bridged to nobody", "bridged into silence"):
        said, seconds = guest[kind]
        assert "the BMC answered 0xC3, timeout. Linux's driver says so itself where nobody answered it in time" in said
        assert 3 < seconds < 25, guest[kind]

    said, seconds = guest["bridged over no IPMB"]
    assert "did not take it: it keeps this command for itself, or the channel is no IPMB" in said
    assert seconds < 2


def test_many_commands_one_after_the_other_and_at_once(guest: dict[str, Any]) -> None:
    assert guest["in flight"] == 100
    assert guest["many"]["median"] < 50  # milliseconds, of an emulated processor


def test_what_keeps_the_device_shut_is_told_by_name(guest: dict[str, Any]) -> None:
    assert re.match(r"SessionError: .*/dev/ipmi\d may not be opened by this user\. Run as root", guest["as nobody"])
    assert "there is no /dev/ipmi7 on this machine. Load Linux's driver" in guest["no device"]
    assert "/dev/null is no IPMI device (inappropriate ioctl for device)" in guest["no IPMI device"]


def test_an_interface_that_is_taken_away_is_told(guest: dict[str, Any]) -> None:
    for said in guest["unbound"]:
        assert said.startswith("NoAnswer: "), guest["unbound"]
        assert "the BMC's interface has gone, or its module was unloaded" in said


def test_our_program_works_there_too(guest: dict[str, Any]) -> None:
    assert guest["info"]["code"] == 0, guest["info"]
    assert json.loads(guest["info"]["out"])[0]["session"] == "system interface, no login"
    assert guest["doctor"]["code"] == 0, guest["doctor"]
    assert [row["verdict"] for row in json.loads(guest["doctor"]["out"])] == ["well"] * 6
