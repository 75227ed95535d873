"""Sessions of a virtual BMC as its commands show and change them."""

import pytest

from ipmi_lab.commands.bmc import ColdReset
from ipmi_lab.commands.session import (
    ActivateSession,
    AuthenticationType,
    CloseSession,
    GetSessionInfo,
    SerialActivity,
    SessionInfo,
    SessionProtocol,
)
from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret
from ipmi_lab.virtual.profile import SerialProfile
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import CONSOLE, Pair, profile
from tests.virtual.test_machines import answer, code
from tests.virtual.test_serial import PASSWORD as LINE_PASSWORD
from tests.virtual.test_serial import Wire
from tests.virtual.test_user import beside


def test_a_session_is_found_by_index_by_handle_and_by_id() -> None:
    pair = Pair().opened()
    other = beside(pair, user="viewer", privilege=Privilege.USER, version="1.5").opened()
    mine, theirs = answer(pair, GetSessionInfo()), answer(other, GetSessionInfo())

    assert (mine.user_id, mine.protocol, mine.privilege) == (2, SessionProtocol.RMCP_PLUS, Privilege.ADMINISTRATOR)
    assert (theirs.user_id, theirs.protocol, theirs.privilege) == (3, SessionProtocol.IPMI_1_5, Privilege.USER)
    assert (mine.possible, mine.active, mine.channel) == (16, 2, 1)
    assert (mine.console_address, mine.console_port, mine.console_mac) == (*CONSOLE, "00:00:00:00:00:00")
    assert answer(pair, GetSessionInfo(index=2)) == theirs
    assert answer(pair, GetSessionInfo.of(session_handle=theirs.session_handle)) == theirs
    ids = list(pair.bmc.sessions.open)
    assert answer(pair, GetSessionInfo.of(session_id=ids[1])) == theirs
    assert answer(pair, GetSessionInfo.of(session_id=ids[0])) == mine


def test_a_slot_with_no_session_has_three_bytes() -> None:
    pair = Pair().opened()
    for ask in (GetSessionInfo(index=2), GetSessionInfo.of(session_handle=9), GetSessionInfo.of(session_id=9)):
        found = answer(pair, ask)
        assert (found.session_handle, found.active, found.user_id) == (0, 1, None)
        assert len(found.encode()) == 3


@pytest.mark.parametrize(("index", "which"), [(0xFE, b""), (0xFF, b"\1"), (0, b"\1"), (1, b"\1")])
def test_an_index_with_too_few_or_too_many_bytes_is_refused(index: int, which: bytes) -> None:
    assert code(Pair().opened(), GetSessionInfo(index=index, which=which)) == 0xC7


def test_handles_and_ids_that_do_not_fit_are_told() -> None:
    with pytest.raises(LocalError, match="one byte"):
        GetSessionInfo.of(session_handle=256)
    with pytest.raises(LocalError, match="id four"):
        GetSessionInfo.of(session_id=-1)


def test_what_a_serial_session_adds_is_read() -> None:
    plain = SessionInfo.decode(bytes.fromhex("01 04 01 02 04 02 00 03"))
    assert (plain.activity, plain.destination, plain.console_address) == (SerialActivity.MESSAGING, 3, "")
    ppp = SessionInfo.decode(bytes.fromhex("01 04 01 02 04 02 01 00 0a 00 00 07 6f 02"))
    assert (ppp.activity, ppp.console_address, ppp.console_port) == (SerialActivity.CALLBACK, "10.0.0.7", 623)
    assert ppp.console_mac == ""


def test_a_session_is_closed_by_handle_or_id_and_only_by_who_may() -> None:
    pair = Pair().opened()
    viewers = [beside(pair, user="viewer", privilege=Privilege.USER).opened() for _ in range(2)]
    handles = [answer(viewer, GetSessionInfo()).session_handle for viewer in viewers]
    ids = list(pair.bmc.sessions.open)

    assert code(viewers[0], CloseSession(session_id=0, session_handle=handles[1])) == 0xD4
    assert code(pair, CloseSession(session_id=0, session_handle=99)) == 0x88
    assert code(pair, CloseSession(session_id=0xDEAD)) == 0x87
    assert code(pair, CloseSession(session_id=0, session_handle=handles[1])) == 0
    assert code(pair, CloseSession(session_id=ids[1])) == 0
    assert answer(pair, GetSessionInfo()).active == 1
    assert not viewers[0].works()


def test_activate_session_inside_a_session_sets_our_next_number() -> None:
    pair = Pair(version="1.5").opened()
    session = next(iter(pair.bmc.sessions.open.values()))
    ask = ActivateSession(
        authentication=AuthenticationType.MD5,
        privilege=Privilege.ADMINISTRATOR,
        challenge=bytes(16),
        outbound_sequence=session.wrapping.sequence + 5,
    )
    before = session.wrapping.sequence
    found = answer(pair, ask)

    assert (found.session_id, found.authentication) == (session.bmc_id, AuthenticationType.MD5)
    assert session.wrapping.sequence == before + 5
    assert pair.works()
    zero = ActivateSession(**{**ask.asdict(), "outbound_sequence": 0})
    assert code(pair, zero) == 0x84
    assert code(Pair().opened(), ask) == CompletionCode.NOT_SUPPORTED_IN_PRESENT_STATE


def test_a_cold_reset_ends_all_sessions() -> None:
    pair = Pair(machine=profile(session_slots=2)).opened()
    beside(pair).opened()
    assert code(pair, ColdReset()) == 0

    assert not pair.bmc.sessions.open
    assert beside(pair).opened().works()


def test_a_slot_is_taken_from_a_console_that_is_silent_for_as_long_as_the_profile_says() -> None:
    pair = Pair(machine=profile(session_slots=1, spare_after=5.0)).opened()
    pair.now += 4.5
    assert "resources" in beside(pair).refused()
    pair.now += 1.0

    assert beside(pair).opened().works()
    assert not pair.works()


def test_slots_stay_taken_until_their_sessions_time_out_where_none_makes_room() -> None:
    pair = Pair(machine=profile(session_slots=1, spare_after=float("inf"), session_timeout=20.0)).opened()
    pair.now += 19.5
    assert "resources" in beside(pair).refused()
    assert "slot" in beside(pair, version="1.5").refused()
    pair.now += 1.0

    assert beside(pair).opened().works()


def test_a_line_takes_the_slot_of_a_silent_console_as_the_lan_does() -> None:
    wire = Wire("terminal", machine=profile(session_slots=1, serial=SerialProfile(session=True)))
    pair = Pair(password=Secret(LINE_PASSWORD))
    pair.bmc = wire.bmc
    pair.opened()
    assert wire.text(f"[SYS PWD -U admin {LINE_PASSWORD}]") == "[ERR D4]\r\n"
    wire.now += 1.0

    assert wire.text(f"[SYS PWD -U admin {LINE_PASSWORD}]") == "[OK]\r\n"
    assert not pair.works()
