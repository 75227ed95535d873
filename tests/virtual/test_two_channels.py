"""A virtual BMC with a LAN and a serial line: what holds on one channel, and what is asked about it from the other."""

from typing import Any

import pytest

from ipmi_lab.commands.channel import (
    AccessMode,
    Change,
    GetChannelAccess,
    GetChannelCipherSuites,
    KeyOperation,
    SetChannelAccess,
    SetChannelSecurityKeys,
    cipher_suites,
)
from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import ChannelReceive, EnableMessageChannelReceive, GetMessage, SendMessage
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.sel import GetSelEntry
from ipmi_lab.commands.session import GetChannelAuthenticationCapabilities, GetSessionInfo, SetSessionPrivilegeLevel
from ipmi_lab.commands.user import GetUserAccess, PasswordOperation, SetUserAccess, SetUserPassword
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import HANDSHAKE
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.entry import Entry
from ipmi_lab.sessions.events import Answered, Event, Opened, Refused
from ipmi_lab.virtual.profile import Profile, SerialProfile, UserProfile
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import CONSOLE, Pair
from tests.virtual.test_machines import answer, code
from tests.virtual.test_serial import PASSWORD, Wire
from tests.virtual.test_user import beside

LAN, LINE, VIEWER = 1, 2, 3
ENTRIES = [("basic", Entry.CHALLENGE), ("terminal", Entry.CHALLENGE), ("terminal", Entry.TEXT)]


def both(mode: str = "basic", *, suites: tuple[int, ...] = (3,), **changes: Any) -> tuple[Wire, Pair]:
    """A line on which one must log in, and an administrator's session over the LAN of the same machine."""
    machine = Profile(
        users=[UserProfile(user="admin"), UserProfile(user="viewer", privilege="operator")],
        suites=list(suites),
        serial=SerialProfile(session=True),
        **changes,
    )
    wire = Wire(mode, machine=machine)
    pair = Pair(password=Secret(PASSWORD))
    pair.bmc = wire.bmc
    return wire, pair.opened()


def log_in(wire: Wire, mode: str, entry: Entry, privilege: Privilege, user: str = "viewer") -> Event:
    """A console of its own at the line."""
    console = Wire(mode, entry=entry, login={"user": user, "privilege": privilege})
    console.bmc, console.line, console.now = wire.bmc, wire.line, wire.now
    wire.line.logout()
    return console.open()


def over_lan(pair: Pair, privilege: Privilege) -> str:
    """How a login of the viewer goes: empty where it is well."""
    console = beside(pair, user="viewer", password=Secret(PASSWORD), privilege=privilege)
    event = console.open()
    return str(event.error) if isinstance(event, Refused) else ""


# ---------------------------------------------------------------------- users


@pytest.mark.parametrize(("mode", "entry"), ENTRIES)
def test_what_a_user_may_do_is_kept_for_each_channel(mode: str, entry: Entry) -> None:
    wire, pair = both(mode)
    change = SetUserAccess(user_id=VIEWER, privilege_limit=Privilege.USER, channel=LINE, ipmi_messaging=False)
    assert code(pair, change) == 0
    there, here = (answer(pair, GetUserAccess(user_id=VIEWER, channel=channel)) for channel in (LINE, LAN))

    assert (there.privilege_limit, there.ipmi_messaging) == (Privilege.USER, False)
    assert (here.privilege_limit, here.ipmi_messaging) == (Privilege.OPERATOR, True)
    assert not over_lan(pair, Privilege.OPERATOR)
    assert isinstance(log_in(wire, mode, entry, Privilege.USER), Refused)


@pytest.mark.parametrize(("mode", "entry"), ENTRIES)
def test_who_may_not_log_in_over_the_lan_still_may_on_the_line(mode: str, entry: Entry) -> None:
    wire, pair = both(mode)
    off = SetUserAccess(user_id=VIEWER, privilege_limit=Privilege.NO_ACCESS, channel=LAN)
    low = SetUserAccess(user_id=VIEWER, privilege_limit=Privilege.USER, channel=LINE)
    assert (code(pair, off), code(pair, low)) == (0, 0)

    assert over_lan(pair, Privilege.USER)
    assert isinstance(log_in(wire, mode, entry, Privilege.USER), Opened)
    session = wire.line.session
    assert session is not None
    assert session.account.limit == Privilege.USER


def test_a_user_who_is_disabled_is_so_everywhere_and_his_sessions_are_counted_together() -> None:
    wire, pair = both()
    limit = SetUserAccess(user_id=VIEWER, privilege_limit=Privilege.OPERATOR, channel=LAN, session_limit=1)
    assert code(pair, limit) == 0
    assert isinstance(log_in(wire, "basic", Entry.CHALLENGE, Privilege.USER), Opened)
    assert "resources" in over_lan(pair, Privilege.USER)
    wire.line.logout()
    assert not over_lan(pair, Privilege.USER)

    assert code(pair, SetUserPassword(user_id=VIEWER, operation=PasswordOperation.DISABLE_USER)) == 0
    assert over_lan(pair, Privilege.USER)
    assert isinstance(log_in(wire, "basic", Entry.CHALLENGE, Privilege.USER), Refused)


def test_a_session_rises_as_far_as_its_own_channel_lets_it() -> None:
    wire, pair = both()
    console = Wire("basic", entry=Entry.CHALLENGE)
    console.bmc, console.line = wire.bmc, wire.line
    console.opened()
    low = SetChannelAccess(channel=LINE, change_privilege=Change.VOLATILE, privilege_limit=Privilege.USER)
    assert code(pair, low) == 0

    assert console.ask(SetSessionPrivilegeLevel(privilege=Privilege.OPERATOR)) == 0x81
    assert answer(pair, SetSessionPrivilegeLevel(privilege=Privilege.OPERATOR)).privilege == Privilege.OPERATOR
    assert answer(pair, GetSessionInfo(index=2)).channel == LINE


# ---------------------------------------------------------------------- capabilities, suites and keys


def capabilities(pair: Pair, wire: Wire, channel: int, *, extended: bool = True) -> list[Any]:
    """What the LAN and the line say of a channel."""
    ask = GetChannelAuthenticationCapabilities(channel=channel, extended=extended, privilege=Privilege.USER)
    return [answer(pair, ask), wire.ask(ask)]


@pytest.mark.parametrize("extended", [True, False])
def test_a_channel_can_do_the_same_whoever_asks(extended: bool) -> None:
    wire, pair = both(oem_authentication={"maker": 343})
    pair.bmc.users.key = b"k" * 20
    console = Wire("basic", entry=Entry.CHALLENGE)
    console.bmc, console.line = wire.bmc, wire.line
    console.opened()
    lan, again = capabilities(pair, console, LAN, extended=extended)
    line, there = capabilities(pair, console, LINE, extended=extended)

    assert (lan, line) == (again, there)
    assert (lan.md5, lan.md2, lan.oem, lan.kg) == (False, False, True, extended)
    assert (lan.ipmi20_connections, lan.ipmi15_connections) == (extended, False)
    assert (line.md5, line.md2, line.oem, line.kg) == (True, True, False, False)
    assert (line.ipmi20_connections, line.ipmi15_connections) == (False, extended)
    assert (line.per_message_authentication_disabled, line.user_level_authentication_disabled) == (True, True)


def test_the_flags_of_users_are_those_of_the_channel() -> None:
    wire, pair = both()
    for user_id in (2, VIEWER):
        off = SetUserAccess(user_id=user_id, privilege_limit=Privilege.NO_ACCESS, channel=LINE)
        assert code(pair, off) == 0
    (lan, _), (line, _) = capabilities(pair, wire, LAN), capabilities(pair, wire, LINE)

    assert (lan.named_users, line.named_users) == (True, False)


def test_only_a_channel_with_rmcp_plus_has_suites_and_keys() -> None:
    wire, pair = both()
    found = answer(pair, GetChannelCipherSuites(channel=LAN))
    assert [suite.number for suite in cipher_suites(found.data)] == [3]
    assert wire.ask(GetChannelCipherSuites(channel=LAN)).data == found.data

    for channel in (0, LINE, 9, 15):
        assert code(pair, GetChannelCipherSuites(channel=channel)) == CompletionCode.INVALID_DATA_FIELD
        ask = SetChannelSecurityKeys(channel=channel, operation=KeyOperation.READ)
        assert code(pair, ask) == CompletionCode.INVALID_DATA_FIELD
    assert wire.ask(GetChannelCipherSuites()) == CompletionCode.INVALID_DATA_FIELD, "this channel is the line"


@pytest.mark.parametrize("channel", [0, 15])
def test_a_channel_without_sessions_authenticates_nobody(channel: int) -> None:
    wire, pair = both()
    ask = GetChannelAuthenticationCapabilities(channel=channel, privilege=Privilege.USER)

    assert code(pair, ask) == wire.ask(ask) == CompletionCode.INVALID_DATA_FIELD
    assert code(pair, GetUserAccess(user_id=2, channel=channel)) == CompletionCode.INVALID_DATA_FIELD


# ---------------------------------------------------------------------- messages and events


@pytest.mark.parametrize("session", [True, False])
def test_the_machines_software_hears_and_answers_the_line_by_its_own_channel(session: bool) -> None:
    wire, pair = both()
    wire.line.profile.session = session
    console = Wire("basic", entry=Entry.CHALLENGE if session else Entry.NONE)
    console.bmc, console.line = wire.bmc, wire.line
    console.opened()
    assert console.ask(Raw(0x06, 0x01, b"", lun=2)) == CompletionCode.DESTINATION_UNAVAILABLE
    assert answer(pair, EnableMessageChannelReceive(channel=LINE, state=ChannelReceive.ENABLE)).enabled
    number = console.console.request(Raw(0x06, 0x01, b"", lun=2), console.now)
    assert [console.say(data) for data in console.console.datagrams()] == [bytes((HANDSHAKE,))]
    received = answer(pair, GetMessage())
    handle, request = received.message[:1], ipmb.parse(received.message[1:])
    back = handle + ipmb.pack_answer(request, b"\0from software")

    assert (received.channel, request.command) == (LINE, 0x01)
    assert code(pair, SendMessage(channel=LAN, message=b"\xee" + back[1:])) == 0x80
    pair.console.request(SendMessage(channel=LINE, message=back), pair.now)
    (datagram,) = pair.console.datagrams()
    pair.bmc.receive(datagram, CONSOLE, pair.now)
    to_line = b"".join(data for to, data in pair.bmc.datagrams() if to is wire.line)
    assert console.console.receive(to_line, console.now) == [Answered(number, 0, b"from software")]


def test_an_event_says_by_which_channel_it_came() -> None:
    wire, pair = both()
    console = Wire("basic", entry=Entry.CHALLENGE)
    console.bmc, console.line = wire.bmc, wire.line
    console.opened()
    event = PlatformEvent(sensor_type=1, sensor_number=0x30, event_type=1, data=b"WZP")
    assert not isinstance(console.ask(event), int)
    assert code(pair, event) == 0

    records = [answer(pair, GetSelEntry(record_id=number)).record for number in (1, 2)]
    assert [record[8] >> 4 for record in records] == [LINE, LAN]


def test_a_channel_that_is_not_there_hears_nothing() -> None:
    ask = EnableMessageChannelReceive(channel=LINE, state=ChannelReceive.GET_STATE)

    assert code(Pair().opened(), ask) == CompletionCode.INVALID_DATA_FIELD
    assert code(Pair().opened(), SendMessage(channel=LINE, message=bytes(8))) == CompletionCode.INVALID_DATA_FIELD


# ---------------------------------------------------------------------- access


def test_messages_on_a_line_have_no_room_for_codes_whatever_is_set() -> None:
    _, pair = both()
    assert code(pair, SetChannelAccess(channel=LINE, change_access=Change.VOLATILE)) == 0
    found = answer(pair, GetChannelAccess(channel=LINE))

    assert (found.per_message_authentication_disabled, found.user_level_authentication_disabled) == (True, True)
    assert not answer(pair, GetChannelAccess(channel=LAN)).per_message_authentication_disabled


@pytest.mark.parametrize("session", [True, False])
def test_a_line_that_is_off_is_silent_to_all_but_the_open_session(session: bool) -> None:
    wire, pair = both("terminal")
    wire.line.profile.session = session
    assert wire.text(f"[SYS PWD -U viewer {PASSWORD}]") == "[OK]\r\n"
    off = SetChannelAccess(channel=LINE, change_access=Change.VOLATILE, access_mode=AccessMode.DISABLED)
    assert code(pair, off) == 0

    assert wire.text("[SYS TMODE]") == "[OK TMODE]\r\n"
    assert wire.text("[SYS PWD -X]") == "[OK]\r\n"
    assert wire.text("[SYS TMODE]") == ""
    assert wire.text(f"[SYS PWD -U viewer {PASSWORD}]") == ""
    assert code(pair, SetChannelAccess(channel=LINE, change_access=Change.VOLATILE)) == 0
    assert wire.text(f"[SYS PWD -U viewer {PASSWORD}]") == "[OK]\r\n"
