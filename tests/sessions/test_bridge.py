"""Messages through controllers, against recorded bytes and against our own shelf."""

import pytest

from ipmi_lab.commands.bmc import GetDeviceId, GetSelfTestResults
from ipmi_lab.commands.chassis import GetChassisStatus
from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bridge import Branch, Found, Hop, Route, answered, wrapped
from ipmi_lab.sessions.events import Answered, GaveUp
from ipmi_lab.virtual.profile import load
from tests.sessions.pair import Pair, profile

CARRIER, AMC = Hop(0x82, 0), Hop(0x72, 7)


def test_one_hop_is_wrapped_as_freeipmi_does() -> None:
    assert wrapped((Hop(0x30, 0),), 0x18, 0x94, 0x01, b"").hex(" ") == "40 30 18 b8 20 94 01 4b"


def test_two_hops_are_wrapped_one_in_the_other() -> None:
    made = wrapped((Hop(0x30, 0), Hop(0x72, 7)), 0x18, 0x18, 0x01, b"")

    assert made[:1] == b"\x40"
    transit = ipmb.parse(made[1:])
    assert (transit.responder, transit.command, transit.data[:1]) == (0x30, 0x34, b"\x47")
    assert ipmb.parse(transit.data[1:]) == ipmb.Frame(0x72, 6, 0, 0x20, 6, 0, 0x01, b"")


def test_an_answer_with_all_levels_inside_is_peeled() -> None:
    """A shelf manager, a carrier and an AMC, as python-ipmi's own tests record them; the last checksum is ours."""
    inner = bytes.fromhex("81 1C 63 20 14 34 00 20 1C C4 82 14 34 00 20 14 CC 74 14 22 00 ED FF 6A 36".replace(" ", ""))
    message = inner + bytes((-sum(inner[3:]) & 0xFF,))

    assert answered((Hop(0x82, 0), Hop(0x74, 7)), 0x05, 0x22, message) == Found(0, b"\xed\xff")


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("81 1c 63 20 14 34 00 98", None),
        ("81 1c 63 20 14 34 83 15", Found(0x83, b"", refused=0)),
        ("20 1c c4 30 14 01 00 aa bb 56", Found(0, b"\xaa\xbb")),
        ("20 1c c4 20 14 01 00 aa bb 66", Found(0, b"\xaa\xbb")),
        ("20 1c c4 30 14 01 c1 fa", Found(0xC1, b"")),
    ],
)
def test_each_answer_is_told_apart(message: str, found: Found | None) -> None:
    assert answered((Hop(0x30, 0),), 0x07, 0x01, bytes.fromhex(message.replace(" ", ""))) == found


@pytest.mark.parametrize("message", ["20 1c c4 44 14 01 00 a7", "81 04 7b 20 14 01 00 cb"])
def test_what_belongs_to_no_level_is_dropped(message: str) -> None:
    with pytest.raises(RemoteError):
        answered((Hop(0x30, 0),), 0x07, 0x01, bytes.fromhex(message.replace(" ", "")))


def shelf(route: Route, **login: object) -> Pair:
    machine = load("atca-shelf").model_copy(update={"users": profile().users})
    pair = Pair(machine=machine, **login)  # type: ignore[arg-type]  # of any field of a login
    pair.branch = Branch(route) if route else None
    return pair.opened()


@pytest.mark.parametrize(
    ("route", "device"), [((), 0x20), ((CARRIER,), 0x82), ((Hop(0x84, 0),), 0x84), ((CARRIER, AMC), 0x72)]
)
@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_every_controller_of_a_shelf_answers_for_itself(route: Route, device: int, version: str) -> None:
    event = shelf(route, version=version).ask(GetDeviceId())

    assert isinstance(event, Answered)
    assert event.data[0] == device


@pytest.mark.parametrize(
    ("route", "code"), [((Hop(0x52, 0),), 0x83), ((Hop(0x82, 9),), 0xCC), ((CARRIER, Hop(0x70, 7)), 0x83)]
)
def test_a_hop_that_is_not_there_is_told(route: Route, code: int) -> None:
    event = shelf(route).ask(GetDeviceId())

    assert isinstance(event, Answered)
    assert event.code == code


def test_a_command_that_the_controller_does_not_know_is_its_no() -> None:
    event = shelf((CARRIER, AMC)).ask(GetChassisStatus())

    assert isinstance(event, Answered)
    assert event.code == 0xC1


@pytest.mark.parametrize("fault", ["late", "doubled", "first-lost", "second-lost"])
@pytest.mark.parametrize("route", [(CARRIER,), (CARRIER, AMC)])
def test_outer_and_inner_answers_may_come_as_they_like(fault: str, route: Route) -> None:
    pair = shelf(route)
    held: list[bytes] = []
    count = 0

    def carry(datagram: bytes) -> list[bytes]:
        nonlocal count
        count += 1
        if fault == "doubled":
            return [datagram, datagram]
        if fault == "late":
            held.append(datagram)
            return [held.pop(), held.pop()] if len(held) == 2 else []
        lost = {"first-lost": 1, "second-lost": 0}[fault]
        return [] if count % 2 == lost and count <= 2 else [datagram]

    pair.to_console = carry
    for _ in range(20):
        event = pair.ask(GetDeviceId())
        assert isinstance(event, Answered), event
        assert event.data[0] == route[-1].address


def test_an_answer_of_another_question_is_never_taken() -> None:
    pair = shelf((CARRIER,))
    history: list[bytes] = []

    def stale(datagram: bytes) -> list[bytes]:
        history.append(datagram)
        return [*history[-9:-5], datagram]

    pair.to_console = stale
    for turn in range(40):
        event = pair.ask(GetSelfTestResults() if turn % 2 else GetDeviceId())
        assert isinstance(event, Answered)
        assert event.data[:2] == (b"\x55\x00" if turn % 2 else b"\x82\x01")


def test_a_bridged_question_is_given_up_in_time() -> None:
    pair = shelf((CARRIER,))
    pair.to_bmc = lambda datagram: []
    begun = pair.now

    assert isinstance(pair.ask(GetDeviceId()), GaveUp)
    assert 30 <= pair.now - begun < 35
