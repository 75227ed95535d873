"""The console's end of a serial line: logins, handshake, noise, echo, and what the BMC says by itself."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.chassis import ChassisControl, Power
from ipmi_lab.errors import LocalError, NoAnswer, SessionError
from ipmi_lab.packets import ipmb
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.bridge import Branch, Hop
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.entry import Entry
from ipmi_lab.sessions.events import Answered, Closed, Exchanged, GaveUp, Opened, Refused, Said
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.md2 import md2
from tests.sessions.line import DEVICE_ID, Line

MODES = ["basic", "terminal"]
CHALLENGE = bytes(range(16))
CAPABILITIES = bytes.fromhex("00 02 16 04 00 00 00 00 00")  # MD5, MD2, straight


@pytest.mark.parametrize("mode", MODES)
def test_without_a_login_a_question_opens_the_line_and_nothing_closes_it(mode: str) -> None:
    line = Line(mode)
    line.console.open(line.now)
    assert line.asked().command == GetDeviceId.command
    assert line.console.state is State.OPENING
    line.console.abandon()

    line = Line(mode).opened()
    assert line.console.how == f"serial line, {mode} mode, no session"
    line.console.close(line.now)
    assert line.console.wake(line.now) == [Closed(True)]
    assert line.look() == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["md5", "md2", "straight"])
def test_a_session_is_activated_by_the_digest_that_the_specification_names(mode: str, kind: str) -> None:
    number = {"md5": 2, "md2": 1, "straight": 4}[kind]
    line = Line(mode, entry=Entry.CHALLENGE, login={"authentication": number})
    line.console.open(line.now)
    line.answer(line.asked(), CAPABILITIES)
    challenge = line.asked()
    assert challenge.data == bytes((number,)) + b"admin".ljust(16, b"\0")
    line.answer(challenge, b"\0" + bytes.fromhex("04 03 02 01") + CHALLENGE)
    activate = line.asked()
    password = b"a password".ljust(16, b"\0")
    signed = password + bytes.fromhex("04 03 02 01") + CHALLENGE + password
    proofs = {"md5": hashlib.md5(signed).digest(), "md2": md2(signed), "straight": password}
    assert activate.data[:2] == bytes((number, 4))
    assert activate.data[2:18] == proofs[kind]
    assert activate.data[18:] != bytes(4)
    line.answer(activate, bytes((0, number)) + bytes.fromhex("08 07 06 05 00 00 00 00 04"))
    events = line.answer(line.asked(), b"\0\x04")

    assert isinstance(events[-1], Opened)
    assert line.console.state is State.ACTIVE
    line.console.close(line.now)
    closing = line.asked()
    assert (closing.command, closing.data) == (0x3C, bytes.fromhex("08 07 06 05"))
    assert line.answer(closing, b"\0") == [Closed(True)]


@pytest.mark.parametrize("reply", ["[OK]", "[ERR CC]"])
def test_a_login_by_text(reply: str) -> None:
    line = Line("terminal", entry=Entry.TEXT, login={"password": Secret("planted-word")})
    line.console.open(line.now)
    assert line.look() == ["SYS PWD -U admin planted-word"]
    line.said.clear()
    events = line.hear(reply.encode() + b"\r\n")
    if "ERR" in reply:
        assert isinstance(events[-1], Refused)
        assert "[ERR CC]" in str(events[-1].error)
        assert "planted" not in str(events[-1].error)
    else:
        line.answer(line.asked(), b"\0\x04")
        assert line.console.state is State.ACTIVE
        line.console.close(line.now)
        assert line.look() == ["SYS PWD -X"]
        assert line.hear(b"[OK]\r\n") == [Closed(True)]
    assert "planted" not in repr(line.observed)
    assert Said("SYS PWD -U admin ****", reply[1:-1], 1, 0.0, "session") in line.observed


@pytest.mark.parametrize("word", ["two words", "a]b", "äöü"])
def test_a_password_that_does_not_fit_into_a_line_is_told(word: str) -> None:
    line = Line("terminal", entry=Entry.TEXT, login={"password": Secret(word.encode("latin-1"))})
    line.console.open(line.now)
    (event,) = line.console.wake(line.now)

    assert isinstance(event, Refused)
    assert "does not fit into a line" in str(event.error)
    assert word not in str(event.error)


def test_a_line_that_wants_a_login_is_told() -> None:
    line = Line("basic")
    line.console.open(line.now)
    (event,) = line.answer(line.asked(), b"\xd4")

    assert isinstance(event, Refused)
    assert isinstance(event.error, SessionError)
    assert "Give a user and a password" in str(event.error)


@pytest.mark.parametrize(
    ("mode", "came", "told"),
    [
        ("basic", b"[1C 0C 01 C1]\r\n", "looks like terminal mode"),
        ("terminal", b"\xa6\xa0\x81\x1c\x63\x20\x0c\x01\xc1\x12\xa5", "looks like basic mode"),
        ("basic", b"GRUB loading.\r\nWelcome to GRUB!\r\n", "a console with text"),
        ("basic", b"", "Check the cable, mode and baud"),
    ],
)
def test_where_nothing_answers_the_noise_says_why(mode: str, came: bytes, told: str) -> None:
    line = Line(mode, timing=Timing(timeout=0.5, retries=1))
    line.console.open(line.now)
    line.look()
    line.hear(came)
    events = []
    while not events:
        events = line.turn()

    assert isinstance(events[0], Refused)
    assert isinstance(events[0].error, NoAnswer)
    assert told in str(events[0].error)


def test_the_next_message_waits_until_the_bmc_is_ready() -> None:
    """The acknowledgement of a Connection Active comes while our question is on its way."""
    line = Line("basic").opened()
    line.console.request(GetDeviceId(), line.now)
    question = line.asked()
    ping = ipmb.pack(ipmb.CONSOLE, 0x30, ipmb.BMC, 0x44, 0x18, b"\x01\x51")
    assert line.hear(line.far.wrap(ping)) == []
    assert line.look() == []

    line.hear(b"\xa6")
    acknowledgement = line.asked()
    assert (acknowledgement.netfn, acknowledgement.command, acknowledgement.sequence) == (0x0D, 0x18, 0x11)
    assert acknowledgement.data == b"\0"
    assert line.answer(question, DEVICE_ID) == [Answered(2, 0, DEVICE_ID[1:])]


def test_a_bmc_without_handshake_is_taken_as_ready_after_a_moment() -> None:
    line = Line("terminal").opened()
    line.console.request(GetDeviceId(), line.now)
    line.asked()
    line.hear(b"[30 44 18 01 51]\r\n")
    assert line.look() == []
    line.turn()

    assert line.asked().command == 0x18


@pytest.mark.parametrize("mode", MODES)
def test_a_question_is_asked_again_under_its_number_and_a_second_answer_is_dropped(mode: str) -> None:
    line = Line(mode, careful=False).opened()
    line.console.request(GetDeviceId(), line.now)
    first = line.asked()
    while not line.look():
        line.turn()
    assert line.asked() == first

    assert line.answer(first, DEVICE_ID) == [Answered(2, 0, DEVICE_ID[1:])]
    assert line.answer(first, b"\0") == []
    assert line.console.dropped["an answer came that fits no open question"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_nobody_is_asked_whether_the_session_lives(mode: str) -> None:
    line = Line(mode, timing=Timing(budget=3.0)).opened()
    line.console.request(GetDeviceId(), line.now)
    events = []
    while not events:
        events = line.turn()
        assert {frame[5] for frame in line.look() if isinstance(frame, bytes)} <= {GetDeviceId.command}

    (event,) = events
    assert isinstance(event, GaveUp)
    assert not event.lost


def test_a_change_is_sent_once_since_a_bmc_could_not_know_it_again() -> None:
    line = Line("basic", timing=Timing(timeout=2.0)).opened()
    line.console.request(ChassisControl(action=Power.CYCLE), line.now)
    line.look()
    begun, events = line.now, []
    while not events:
        events = line.turn()
        line.look()

    (event,) = events
    assert isinstance(event, GaveUp)
    assert (len(line.said), event.tries) == (1, 1)
    assert 2.0 <= line.now - begun < 2.5


@pytest.mark.parametrize("mode", MODES)
def test_the_echo_of_our_own_line_is_dropped(mode: str) -> None:
    line = Line(mode).opened()
    line.console.request(GetDeviceId(), line.now)
    question = line.asked()
    assert line.hear(line.wire[-1]) == []

    assert line.answer(question, DEVICE_ID) == [Answered(2, 0, DEVICE_ID[1:])]


@pytest.mark.parametrize("mode", MODES)
def test_a_connection_that_is_active_without_session_means_that_ours_is_lost(mode: str) -> None:
    line = opened(mode)
    line.console.request(GetDeviceId(), line.now)
    line.asked()
    ping = ipmb.pack(ipmb.CONSOLE, 0x30, ipmb.BMC, 0x44, 0x18, b"\x00\x51")
    events = line.hear(line.far.wrap(ping))

    assert [(type(event), getattr(event, "lost", None)) for event in events] == [(GaveUp, True)]
    assert line.console.state is State.CLOSED


def opened(mode: str) -> Line:
    """A line with an IPMI 1.5 session."""
    line = Line(mode, entry=Entry.CHALLENGE)
    line.console.open(line.now)
    line.answer(line.asked(), CAPABILITIES)
    line.answer(line.asked(), b"\0" + bytes.fromhex("04 03 02 01") + CHALLENGE)
    line.answer(line.asked(), bytes.fromhex("00 02 08 07 06 05 00 00 00 00 04"))
    line.answer(line.asked(), b"\0\x04")
    assert line.console.state is State.ACTIVE
    return line


@pytest.mark.parametrize("mode", MODES)
def test_bridged_answers_are_told_apart(mode: str) -> None:
    """In terminal mode the answer bears the bridge bits 01 in place of addresses."""
    line = Line(mode).opened()
    line.console.request(GetDeviceId(), line.now, branch=Branch((Hop(0x82, 0),)))
    send = line.asked()
    assert (send.command, send.data[:2]) == (0x34, b"\x40\x82")
    assert line.answer(send, b"\0") == []
    inner = ipmb.parse(send.data[1:])
    bridged = ipmb.pack_answer(inner, DEVICE_ID)
    if mode == "terminal":
        assert b"[1C %02X 01 00" % (inner.sequence << 2 | 1) in line.far.wrap(bridged)

    assert line.hear(line.far.wrap(bridged)) == [Answered(2, 0, DEVICE_ID[1:])]


def test_a_careful_read_is_believed_when_two_answers_agree() -> None:
    line = Line("terminal", careful=True).opened()
    line.console.request(GetDeviceId(), line.now)
    wrong = DEVICE_ID.replace(b"\x09", b"\x08")
    for answer in (DEVICE_ID, wrong, wrong[:-1], DEVICE_ID):
        assert line.answer(line.asked(), answer) == []

    assert line.answer(line.asked(), DEVICE_ID) == [Answered(2, 0, DEVICE_ID[1:])]
    (exchange,) = [event for event in line.observed if isinstance(event, Exchanged)]
    assert exchange.tries == 5


def test_care_begins_with_noise_and_ends_a_while_after_it() -> None:
    line = Line("basic").opened()

    def tries() -> int:
        line.console.request(GetDeviceId(), line.now)
        count, events = 0, []
        while not events:
            events = line.answer(line.asked(), DEVICE_ID)
            count += 1
        return count

    assert tries() == 1
    line.hear(b"\xff\xfe")
    assert tries() == 2
    line.now += 61
    assert tries() == 1


def test_answers_that_never_agree_end_with_the_budget() -> None:
    line = Line("terminal", careful=True, timing=Timing(budget=5.0)).opened()
    line.console.request(GetDeviceId(), line.now)
    events: list[Any] = []
    for count in range(100):
        line.now += 0.1
        events = line.answer(line.asked(), DEVICE_ID + bytes((count,)))
        if events:
            break

    assert [type(event) for event in events] == [GaveUp]


def test_text_commands_are_answered_refused_and_given_up() -> None:
    line = Line("terminal").opened()
    for reply in ("OK TMODE", "ERR C1", "PWR:ON H:ok"):
        line.console.say("SYS TMODE", line.now, repeat=True)
        assert line.look().pop() == "SYS TMODE"
        assert line.hear(b"[SYS TMODE]\r\n") == []  # an echo
        (event,) = line.hear(f"[{reply}]\r\n".encode())
        assert event == Said("SYS TMODE", reply, 1, 0.0, "command")
    line.console.say("SYS RESET", line.now, repeat=False)
    events: list[Any] = []
    while not events:
        events = line.turn()

    assert line.look() == ["SYS RESET"]
    assert (events[0].reply, line.console.unclean) == (None, True)


def test_text_commands_belong_to_terminal_mode() -> None:
    with pytest.raises(SessionError, match="only a line in terminal mode"):
        Line("basic").opened().console.say("SYS TMODE", 0.0, repeat=True)


def test_one_question_at_a_time_is_all_that_a_line_carries() -> None:
    with pytest.raises(LocalError, match="one question at a time"):
        Line("basic", in_flight=2)


def test_a_slow_line_is_waited_for() -> None:
    fast, slow = Line("basic").opened(), Line("basic", baud=1200).opened()
    for line in (fast, slow):
        line.console.request(GetDeviceId(), line.now)
        line.asked()
    waits = [pending.wait for line in (fast, slow) for pending in line.console._open.values()]

    assert waits[0] < 0.4
    assert waits[1] > 2.5


@pytest.mark.parametrize("mode", MODES)
@given(pieces=st.lists(st.binary(max_size=30) | st.sampled_from([b"[1C ", b"[OK]", b"\xa0\x81", b"]", b"\xa5"])))
def test_no_bytes_raise_anything_or_pass_for_an_answer(mode: str, pieces: list[bytes]) -> None:
    line = Line(mode).opened()
    line.console.request(GetDeviceId(), line.now)
    for piece in pieces:
        for event in line.hear(piece):
            assert not isinstance(event, Answered)
        line.look()


@pytest.mark.parametrize("end", ["abandon", "lost"])
def test_who_was_refused_is_told_where_the_session_ends_before_the_reason_is_known(end: str) -> None:
    line = Line("terminal", entry=Entry.TEXT, login={"password": Secret("planted-word")})
    line.console.open(line.now)
    line.look().clear()
    line.hear(b"[OK]\r\n")
    line.answer(line.asked(), b"\0\x04")
    assert line.console.state is State.ACTIVE
    told: list[Any] = []
    line.console.request(GetDeviceId(), line.now, tell=told.append)
    line.answer(line.asked(), b"\xd4")
    assert not told

    if end == "abandon":
        line.console.abandon()
    else:
        line.console._session_lost(line.now)
    (outcome,) = told
    assert isinstance(outcome, GaveUp)
    assert outcome.lost is (end == "lost")
