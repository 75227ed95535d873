"""The messaging commands of Python libraries at our virtual BMC: python-ipmi's own messages, and pyghmi's methods."""

from collections.abc import Iterator

import pytest

from ipmi_lab.commands.raw import Raw
from ipmi_lab.packets import ipmb
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import ControllerProfile, DeviceIdProfile, load
from ipmi_lab.wire.codes import Privilege
from tests.interop.conftest import present
from tests.interop.crossings import asked_by
from tests.interop.libraries import pyghmi_calls, python_ipmi_messages
from tests.interop.ours import PASSWORD, IpmiLab, VirtualBmc, opened, serve
from tests.interop.peers import LanPlus, Target
from tests.interop.test_our_bmc import DEVICE_ID, GET_DEVICE_ID
from tests.proofs import Proves

pytestmark = pytest.mark.interop
WAY = LanPlus(3)


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


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
