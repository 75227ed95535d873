"""Clients of other makes at pyghmi's server, which is the IPMI side of virtualbmc too."""

import pytest

from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.libraries import Pyghmi, PythonIpmi
from tests.interop.peers import LanPlus
from tests.interop.servers import PyghmiBmc

pytestmark = pytest.mark.interop

GET_DEVICE_ID = b"\x06\x01"
DEVICE_ID = bytes.fromhex("00 00 01 00 02 00 00 00 00 00 00 00 00 00")  # 14 bytes: its manufacturer has 4, not 3
SUITE_3 = LanPlus(3)


@pytest.mark.parametrize("server", ["pyghmi_bmc", "pyghmi_bmc_with_key"])
def test_ipmitool_gets_the_device_id(
    server: str, ipmitool: Ipmitool, request: pytest.FixtureRequest, interop_record: InteropRecord
) -> None:
    bmc: PyghmiBmc = request.getfixturevalue(server)
    with interop_record(ipmitool.name, bmc.name, f"{SUITE_3} with K_g" if bmc.target.kg else SUITE_3):
        assert ipmitool.raw(bmc.target, SUITE_3, GET_DEVICE_ID).data == DEVICE_ID


def test_freeipmi_gets_the_device_id(freeipmi: FreeIpmi, pyghmi_bmc: PyghmiBmc, interop_record: InteropRecord) -> None:
    with interop_record(freeipmi.name, pyghmi_bmc.name, SUITE_3):
        assert freeipmi.raw(pyghmi_bmc.target, SUITE_3, GET_DEVICE_ID).data == DEVICE_ID


def test_freeipmi_misses_the_announcement_of_a_key(
    freeipmi: FreeIpmi, pyghmi_bmc_with_key: PyghmiBmc, interop_record: InteropRecord
) -> None:
    reason = "pyghmi's server does not announce its K_g in the authentication capabilities."
    with interop_record(freeipmi.name, pyghmi_bmc_with_key.name, f"{SUITE_3} with K_g", reason, "pyghmi's server"):
        assert "k_g invalid" in freeipmi.raw(pyghmi_bmc_with_key.target, SUITE_3, GET_DEVICE_ID).errors


def test_pyghmi_fails_at_its_own_server(pyghmi: Pyghmi, pyghmi_bmc: PyghmiBmc, interop_record: InteropRecord) -> None:
    reason = "pyghmi's server answers a proposal of suite 17 by suite 3, which pyghmi's client does not notice."
    with interop_record(pyghmi.name, pyghmi_bmc.name, SUITE_3, reason, "both"):
        assert "struct.error" in pyghmi.raw(pyghmi_bmc.target, SUITE_3, GET_DEVICE_ID).errors


def test_python_ipmi_waits_for_a_pong(
    python_ipmi: PythonIpmi, pyghmi_bmc: PyghmiBmc, interop_record: InteropRecord
) -> None:
    reason = "pyghmi's server answers no ping, and python-ipmi asks for nothing else before one."
    with interop_record(python_ipmi.name, pyghmi_bmc.name, SUITE_3, reason, "both"):
        assert "no response to RMCP ping" in python_ipmi.raw(pyghmi_bmc.target, SUITE_3, GET_DEVICE_ID).errors


def test_a_wrong_password_is_refused(ipmitool: Ipmitool, pyghmi_bmc: PyghmiBmc) -> None:
    wrong = pyghmi_bmc.target.as_user("admin", "wrong")

    assert ipmitool.raw(wrong, SUITE_3, GET_DEVICE_ID, patience=0.5).completion is None


def test_power_switches(ipmitool: Ipmitool, pyghmi_bmc: PyghmiBmc) -> None:
    for power in ("off", "on"):
        assert ipmitool.run(pyghmi_bmc.target, SUITE_3, "chassis", "power", power).exit_code == 0
        assert f"is {power}" in ipmitool.run(pyghmi_bmc.target, SUITE_3, "chassis", "power", "status").output
