"""The messaging commands of clients that were written elsewhere, at our virtual BMC.

Each test takes down which of the 31 commands the client really sent and had answered, and asserts what came of it: the
page docs/messaging.md is made of that.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from ipmi_lab.commands.raw import Raw
from ipmi_lab.packets import ipmb
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import ControllerProfile, DeviceIdProfile, UserProfile, load
from ipmi_lab.wire.codes import Privilege
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import InteropRecord, present
from tests.interop.crossings import asked_by
from tests.interop.libraries import pyghmi_calls, python_ipmi_messages
from tests.interop.ours import PASSWORD, IpmiLab, VirtualBmc, opened, serve
from tests.interop.peers import Client, Lan, LanPlus, Target, Way
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


# ---------------------------------------------------------------------- python-ipmi: its own messages, most at hand


def test_python_ipmi_reads_and_clears_our_flags_buffer_and_queue(farm: Farm, proves: Proves) -> None:
    bmc = serve(farm, controllers=[ControllerProfile(address=0x82)])
    events = bmc.served.bmc.messaging
    enables = {"enables.event_message_buffer": 1, "enables.system_event_logging": 1, "enables.oem_1": 1}
    receive = {"channel.number": 1, "channel.state": 1}
    with asked_by("python-ipmi", bmc, proves):
        _, shown, received, flags, cleared = present(
            lambda: python_ipmi_messages(
                bmc.target,
                ("SetBmcGlobalEnables", enables),
                ("GetBmcGlobalEnables", {}),
                ("EnableMessageChannelReceive", receive),
                ("GetMessageFlags", {}),
                ("ClearMessageFlags", {"clear.oem_0": 1}),
            )
        )
    assert shown["enables"]["event_message_buffer"] == shown["enables"]["oem_1"] == 1
    assert shown["enables"]["receive_message_queue_interrupt"] == 0
    assert received["channel"] == {"number": 1, "state": 1}
    assert flags["flag"]["event_message_buffer_full"] == 0
    assert cleared["completion_code"] == 0
    with opened(bmc.target, WAY) as ipmi:
        ipmi.platform_event(1, 0x30, 1, b"WZP")
        assert ipmi.get_message_flags().event_message_buffer_full
        ipmi.link.session.request(Raw(0x06, 0x01, b"", lun=2), ipmi.link.clock())  # to the machine's software
        for datagram in ipmi.link.session.datagrams():
            ipmi.link.port.send(datagram)
        ipmi.link.session._open.clear()  # type: ignore[attr-defined]  # nobody waits for the answer
    events.raised.add("watchdog_pre_timeout")
    with asked_by("python-ipmi", bmc, proves):
        flags, event, message, _, left = python_ipmi_messages(
            bmc.target,
            ("GetMessageFlags", {}),
            ("ReadEventMessageBuffer", {}),
            ("GetMessage", {}),
            ("ClearMessageFlags", {"clear.watchdog_pretimeout_interrupt_flag": 1}),
            ("GetMessageFlags", {}),
        )
    assert flags["flag"] == {
        "receive_message_available": 1,
        "event_message_buffer_full": 1,
        "watchdog_pretimeout_interrupt_occurred": 1,
        "oem_0": 0,
        "oem_1": 0,
        "oem_2": 0,
    }
    assert bytes(event["event_data"])[9:] == bytes.fromhex("04 01 30 01 57 5a 50")
    assert message["channel"] == {"number": 1, "privilege_level": 4}
    assert ipmb.parse(bytes(message["data"][1:])).command == 0x01
    assert set(left["flag"].values()) == {0}


def test_python_ipmi_passes_a_message_on_over_our_bus(farm: Farm, proves: Proves) -> None:
    bmc = serve(farm, controllers=[ControllerProfile(address=0x82, device_id=DeviceIdProfile(device_id=0x82))])
    with asked_by("python-ipmi", bmc, proves) as seen:
        (device,) = present(lambda: python_ipmi_messages(bmc.target, ("GetDeviceId", {}), address=0x82))
    assert device["device_id"] == 0x82
    assert ("SendMessage", 0) in seen


def test_python_ipmi_sets_users_and_reads_channels(farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    user = {"userid.userid": 6}
    name = list(b"bench".ljust(16, b"\0"))
    password = list(b"benchpass".ljust(16, b"\0"))
    access = {"channel_access.channel_number": 1, "channel_access.ipmi_msg": 1, "channel_access.enable_change": 1}
    with asked_by("python-ipmi", bmc, proves):
        *_, shown, rights, info, capabilities = present(
            lambda: python_ipmi_messages(
                bmc.target,
                ("SetUserName", user | {"user_name": name}),
                ("SetUserPassword", user | {"operation.operation": 2, "password": password}),
                ("SetUserPassword", user | {"operation.operation": 1, "password": password}),
                ("SetUserAccess", user | access | {"privilege.privilege_level": 3}),
                ("GetUserName", user),
                ("GetUserAccess", user | {"channel.channel_number": 1}),
                ("GetChannelInfo", {"channel.number": 0x0E}),
                ("GetChannelAuthenticationCapabilities", {"channel.number": 1, "privilege_level.requested": 4}),
            )
        )
    assert shown["user_name"] == name
    assert rights["channel_access"] == {"privilege": 3, "ipmi_msg": 1, "link_auth": 0, "callback": 0}
    assert rights["enabled_user"] == {"count": 3, "status": 1}
    assert (info["channel"]["number"], info["medium"]["type"]) == (1, 4)
    assert capabilities["status"]["anonymous_login_non_null"] == 1
    assert (
        IpmiLab().raw(bmc.target.as_user("bench", "benchpass"), WAY, GET_DEVICE_ID, level="operator").data == DEVICE_ID
    )


def test_python_ipmi_reads_our_eeprom(farm: Farm, proves: Proves) -> None:
    served = farm.open(load("rack-server"), passwords={"admin": PASSWORD})
    bmc = VirtualBmc(served, Target("127.0.0.1", served.port, "admin", PASSWORD))
    ask = {"bus_id.type": 1, "bus_id.id": 1, "bus_id.slave_address": 0x50, "read_count": 3, "data": [0]}
    with asked_by("python-ipmi", bmc, proves):
        (read,) = present(lambda: python_ipmi_messages(bmc.target, ("MasterWriteRead", ask)))
    assert bytes(read["data"]) == b"BO1"


# ---------------------------------------------------------------------- pyghmi


def test_pyghmi_sets_and_reads_users_and_channels(farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("pyghmi", bmc, proves):
        *_, tested, wrong, name, access, channel, info = present(
            lambda: pyghmi_calls(
                bmc.target,
                ("set_user_name", {"uid": 6, "name": "bench"}),
                ("set_user_password", {"uid": 6, "mode": "set_password", "password": "bench pass of 20 b."}),
                ("set_user_password", {"uid": 6, "mode": "enable"}),
                ("set_user_access", {"uid": 6, "channel": 1, "privilege_level": "operator", "link_auth": False}),
                ("set_channel_access", {"channel": 1, "access_update_mode": "volatile", "per_msg_auth": True}),
                ("set_user_password", {"uid": 6, "mode": "test_password", "password": "bench pass of 20 b."}),
                ("set_user_password", {"uid": 6, "mode": "test_password", "password": "another"}),
                ("get_user_name", {"uid": 6}),
                ("get_user_access", {"uid": 6, "channel": 1}),
                ("get_channel_access", {"channel": 1, "read_mode": "non_volatile"}),
                ("get_channel_info", {"channel": 1}),
            )
        )
    assert (tested, wrong, name) == (True, False, "bench")
    assert access["access"] == {"callback": False, "link_auth": False, "ipmi_msg": True, "privilege_level": "operator"}
    assert (channel["access_mode"], channel["privilege_level"]) == ("always", "administrator")
    assert (info["Channel Medium type"], info["session_support"]) == ("802.3 LAN", "multi")
    with opened(bmc.target, WAY) as ipmi:  # pyghmi sets the bit that disables where it is told to enable
        assert ipmi.get_channel_access().per_message_authentication_disabled
        assert ipmi.get_user_access(6).privilege_limit == Privilege.OPERATOR


# ---------------------------------------------------------------------- weak logins, and users without a name


@pytest.mark.parametrize("way", [Lan("md5"), WAY], ids=str)
@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "ours"], indirect=True)
def test_the_null_user_logs_in(client: Client, way: Way, farm: Farm, interop_record: InteropRecord) -> None:
    bmc = null_user(farm)
    with interop_record(client.name, bmc.name, f"{way}, null user"):
        assert client.raw(bmc.target, way, GET_DEVICE_ID).data == DEVICE_ID


@pytest.fixture
def ours() -> IpmiLab:
    return IpmiLab()


def null_user(farm: Farm) -> VirtualBmc:
    users = [UserProfile(user=""), UserProfile(user="viewer", privilege="user")]
    bmc = serve(farm, users=users, insecure=False, passwords={"": PASSWORD})
    return VirtualBmc(bmc.served, Target("127.0.0.1", bmc.target.port, "", PASSWORD))


def test_ipmitool_sees_the_null_user_and_needs_no_name(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = null_user(farm)
    shown = ipmitool.run(bmc.target, WAY, "channel", "authcap", "1", "4").output
    assert "Null user names exist      : yes" in shown
    assert "Anonymous login enabled    : no" in shown

    assert ipmitool.nameless(bmc.target, WAY, "mc", "guid").exit_code == 0


@pytest.mark.parametrize("client", ["ipmitool", "freeipmi", "ours"], indirect=True)
def test_a_users_session_works_where_users_packets_need_no_codes(
    client: Client, farm: Farm, interop_record: InteropRecord
) -> None:
    bmc = serve(farm, user_level_authentication=False)
    viewer = bmc.target.as_user("viewer", PASSWORD)
    with interop_record(client.name, bmc.name, "1.5 md5, user level unsigned"):
        assert client.raw(viewer, Lan("md5"), GET_DEVICE_ID, level="USER").data == DEVICE_ID


def test_what_we_announce_is_read_by_ipmitool(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = serve(farm, user_level_authentication=False, oem_authentication={"maker": 343}, kg="a key")
    shown = ipmitool.run(bmc.target, LanPlus(17), "channel", "authcap", "1", "2").output

    assert "NONE MD2 MD5 PASSWORD OEM" in shown
    assert "KG status                  : non-zero" in shown
    assert "User level authentication  : disabled" in shown
    assert "Per message authentication : enabled" in shown


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
