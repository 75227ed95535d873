"""Bridged questions of a session: every way in which BMCs bring the answers of controllers, or do not."""

import random
from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId, GetSelfTestResults
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.i2c import BusType, MasterWriteRead
from ipmi_lab.commands.messaging import GetMessage, SendMessage
from ipmi_lab.commands.raw import Raw
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions import bridge
from ipmi_lab.sessions.bridge import Branch, Found, Hop, Route, answered, wrapped
from ipmi_lab.sessions.events import Answered, Exchanged, GaveUp
from ipmi_lab.sessions.login import Timing
from ipmi_lab.virtual.profile import BridgingProfile, ControllerProfile, DeviceIdProfile, Profile
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import Pair, profile

CARRIER, AMC = Hop(0x82, 0), Hop(0x72, 7)
ONE, TWO, THREE = (CARRIER,), (CARRIER, AMC), (CARRIER, AMC, Hop(0x40, 2))
WRITE = MasterWriteRead(bus_type=BusType.PRIVATE, address=0x50, count=0, data=b"\0\0\0")


def machine(*, delay: float = 0.0, **changes: Any) -> Profile:
    """A shelf of three levels; the first controller takes ``delay`` seconds."""

    def controller(address: int, channel: int, *behind: ControllerProfile, delay: float = 0.0) -> ControllerProfile:
        who = DeviceIdProfile(device_id=address)
        return ControllerProfile(address=address, channel=channel, device_id=who, controllers=list(behind), delay=delay)

    deepest = controller(0x40, 2)
    return profile(controllers=[controller(0x82, 0, controller(0x72, 7, deepest), delay=delay)], **changes)


def opened(route: Route, *, timing: Timing | None = None, quirks: tuple[str, ...] = (), **changes: Any) -> Pair:
    pair = Pair(machine=machine(**changes), timing=timing, quirks=frozenset(quirks))
    pair.branch = Branch(route)
    return pair.opened()


def device(pair: Pair) -> int:
    event = pair.ask(GetDeviceId())
    assert isinstance(event, Answered), event
    assert event.code == 0, event
    return event.data[0]


def sent_before(pair: Pair) -> int:
    return len(pair.sent)


# ---------------------------------------------------------------------- bytes


def test_two_hops_are_wrapped_as_ipmitool_does() -> None:
    """ipmitool's transit message bears its own address 0x81, the innermost one 0x20; the layout is the same."""
    theirs = bytes.fromhex("40 30 18 b8 81 18 34 47 72 18 76 20 18 01 c7 ec".replace(" ", ""))
    ours = wrapped((Hop(0x30, 0), Hop(0x72, 7)), 0x18, 0x18, 0x01, b"")

    assert ours[:4] + ours[5:-1] == theirs[:4] + theirs[5:-1]
    assert (ours[4], theirs[4]) == (ipmb.BMC, ipmb.CONSOLE)


def test_the_requester_may_be_the_console() -> None:
    made = wrapped((Hop(0x30, 0),), 0x18, 0x18, 0x01, b"", requester=ipmb.CONSOLE)

    assert made.hex(" ") == "40 30 18 b8 81 18 01 66"


def test_without_tracking_the_answer_is_for_the_lun_of_software() -> None:
    made = wrapped((Hop(0x30, 0),), 0x18, 0x18, 0x01, b"", tracked=False)

    assert made[0] == 0x00
    assert ipmb.parse(made[1:]).requester_lun == 2


def test_the_levels_of_an_embedded_answer_may_bear_numbers_of_their_own() -> None:
    """As python-ipmi's own tests record it, but each controller counts for itself; the last checksum is ours."""
    inner = ipmb.pack(0x20, 0x05 << 2, 0x74, 0x3C << 2, 0x22, b"\x00\xed\xff")
    transit = ipmb.pack(0x20, 0x07 << 2, 0x82, 0x11 << 2, 0x34, b"\x00" + inner)
    outer = ipmb.pack(0x81, 0x07 << 2, 0x20, 0x05 << 2, 0x34, b"\x00" + transit)

    assert answered((Hop(0x82, 0), Hop(0x74, 7)), 0x05, 0x22, outer) == Found(0, b"\xed\xff")


def test_an_embedded_answer_may_lack_its_first_byte() -> None:
    for requester in (ipmb.BMC, ipmb.CONSOLE):
        inner = ipmb.pack(requester, 0x07 << 2, 0x82, 0x14, 0x01, b"\x00\xaa")
        outer = ipmb.pack(0x81, 0x07 << 2, 0x20, 0x14, 0x34, b"\x00" + inner[1:])

        assert answered(ONE, 0x07, 0x01, outer) == Found(0, b"\xaa")


def test_the_hop_that_was_refused_is_known() -> None:
    nested = ipmb.pack(0x20, 0x07 << 2, 0x82, 0x14, 0x34, b"\x83")
    outer = ipmb.pack(0x81, 0x07 << 2, 0x20, 0x14, 0x34, b"\x00" + nested)
    bare = ipmb.pack(0x20, 0x07 << 2, 0x20, 0x14, 0x34, b"\x83")

    assert answered(TWO, 0x07, 0x01, outer) == Found(0x83, b"", refused=1)
    assert answered(TWO, 0x07, 0x01, nested) == Found(0x83, b"", refused=1)
    assert answered(TWO, 0x07, 0x01, bare) == Found(0x83, b"", refused=0)
    assert answered(TWO, 0x07, 0x01, bare, passed=1) == Found(0x83, b"", refused=1)


# ---------------------------------------------------------------------- ways in which answers come


@pytest.mark.parametrize("route", [ONE, TWO, THREE], ids=len)
@pytest.mark.parametrize("answers", ["behind", "before", "inside"])
@pytest.mark.parametrize("responder", ["controller", "bmc"])
@pytest.mark.parametrize("delay", [0.0, 0.6])
def test_an_answer_is_taken_however_the_bmc_brings_it(answers: str, responder: str, delay: float, route: Route) -> None:
    pair = opened(route, delay=delay, bridging=BridgingProfile(answers=answers, responder=responder))  # type: ignore[arg-type]

    for _ in range(70):
        assert device(pair) == route[-1].address


@pytest.mark.parametrize("route", [ONE, TWO], ids=len)
@pytest.mark.parametrize("delay", [0.0, 0.6])
@pytest.mark.parametrize("told", [True, False], ids=["by option", "by itself"])
def test_the_queue_of_a_bmc_that_does_not_track_is_read(told: bool, delay: float, route: Route) -> None:
    quirks = ("notracking",) if told else ()
    pair = Pair(machine=machine(delay=delay, quirks=["notracking"]), quirks=frozenset(quirks))
    pair.branch = Branch(route)
    pair.opened()

    for _ in range(20):
        assert device(pair) == route[-1].address
    assert pair.console.tracks is False
    assert not pair.bmc.messaging.queue


def test_tracking_is_tried_once_and_never_again() -> None:
    pair = Pair(machine=machine(quirks=["notracking"]))
    pair.branch = Branch(ONE)
    pair.opened()
    device(pair)
    first = sent_before(pair)
    device(pair)

    assert sent_before(pair) - first == 2, "Send Message and Get Message, and nothing refused"


def test_the_first_refusal_counts_where_there_is_no_such_channel() -> None:
    pair = opened((Hop(0x82, 9),))

    for _ in range(2):
        event = pair.ask(GetDeviceId())
        assert isinstance(event, Answered)
        assert (event.code, event.way) == (0xCC, "Send Message to 0x82@9")
    assert pair.console.tracks is None


def test_messages_of_others_in_the_queue_are_no_answers() -> None:
    pair = Pair(machine=machine(quirks=["notracking"]), quirks=frozenset({"notracking"}))
    pair.branch = Branch(ONE)
    pair.opened()
    for number in range(64):
        pair.bmc.messaging.queue.clear()
        stale = ipmb.pack(0x20, 0x07 << 2 | 2, 0x82, number << 2, 0x04, b"\x00\x55\x00")
        pair.bmc.messaging.queue_up(0, stale[1:])
        pair.bmc.messaging.queue_up(1, b"\x01garbage")
        assert device(pair) == 0x82
    assert any("queue" in reason or "message" in reason for reason in pair.console.dropped)


def test_a_queue_that_nobody_may_read_is_told() -> None:
    pair = Pair(machine=machine(quirks=["notracking"]), privilege=Privilege.OPERATOR)
    pair.branch = Branch(ONE)
    pair.opened()
    event = pair.ask(GetDeviceId())

    assert isinstance(event, Answered)
    assert event.code == CompletionCode.INSUFFICIENT_PRIVILEGE
    assert event.way.startswith("Get Message")


@pytest.mark.parametrize("lost", ["question", "answer"])
def test_what_is_lost_on_the_way_to_the_queue_is_asked_again(lost: str) -> None:
    pair = Pair(machine=machine(quirks=["notracking"]), quirks=frozenset({"notracking"}))
    pair.branch = Branch(ONE)
    pair.opened()
    chance = random.Random(3)

    def lossy(datagram: bytes) -> list[bytes]:
        return [] if chance.random() < 0.25 else [datagram]

    if lost == "question":
        pair.to_bmc = lossy
    else:
        pair.to_console = lossy
    for _ in range(30):
        assert device(pair) == 0x82


def test_a_shelf_that_wants_the_consoles_address_gets_it() -> None:
    wanting = machine(quirks=["consoleaddress"])
    pair = Pair(machine=wanting, quirks=frozenset({"consoleaddress"}))
    pair.branch = Branch(TWO)
    assert device(pair.opened()) == 0x72
    usual = Pair(machine=wanting, timing=Timing(budget=3.0))
    usual.branch = Branch(TWO)

    assert isinstance(usual.opened().ask(GetDeviceId()), GaveUp)


# ---------------------------------------------------------------------- numbers and time


def test_a_late_answer_of_an_earlier_question_is_never_taken() -> None:
    """Answers come when 70 further questions have been asked: their numbers may have come round, and are resting."""
    pair = opened(ONE, timing=Timing(budget=1.0))
    held: list[bytes] = []
    pair.to_console = lambda datagram: held.append(datagram) or []  # type: ignore[func-returns-value]
    assert isinstance(pair.ask(GetSelfTestResults()), GaveUp)
    late, turns = list(held), 0

    def behind(datagram: bytes) -> list[bytes]:
        return [late.pop(), datagram] if late and turns % 2 else [datagram]

    pair.to_console = behind
    for turns in range(140):
        event = pair.ask(GetSelfTestResults() if turns % 2 else GetDeviceId())
        assert isinstance(event, Answered)
        assert event.data[:2] == (b"\x55\x00" if turns % 2 else b"\x82\x01")


def test_an_answer_under_an_old_number_of_the_same_question_is_as_good() -> None:
    """The controller takes 0.9 s, and after some fast answers we ask again after 0.25 s: the first try is answered."""
    pair = opened(ONE)
    device(pair)
    neighbour = pair.bmc.bridging.bus._there[0, 0x82]
    neighbour.delay = 0.9  # type: ignore[attr-defined]
    begun = pair.now

    assert device(pair) == 0x82
    assert pair.now - begun == pytest.approx(0.9, abs=0.01)


def test_a_change_that_was_passed_on_is_not_asked_twice() -> None:
    pair = opened(ONE)
    seen: list[bytes] = []
    neighbour = pair.bmc.bridging.bus._there[0, 0x82]
    neighbour.receive = lambda message, now: seen.append(message)  # type: ignore[method-assign,attr-defined]
    begun = pair.now

    assert isinstance(pair.ask(WRITE), GaveUp)
    assert len(seen) == 1
    assert pair.now - begun == pytest.approx(5.0, abs=0.1)


def test_a_change_that_was_refused_for_its_tracking_is_done_once() -> None:
    pair = Pair(machine=machine(quirks=["notracking"]))
    pair.branch = Branch(ONE)
    pair.opened()
    event = pair.ask(WRITE)

    assert isinstance(event, Answered)
    assert (event.code, event.way) == (CompletionCode.INVALID_DATA_FIELD, ""), "the carrier has no such bus"


def test_what_is_observed_is_the_command_at_the_end_of_the_way() -> None:
    pair = Pair(machine=machine(quirks=["notracking"]))
    heard: list[Any] = []
    pair.branch = Branch(TWO, heard.append)
    pair.opened()
    device(pair)

    assert [(event.command, event.code, event.tries) for event in heard] == [(0x01, 0, 2)]


def test_a_refusal_on_the_way_is_observed_as_what_it_is() -> None:
    pair = Pair(machine=machine())
    heard: list[Any] = []
    pair.branch = Branch((CARRIER, Hop(0x70, 7)), heard.append)
    event = pair.opened().ask(GetDeviceId())

    assert isinstance(event, Answered)
    assert (event.code, event.way) == (0x83, "Send Message to 0x70@7")
    (told,) = heard
    assert isinstance(told, Exchanged)
    assert (told.command, told.code) == (bridge.SEND_MESSAGE, 0x83)


# ---------------------------------------------------------------------- the BMC's end


def code(pair: Pair, request: Request[Any]) -> int:
    pair.branch = None
    event = pair.ask(request)
    assert isinstance(event, Answered)
    return event.code


def test_an_answer_that_comes_after_five_seconds_is_forgotten() -> None:
    pair = opened(ONE, delay=5.5, timing=Timing(budget=20.0))

    assert isinstance(pair.ask(GetDeviceId()), GaveUp)


def test_answers_for_a_session_that_was_closed_are_dropped() -> None:
    pair = opened(ONE, delay=1.0)
    pair.console.request(GetDeviceId(), pair.now, branch=pair.branch)
    pair.carry()
    assert len(pair.bmc.bridging.outstanding) == 1
    for session in list(pair.bmc.sessions.open.values()):
        pair.bmc.sessions.close(session)
    pair.now += 1.0
    pair.bmc.wake(pair.now)

    assert pair.bmc.datagrams() == []


def test_a_bmc_remembers_only_so_many_questions() -> None:
    pair = opened(ONE, delay=4.0)
    message = wrapped(ONE, 0x18, 0, 0x01, b"")
    codes = [code(pair, SendMessage.decode(message)) for _ in range(66)]

    assert codes == [0] * 64 + [CompletionCode.NODE_BUSY] * 2


@pytest.mark.parametrize(("tracking", "wanted"), [(0x80, 0xCC), (0xC0, 0xCC), (0x40, 0), (0x00, 0)])
def test_raw_sending_is_not_offered(tracking: int, wanted: int) -> None:
    message = bytes((tracking,)) + wrapped(ONE, 0x18, 0, 0x01, b"")[1:]

    assert code(opened(ONE), SendMessage.decode(message)) == wanted


def test_bridging_takes_an_operator_and_software_a_user() -> None:
    pair = Pair(machine=machine(), user="viewer", privilege=Privilege.USER).opened()
    there = SendMessage.decode(wrapped(ONE, 0x18, 0, 0x01, b""))

    assert code(pair, there) == CompletionCode.INSUFFICIENT_PRIVILEGE
    assert code(pair, SendMessage(channel=0x0F, message=b"hello")) == 0
    assert pair.bmc.messaging.queue[0].message[1:] == b"hello"


def test_the_queue_is_bounded_for_answers_too() -> None:
    pair = opened(ONE)
    message = SendMessage.decode(wrapped(ONE, 0x18, 0, 0x01, b"", tracked=False))
    for _ in range(20):
        assert code(pair, message) == 0
    taken = sum(code(pair, GetMessage()) == 0 for _ in range(20))

    assert taken == 16


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (Raw(0x06, 0x01, b"\0"), CompletionCode.REQUEST_DATA_LENGTH_INVALID),
        (Raw(0x06, 0x01, lun=1), CompletionCode.INVALID_COMMAND_FOR_LUN),
        (Raw(0x00, 0x01), CompletionCode.INVALID_COMMAND),
        (Raw(0x06, 0x04), CompletionCode.OK),
        (Raw(0x06, 0x37), CompletionCode.OK),
    ],
)
@pytest.mark.parametrize("route", [ONE, TWO], ids=len)
def test_a_controller_answers_by_the_rules_of_a_bmc(request_: Raw, wanted: int, route: Route) -> None:
    event = opened(route).ask(request_)

    assert isinstance(event, Answered)
    assert (event.code, event.way) == (wanted, "")
