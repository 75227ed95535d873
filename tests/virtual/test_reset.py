"""What a cold reset of a virtual BMC keeps, and what it drops: part by part."""

import pytest

from ipmi_lab.commands.bmc import ColdReset
from ipmi_lab.commands.boot import BootParameter, GetSystemBootOptions, SetSystemBootOptions
from ipmi_lab.commands.channel import (
    Change,
    GetChannelAccess,
    KeyLock,
    KeyOperation,
    SetChannelAccess,
    SetChannelSecurityKeys,
)
from ipmi_lab.commands.chassis import ChassisControl, ChassisIdentify, GetChassisStatus, Power
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.i2c import BusType, MasterWriteRead
from ipmi_lab.commands.messaging import GetBmcGlobalEnables, GetMessageFlags, SendMessage, SetBmcGlobalEnables
from ipmi_lab.commands.sel import AddSelEntry, GetSelEntry, GetSelInfo, ReserveSel
from ipmi_lab.commands.systeminfo import GetSystemInfo, SetSystemInfo, SystemInfoParameter
from ipmi_lab.commands.user import (
    GetUserAccess,
    GetUserName,
    PasswordOperation,
    SetUserAccess,
    SetUserName,
    SetUserPassword,
)
from ipmi_lab.packets import ipmb
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.entry import Entry
from ipmi_lab.sessions.events import Refused
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.i2cprofile import BusProfile
from ipmi_lab.virtual.profile import ControllerProfile
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import Pair, profile
from tests.virtual.test_machines import answer, code
from tests.virtual.test_serial import PASSWORD as LINE_PASSWORD
from tests.virtual.test_serial import Wire
from tests.virtual.test_serial import profile as serial_profile
from tests.virtual.test_user import beside

BENCH, KEY, PASSWORD = 5, Secret(b"twenty bytes of key!"), Secret("bench pass")
NAME, OS = SystemInfoParameter.SYSTEM_NAME, SystemInfoParameter.OS_NAME
FLAGS = bytes((0xC0, 0x04, 0, 0, 0))
RECORD = bytes.fromhex("0000 02 00000000 2000 04 01 30 01 57 5a 50")
CHANGES: list[Request] = [  # type: ignore[type-arg]  # of any answer
    SetUserName(user_id=BENCH, user_name="bench"),
    SetUserPassword(user_id=BENCH, operation=PasswordOperation.SET_PASSWORD, password=PASSWORD),
    SetUserPassword(user_id=BENCH, operation=PasswordOperation.ENABLE_USER),
    SetUserAccess(user_id=BENCH, privilege_limit=Privilege.ADMINISTRATOR, session_limit=3),
    SetChannelAccess(channel=1, change_access=Change.NON_VOLATILE, alerting_disabled=False),
    SetChannelAccess(channel=1, change_access=Change.VOLATILE, user_level_authentication_disabled=True),
    SetChannelSecurityKeys(operation=KeyOperation.SET, key=KEY),
    SetChannelSecurityKeys(operation=KeyOperation.LOCK),
    SetSystemInfo(parameter=NAME, data=b"\0\0\4rack"),
    SetSystemInfo(parameter=OS, data=b"\0\0\5linux"),
    SetSystemInfo(parameter=SystemInfoParameter.SET_IN_PROGRESS, data=b"\1"),
    SetSystemBootOptions(parameter=BootParameter.BOOT_FLAGS, data=FLAGS),
    SetSystemBootOptions(parameter=BootParameter.INITIATOR_MAILBOX, data=b"\2letter"),
    SetSystemBootOptions(parameter=BootParameter.SET_IN_PROGRESS, data=b"\1"),
    SetBmcGlobalEnables(event_message_buffer=True, oem_1=True),
    ChassisControl(action=Power.OFF),
    ChassisIdentify(until_told=True),
    AddSelEntry(record=RECORD),
    MasterWriteRead(bus_type=BusType.PRIVATE, bus_id=1, address=0x50, count=0, data=b"\0new"),
]


def changed() -> Pair:
    """An administrator's session with a machine in which every part was changed."""
    bus = BusProfile.model_validate({"bus_id": 1, "devices": [{"device": "eeprom", "address": 0x50}]})
    pair = Pair(machine=profile(i2c=[bus])).opened()
    for change in CHANGES:
        assert code(pair, change) == 0, change
    pair.bmc.messaging.raise_flags("oem_1")
    return pair


def again(bmc: VirtualBmc, now: float) -> Pair:
    """Whoever was made a user before the machine started anew."""
    console = Pair(user="bench", password=PASSWORD, kg=KEY)
    console.bmc, console.now = bmc, now
    return console.opened()


def assert_kept(pair: Pair) -> None:
    """Nothing that is to last is missing."""
    access = answer(pair, GetUserAccess(user_id=BENCH))
    assert (access.privilege_limit, access.enabled_users) == (Privilege.ADMINISTRATOR, 3)
    assert answer(pair, GetUserName(user_id=BENCH)).user_name == "bench"
    assert pair.bmc.users.users[BENCH].session_limit == 3
    assert not answer(pair, GetChannelAccess(copy=Change.NON_VOLATILE)).alerting_disabled
    assert answer(pair, GetSystemInfo(parameter=NAME)).data == b"\0\0\4rack".ljust(17, b"\0")
    assert answer(pair, GetSystemBootOptions(parameter=BootParameter.BOOT_FLAGS)).data == FLAGS
    letter = answer(pair, GetSystemBootOptions(parameter=BootParameter.INITIATOR_MAILBOX, set_selector=2))
    assert letter.data.rstrip(b"\0") == b"\2letter"
    assert not answer(pair, GetChassisStatus()).power_on
    assert answer(pair, GetSelInfo()).entries == 1
    assert answer(pair, GetSelEntry(record_id=1)).record[7:] == RECORD[7:]


def assert_dropped(pair: Pair) -> None:
    """Nothing is left of what power alone keeps."""
    access = answer(pair, GetChannelAccess(copy=Change.VOLATILE))
    assert (access.alerting_disabled, access.user_level_authentication_disabled) == (False, False)
    assert answer(pair, GetSystemInfo(parameter=OS)).data == bytes(17)
    assert answer(pair, GetSystemInfo(parameter=SystemInfoParameter.SET_IN_PROGRESS)).data == b"\0"
    assert answer(pair, GetSystemBootOptions(parameter=BootParameter.SET_IN_PROGRESS)).data == b"\0"
    assert answer(pair, GetBmcGlobalEnables()).encode() == b"\x08"
    assert answer(pair, GetMessageFlags()).encode() == b"\0"
    assert answer(pair, GetChassisStatus()).identify_state == 0


def test_a_cold_reset_keeps_what_lasts_and_drops_the_rest() -> None:
    pair = changed()
    held = answer(pair, ReserveSel()).reservation
    assert code(pair, ColdReset()) == 0
    assert not pair.bmc.sessions.open
    console = again(pair.bmc, pair.now + 1.0)  # the memory writes for a while

    assert_kept(console)
    assert_dropped(console)
    assert console.bmc.users.key == KEY.reveal()
    read = MasterWriteRead(bus_type=BusType.PRIVATE, bus_id=1, address=0x50, count=3, data=b"\0")
    assert answer(console, read).data == b"new"
    part = GetSelEntry(reservation=held, record_id=1, offset=0, count=4)
    assert code(console, part) == CompletionCode.RESERVATION_CANCELLED
    assert answer(console, ReserveSel()).reservation != held


def test_the_lock_on_a_key_outlives_a_cold_reset() -> None:
    pair = Pair().opened()
    assert answer(pair, SetChannelSecurityKeys(operation=KeyOperation.LOCK)).lock == KeyLock.LOCKED
    assert code(pair, ColdReset()) == 0

    assert code(beside(pair).opened(), SetChannelSecurityKeys(operation=KeyOperation.SET, key=KEY)) == 0x80


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_login_that_is_under_way_is_forgotten_at_a_cold_reset(version: str) -> None:
    pair = Pair(version=version)

    def resets_before_the_proof(datagram: bytes) -> list[bytes]:
        if datagram[5:6] == b"\x14" or (datagram[4:5] == b"\2" and any(datagram[9:13])):  # RAKP 3, Activate Session
            pair.bmc.reset()
        return [datagram]

    pair.to_bmc = resets_before_the_proof
    pair.refused()
    assert not pair.bmc.sessions.open
    pair.to_bmc = lambda datagram: [datagram]
    assert pair.opened().works()


def test_wrong_logins_are_forgotten_at_a_cold_reset() -> None:
    pair = Pair().opened()
    for _ in range(5):
        beside(pair, password=Secret("wrong"), cipher=3).refused()
    pair.bmc.reset()

    assert beside(pair).opened().works()


def test_what_a_controller_answers_after_a_cold_reset_reaches_nobody() -> None:
    pair = Pair(machine=profile(controllers=[ControllerProfile(address=0x82, delay=1.0)])).opened()
    asked = ipmb.pack(0x82, 0x06 << 2, ipmb.BMC, 2, 0x01, b"")
    assert code(pair, SendMessage(channel=0, message=asked)) == 0
    pair.bmc.reset()
    fresh = beside(pair).opened()
    pair.bmc.wake(pair.now + 2.0)

    assert not answer(fresh, GetMessageFlags()).receive_message_available


def test_a_line_is_set_as_it_was_kept_after_a_cold_reset_and_forgets_its_challenge() -> None:
    wire = Wire("terminal", machine=serial_profile(session=True), entry=Entry.CHALLENGE)
    assert wire.text(f"[SYS PWD -U admin {LINE_PASSWORD}]") == "[OK]\r\n"
    wire.text("[SYS SET TCFG -N 01 20]")
    wire.text("[SYS SET TCFG -V 00 30]")
    assert wire.text("[SYS TMODE]") == "[OK TMODE]\r"
    wire.bmc.reset()

    assert wire.text("[SYS TMODE]") == "[ERR D4]\0[SYS]\0"
    wire = Wire("terminal", machine=serial_profile(session=True), entry=Entry.CHALLENGE)

    def resets_before_the_proof(data: bytes) -> bytes:
        if b" 3A " in data or b"003A" in data.replace(b" ", b""):  # Activate Session
            wire.bmc.reset()
        return data

    wire.to_bmc = resets_before_the_proof
    assert isinstance(wire.open(), Refused)
