"""The messaging commands of clients that were written elsewhere, at our virtual BMC.

Each test takes down which of the 31 commands the client really sent and had answered, and asserts what came of it: the
page docs/messaging.md is made of that.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.crossings import asked_by
from tests.interop.ours import PASSWORD, IpmiLab, opened, serve
from tests.interop.peers import Lan, LanPlus, Target
from tests.interop.test_our_bmc import DEVICE_ID, GET_DEVICE_ID
from tests.proofs import Proves

pytestmark = pytest.mark.interop
WAY = LanPlus(3)


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


# ---------------------------------------------------------------------- ipmitool

IPMITOOL = [
    ("mc getenables", "System Event Logging                     : enabled"),
    ("mc guid", "efcdab89-6745-2301-efcd-ab8967452301"),
    ("mc setsysinfo system_name bench", ""),
    ("mc getsysinfo system_name", "bench"),
    ("channel info 1", "Access Mode         : always available"),
    ("channel info 0", "Channel Medium Type   : IPMB (I2C)"),
    ("channel info 15", "Channel Medium Type   : System Interface"),
    ("channel authcap 14 4", "KG status                  : default (all zeroes)"),
    ("channel getciphers ipmi", "3    N/A     hmac_sha1       hmac_sha1_96    aes_cbc_128"),
    ("session info active", "session type                  : IPMIv2/RMCP+"),
    ("session info handle 1", "user id                       : 2"),
    ("user set name 6 bench", ""),
    ("user set password 6 benchpass 16", "successful"),
    ("user test 6 16 benchpass", "Success"),
    ("channel setaccess 1 6 callin=on ipmi=on link=on privilege=3", "successful"),
    ("user enable 6", ""),
    ("channel getaccess 1 6", "Privilege Level      : OPERATOR"),
    ("user list 1", "6   bench            true    true       true       OPERATOR"),
    ("user summary 1", "Enabled User Count  : 3"),
]


def test_ipmitool_has_them_answered(ipmitool: Ipmitool, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("ipmitool", bmc, proves):
        for words, shown in IPMITOOL:
            answer = ipmitool.run(bmc.target, LanPlus(17), *words.split())
            assert answer.exit_code == 0, (words, answer)
            assert shown in answer.output, (words, answer)
    bench = bmc.target.as_user("bench", "benchpass")
    assert ipmitool.raw(bench, Lan("md5"), GET_DEVICE_ID, level="OPERATOR").data == DEVICE_ID


def test_ipmitool_tells_a_wrong_password_from_a_wrong_size(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = serve(farm)
    for words, shown in (
        ("user set password 6 benchpass 20", "successful"),
        ("user test 6 20 benchpass", "Success"),
        ("user test 6 20 other", "password incorrect"),
        ("user test 6 16 benchpass", "wrong password size"),
    ):
        answer = ipmitool.run(bmc.target, WAY, *words.split())
        assert shown in answer.output + answer.errors, (words, answer)


def test_ipmitool_logs_in_by_challenge(ipmitool: Ipmitool, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("ipmitool", bmc, proves) as seen:
        assert ipmitool.run(bmc.target, Lan("md5"), "mc", "guid").exit_code == 0
    assert ("ActivateSession", 0) in seen


# ---------------------------------------------------------------------- FreeIPMI

INTERFACES = [
    ("kcs", "KCS Maximum Input Message Size : 255 bytes"),
    ("ssif", "SSIF Transaction Support         : multi-part reads/writes upported.  Start, Middle, and End"),
    ("bt", "BT Request to Response Time                 : 5 seconds"),
]


@pytest.mark.parametrize(("interface", "shown"), INTERFACES)
def test_freeipmi_reads_what_our_interfaces_take(
    interface: str, shown: str, freeipmi: FreeIpmi, farm: Farm, proves: Proves
) -> None:
    bmc = serve(farm, system_interface=interface)
    with asked_by("FreeIPMI", bmc, proves):
        answer = freeipmi.run("bmc-device", bmc.target, WAY, f"--get-{interface}-interface-capabilities")
        assert shown in answer.output, answer


def test_freeipmi_reads_flags_guid_channels_and_system_info(freeipmi: FreeIpmi, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("FreeIPMI", bmc, proves):
        for tool, option, shown in (
            ("bmc-device", "--get-bmc-global-enables", "System Event Logging            : enabled"),
            ("bmc-device", "--set-system-name=a bench with a name of two blocks", ""),
            ("bmc-info", "--get-system-info", "System Name                   : a bench with a name of two blocks"),
            ("bmc-info", "--get-system-guid", "efcdab89-6745-2301-efcd-ab8967452301"),
            ("bmc-info", "--get-channel-info", "Medium Type          : 802.3 LAN"),
        ):
            answer = freeipmi.run(tool, bmc.target, WAY, option)
            assert answer.exit_code == 0, (option, answer)
            assert shown in answer.output, (option, answer)
    with opened(bmc.target, WAY) as ipmi:
        assert ipmi.get_system_info(2) == "a bench with a name of two blocks"  # type: ignore[arg-type]  # a number will do


USERS = {
    "User6:Username=bench": "",
    "User6:Enable_User=Yes": "",
    "User6:Password=benchpass": "",
    "User6:Lan_Enable_IPMI_Msgs=Yes": "",
    "User6:Lan_Privilege_Limit=Operator": "",
    "User6:Lan_Session_Limit=1": "",
}


def test_freeipmi_makes_a_user_who_logs_in_once_at_a_time(
    freeipmi: FreeIpmi, ipmitool: Ipmitool, farm: Farm, proves: Proves
) -> None:
    bmc = serve(farm)
    with asked_by("FreeIPMI", bmc, proves):
        for pair in USERS:
            answer = freeipmi.run("bmc-config", bmc.target, WAY, "--commit", "-e", pair)
            assert answer.exit_code == 0, (pair, answer)
        shown = freeipmi.run("bmc-config", bmc.target, WAY, "--checkout", "--section=User6").output
        for line in (
            "Username                                      bench",
            "Lan_Privilege_Limit                           Operator",
        ):
            assert line in shown
    bench = bmc.target.as_user("bench", "benchpass")
    assert ipmitool.raw(bench, WAY, GET_DEVICE_ID, level="OPERATOR").data == DEVICE_ID
    with opened(bench, WAY, level="operator"):
        assert ipmitool.raw(bench, WAY, GET_DEVICE_ID, level="OPERATOR", patience=0.5).completion is None


def test_freeipmi_changes_the_access_of_our_channel(freeipmi: FreeIpmi, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    changes = (
        "Lan_Channel:Volatile_Enable_User_Level_Auth=No",
        "Lan_Channel:Non_Volatile_Channel_Privilege_Limit=Operator",
    )
    with asked_by("FreeIPMI", bmc, proves):
        for change in changes:
            assert freeipmi.run("bmc-config", bmc.target, WAY, "--commit", "-e", change).exit_code == 0, change
        shown = freeipmi.run("bmc-config", bmc.target, WAY, "--checkout", "--section=Lan_Channel").output
        lines = [line.split() for line in shown.splitlines()]
    assert ["Volatile_Enable_User_Level_Auth", "No"] in lines
    assert ["Non_Volatile_Enable_User_Level_Auth", "Yes"] in lines
    assert ["Volatile_Channel_Privilege_Limit", "Administrator"] in lines
    assert ["Non_Volatile_Channel_Privilege_Limit", "Operator"] in lines


def test_freeipmi_sets_a_key_that_every_client_then_needs(
    freeipmi: FreeIpmi, ipmitool: Ipmitool, farm: Farm, proves: Proves
) -> None:
    bmc = serve(farm)
    key = b"twenty bytes of key!"
    with asked_by("FreeIPMI", bmc, proves):
        change = f"Lan_Conf_Security_Keys:K_G=0x{key.hex()}"
        assert freeipmi.run("bmc-config", bmc.target, WAY, "--commit", "-e", change).exit_code == 0
    keyed = Target(bmc.target.host, bmc.target.port, "admin", PASSWORD, key)

    assert freeipmi.run("bmc-config", keyed, WAY, "--diff", "-e", change).output == ""
    assert ipmitool.raw(keyed, WAY, GET_DEVICE_ID).data == DEVICE_ID
    assert ipmitool.raw(bmc.target, WAY, GET_DEVICE_ID, patience=0.5).completion is None
    assert IpmiLab().raw(keyed, WAY, GET_DEVICE_ID).data == DEVICE_ID


def test_freeipmi_and_ipmitool_reset_the_bmc(freeipmi: FreeIpmi, ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = serve(farm)
    bmc.served.bmc.messaging.raised.add("oem_0")
    assert freeipmi.run("bmc-device", bmc.target, WAY, "--cold-reset").exit_code == 0
    assert not bmc.served.bmc.messaging.raised
    assert "cold reset" in ipmitool.run(bmc.target, WAY, "mc", "reset", "cold").output


def test_freeipmi_logs_in_by_challenge(freeipmi: FreeIpmi, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("FreeIPMI", bmc, proves) as seen:
        assert freeipmi.run("bmc-info", bmc.target, Lan("md5"), "--get-system-guid").exit_code == 0
    assert ("ActivateSession", 0) in seen


# ---------------------------------------------------------------------- what no program at hand has


def test_an_auth_code_fits_hashlib_since_no_program_at_hand_has_the_command(farm: Farm, proves: Proves) -> None:
    """Neither ipmitool, FreeIPMI, OpenIPMI, pyghmi nor python-ipmi has Get AuthCode. Its layout was compared with the
    tables of IPMI 1.5 (§18.21) and of go-ipmi; its content is computed here once more."""
    bmc = serve(farm)
    data, padded = bytes(range(16)), PASSWORD.encode().ljust(16, b"\0")
    asked: Any
    with proves("GetAuthCode", "the standard's text and go-ipmi, by hand"), opened(bmc.target, WAY) as ipmi:
        asked = ipmi.raw(0x06, 0x3F, bytes((0x02, 0x01, 0x02)) + data)
        assert asked == hashlib.md5(padded + data + padded).digest()
        assert ipmi.get_auth_code(2, data, channel=1) == asked
