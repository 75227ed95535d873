"""The messaging commands of our client at BMCs that were written elsewhere: all 31 are tried at each of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from ipmi_lab.commands.channel import Change
from ipmi_lab.commands.messaging import (
    ClearMessageFlags,
    GetBmcGlobalEnables,
    GetMessage,
    GetMessageFlags,
    ReadEventMessageBuffer,
    SendMessage,
    SetBmcGlobalEnables,
)
from ipmi_lab.commands.user import PasswordOperation
from ipmi_lab.errors import CompletionError
from ipmi_lab.packets import ipmb
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import Privilege
from tests.commands.rows import ROWS
from tests.interop.conftest import StartIpmiSim
from tests.interop.crossings import answered_by
from tests.interop.ours import opened
from tests.interop.peers import Lan, LanPlus
from tests.interop.servers import IpmiSim, PyghmiBmc
from tests.interop.system_interface import SystemInterface
from tests.proofs import MESSAGING, Proves

pytestmark = pytest.mark.interop
WAY = LanPlus(3)
ASKED = {type(row.request).__name__: row.request for row in ROWS}
LOGIN = ("GetSessionChallenge", "ActivateSession", "CloseSession")  # by the sessions themselves, see below
LOCAL_ONLY, UNKNOWN, NOT_INSIDE = 0xD4, 0xC1, 0xD5

IPMI_SIM = dict.fromkeys(MESSAGING, 0) | {
    **dict.fromkeys(("SetBmcGlobalEnables", "ClearMessageFlags", "GetMessageFlags"), LOCAL_ONLY),
    **dict.fromkeys(("EnableMessageChannelReceive", "GetMessage", "ReadEventMessageBuffer"), LOCAL_ONLY),
    **dict.fromkeys(("GetSystemInterfaceCapabilities", "GetBtInterfaceCapabilities", "MasterWriteRead"), UNKNOWN),
    **dict.fromkeys(("SetSystemInfo", "GetSystemInfo", "GetAuthCode", "SetChannelSecurityKeys"), UNKNOWN),
    "GetChannelAuthenticationCapabilities": NOT_INSIDE,
}
"""What ipmi_sim answers over a LAN to our rows of bytes, as an administrator."""

PYGHMI = dict.fromkeys(MESSAGING, UNKNOWN) | {"SetSessionPrivilegeLevel": 0}


@pytest.fixture
def sim(start_ipmi_sim: StartIpmiSim) -> IpmiSim:
    """One of its own for each test, since they change it."""
    return start_ipmi_sim()


def tried(ipmi: Any) -> dict[str, int]:
    return {
        name: int(ipmi.exchange(ASKED[name].netfn, ASKED[name].command, ASKED[name].encode()).completion)
        for name in MESSAGING
        if name not in LOGIN
    }


def without_login(codes: dict[str, int]) -> dict[str, int]:
    return {name: code for name, code in codes.items() if name not in LOGIN}


def test_ipmi_sim_answers_over_a_lan_what_it_has(sim: IpmiSim, proves: Proves) -> None:
    with answered_by("ipmi_sim", proves) as listener, opened(sim.target, WAY, observe=listener) as ipmi:
        assert tried(ipmi) == without_login(IPMI_SIM)


def test_pyghmis_server_knows_none_but_those_of_a_login(pyghmi_bmc: PyghmiBmc, proves: Proves) -> None:
    with answered_by("pyghmi's server", proves) as listener, opened(pyghmi_bmc.target, WAY, observe=listener) as ipmi:
        assert tried(ipmi) == without_login(PYGHMI)


@pytest.mark.parametrize("way", [Lan("md5"), WAY], ids=str)
def test_logins_at_ipmi_sim_take_their_commands(way: Any, sim: IpmiSim, proves: Proves) -> None:
    with answered_by("ipmi_sim", proves) as listener, opened(sim.target, way, observe=listener) as ipmi:
        ipmi.get_channel_cipher_suites()
    done = [name for name, code in listener.seen if code == 0]
    assert "GetChannelAuthenticationCapabilities" in done
    assert "CloseSession" in done
    assert ("ActivateSession" in done) == isinstance(way, Lan)


def test_users_of_ipmi_sim_are_changed_and_log_in(sim: IpmiSim, proves: Proves) -> None:
    with answered_by("ipmi_sim", proves) as listener, opened(sim.target, WAY, observe=listener) as ipmi:
        ipmi.set_user_name(6, "bench")
        ipmi.set_user_password(6, PasswordOperation.SET_PASSWORD, Secret("benchpass"))
        ipmi.set_user_access(6, Privilege.OPERATOR, channel=1)
        ipmi.set_user_password(6, PasswordOperation.ENABLE_USER)
        ipmi.set_user_password(6, PasswordOperation.TEST_PASSWORD, Secret("benchpass"))  # it says 00 to any other too
        assert ipmi.get_user_name(6) == "bench"
        assert ipmi.get_user_access(6, 1).privilege_limit == Privilege.OPERATOR
    with opened(sim.target.as_user("bench", "benchpass"), Lan("md5"), level="operator") as ipmi:
        assert ipmi.get_session_info().user_id == 6


def test_the_access_of_ipmi_sims_channel_is_changed(sim: IpmiSim, proves: Proves) -> None:
    with answered_by("ipmi_sim", proves) as listener, opened(sim.target, WAY, observe=listener) as ipmi:
        ipmi.set_channel_access(1, change_privilege=Change.VOLATILE, privilege_limit=Privilege.OPERATOR)
        assert ipmi.get_channel_access(1).privilege_limit == Privilege.OPERATOR
        assert ipmi.get_channel_access(1, Change.NON_VOLATILE).privilege_limit == Privilege.ADMINISTRATOR
        info = ipmi.get_session_info(1)
        assert ipmi.get_session_info(session_handle=info.session_handle).user_id == info.user_id


def test_privilege_goes_down_and_up_again_at_ipmi_sim(sim: IpmiSim) -> None:
    with opened(sim.target, WAY) as ipmi:
        assert ipmi.set_session_privilege_level(Privilege.USER) == Privilege.USER
        with pytest.raises(CompletionError, match="insufficient privilege"):
            ipmi.set_user_name(6, "bench")
        assert ipmi.set_session_privilege_level(Privilege.ADMINISTRATOR) == Privilege.ADMINISTRATOR
        ipmi.set_user_name(6, "bench")
    with opened(sim.target, WAY, level="user") as ipmi:
        assert ipmi.set_session_privilege_level(Privilege.HIGHEST) == Privilege.USER
        with pytest.raises(CompletionError, match="Set Session Privilege Level"):
            ipmi.set_session_privilege_level(Privilege.ADMINISTRATOR)


# ---------------------------------------------------------------------- its system interface


@pytest.fixture
def machine(sim: IpmiSim) -> Iterator[SystemInterface]:
    with SystemInterface(sim.system_interface) as machine:
        yield machine


def test_ipmi_sim_answers_its_machine_what_it_keeps_from_a_lan(machine: SystemInterface, proves: Proves) -> None:
    inner = ipmb.pack(0x30, 0x06 << 2, 0x20, 4, 0x01, b"")
    ran = []

    def run(request: Any) -> Any:
        ran.append(type(request).__name__)
        return machine.send(request)

    assert run(GetBmcGlobalEnables()).event_logging
    run(SetBmcGlobalEnables(event_message_buffer=True, oem_1=False))
    found = run(GetBmcGlobalEnables())
    assert (found.event_message_buffer, found.event_logging, found.oem_2) == (True, True, False)
    assert not run(GetMessageFlags()).receive_message_available
    run(SendMessage(channel=0, message=inner))
    assert run(GetMessageFlags()).receive_message_available
    received = run(GetMessage())
    answer = ipmb.parse(b"\x20" + received.message, checksums=False)  # its first checksum is always 0
    assert (received.channel, answer.netfn, answer.command, answer.data[:2]) == (0, 7, 1, b"\0\1")
    with pytest.raises(CompletionError, match="0x80, empty"):
        machine.send(GetMessage())
    run(SendMessage(channel=0, message=inner))
    run(ClearMessageFlags(receive_message_queue=True))
    assert not run(GetMessageFlags()).receive_message_available
    for name in dict.fromkeys(ran):
        with proves(name, "ipmi_sim's system interface"):
            pass


def test_an_event_of_ipmi_sims_sensor_is_in_its_buffer(sim: IpmiSim, machine: SystemInterface, proves: Proves) -> None:
    with proves("ReadEventMessageBuffer", "ipmi_sim's system interface"):
        with pytest.raises(CompletionError, match="0x80, empty"):
            machine.send(ReadEventMessageBuffer())
        machine.send(SetBmcGlobalEnables(event_message_buffer=True))
        sim.console("sensor_set_value 0x20 0 16 105 1")
        record = machine.send(ReadEventMessageBuffer()).record
        assert record[10:12] == bytes((1, 16))
