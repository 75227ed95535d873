"""Basic and terminal mode: recorded frames, escapes, broken frames, and any noise at all."""

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import (
    LONGEST_FRAME,
    LONGEST_LINE,
    BasicMode,
    Message,
    Noise,
    Piece,
    Ready,
    TerminalMode,
    Text,
    looks_like,
)

RECORDED = json.loads((Path(__file__).parents[1] / "vectors" / "serial.json").read_text())
PACKETS = [
    pytest.param(recording["name"], packet, id=f"{recording['name']}-{number}")
    for recording in RECORDED
    for number, packet in enumerate(recording["packets"])
    if packet["hex"] != "a6"
]
GET_DEVICE_ID = ipmb.pack(0x20, 0x18, 0x81, 0x0C, 0x01, b"")


def console(name: str) -> BasicMode | TerminalMode:
    return BasicMode() if "basic" in name else TerminalMode()


def bmc(name: str) -> BasicMode | TerminalMode:
    return BasicMode() if "basic" in name else TerminalMode(ipmb.BMC, ipmb.CONSOLE)


@pytest.mark.parametrize(("name", "packet"), PACKETS)
def test_a_recorded_frame_is_read_and_written_again(name: str, packet: dict[str, Any]) -> None:
    wire = bytes.fromhex(packet["hex"])
    to_bmc = packet["dir"] == "c2s"
    (piece,) = (bmc(name) if to_bmc else console(name)).feed(wire)

    assert isinstance(piece, Message)
    frame = ipmb.parse(piece.message)
    assert (frame.responder, frame.requester) == (0x20, 0x81) or "bridge" in name
    if "unescaped" in packet:
        assert piece.message.hex() == packet["unescaped"]
    again = (console(name) if to_bmc else bmc(name)).wrap(piece.message)
    assert again.replace(b" ", b"").lower() == wire.replace(b" ", b"").lower()


def test_the_five_special_bytes_are_escaped() -> None:
    assert BasicMode().wrap(bytes.fromhex("a0a5a6aa1b")).hex(" ") == "a0 aa b0 aa b5 aa b6 aa ba aa 3b a5"


def test_the_handshake_may_stand_anywhere_but_behind_an_escape() -> None:
    wire = BasicMode().wrap(GET_DEVICE_ID)
    for place in range(len(wire) + 1):
        pieces = BasicMode().feed(wire[:place] + b"\xa6" + wire[place:])
        assert sorted(map(str, pieces)) == sorted(map(str, [Message(GET_DEVICE_ID), Ready()]))

    broken = BasicMode().feed(b"\xa0\x20\xaa\xa6\xb5\x18\xa5" + wire)
    assert broken[-1] == Message(GET_DEVICE_ID)
    assert [piece for piece in broken if isinstance(piece, Message)] == broken[-1:]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (b"\xa0\x20\x18", "a frame broke off"),
        (b"\xa0\x20\xaa\x42\x18\xa5", "behind an escape"),
        (b"\xa0\x20\x18\xc8\xa5", "too short"),
        (b"login: root\r\n", "belong to no frame"),
        (b"\xa0" + b"\x55" * (LONGEST_FRAME + 1), "without end"),
    ],
)
def test_what_is_no_frame_is_dropped_and_the_next_one_is_read(before: bytes, reason: str) -> None:
    pieces = BasicMode().feed(before + BasicMode().wrap(GET_DEVICE_ID))

    assert Message(GET_DEVICE_ID) in pieces
    assert any(isinstance(piece, Noise) and reason in piece.reason for piece in pieces)


@pytest.mark.parametrize(
    "line",
    [
        b"[18 0C 01]\r\n",
        b"[180c01]\r",
        b"[18 0c01]\n\r",
        b"[ 18 0C 01 ]\0",
        b"[18 0C\\\r\n 01]\r\n",
        b"[18 0C\\\r 01]",
    ],
)
def test_a_line_is_read_with_any_spaces_newline_and_continuation(line: bytes) -> None:
    assert [*TerminalMode(ipmb.BMC, ipmb.CONSOLE).feed(line)] == [Message(GET_DEVICE_ID)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[18 0C 0]\r\n", "neither hex nor"),
        (b"[18  0C 01]\r\n", "neither hex nor"),
        (b"[18 0C\r\n01]\r\n", "neither hex nor"),
        (b"[18 0C\\01]\r\n", "the character"),
        (b"[18 0\x1bC 01]\r\n", "the character"),
        (b"[18 0C ", "a line broke off"),
        (b"[" + b"18" * LONGEST_LINE, "without end"),
        (b"[]\r\n", "neither hex nor"),
        (b"boot> \r\n", "belong to no line"),
    ],
)
def test_what_is_no_line_is_dropped_and_the_next_one_is_read(line: bytes, reason: str) -> None:
    pieces = TerminalMode(ipmb.BMC, ipmb.CONSOLE).feed(line + b"[18 0C 01]\r\n")

    assert Message(GET_DEVICE_ID) in pieces
    assert sum(isinstance(piece, Message) for piece in pieces) == 1
    assert any(isinstance(piece, Noise) and reason in piece.reason for piece in pieces)


def test_texts_are_told_from_messages() -> None:
    lines = b"[SYS]\r\n[OK TMODE]\r\n[ERR C1]\r\n[PWR:ON H:ok]\r\n[SYS Health:OK\r\nPower:ON\r\n]\r\n"

    assert TerminalMode().feed(lines) == [
        Ready(),
        Text("OK TMODE"),
        Text("ERR C1"),
        Text("PWR:ON H:ok"),
        Text("SYS Health:OK\nPower:ON\n"),
    ]


def test_an_answer_to_a_bridged_request_bears_its_mark() -> None:
    end = TerminalMode(ipmb.BMC, ipmb.CONSOLE)
    own = ipmb.pack(0x81, 0x1C, 0x20, 0x0C, 0x34, b"\0")
    bridged = ipmb.pack(0x20, 0x1C, 0x82, 0x0C, 0x01, b"\0\x82")

    assert end.wrap(own) == b"[1C 0C 34 00]\r\n"
    assert end.wrap(bridged) == b"[1C 0D 01 00 82]\r\n"
    assert TerminalMode().feed(b"[1C 0D 01 00 82]") == [Message(ipmb.pack(0x81, 0x1C, 0x20, 0x0C, 0x01, b"\0\x82"))]


def test_a_person_can_correct_a_line() -> None:
    end = TerminalMode(ipmb.BMC, ipmb.CONSOLE, editing=True)

    assert end.feed(b"[18 0D\x7fC 02\x081]\r") == [Message(GET_DEVICE_ID)]
    assert end.feed(b"[18 0C 02\x1b[18 0C 01]\r")[-1] == Message(GET_DEVICE_ID)


@pytest.mark.parametrize("end", [BasicMode, TerminalMode, lambda: TerminalMode(ipmb.BMC, ipmb.CONSOLE, editing=True)])
@given(pieces=st.lists(st.binary(max_size=40) | st.sampled_from([b"\xa0", b"\xa5", b"\xaa", b"[", b"]", b"\\\r"])))
def test_no_bytes_raise_anything(end: Any, pieces: list[bytes]) -> None:
    mode = end()
    for piece in itertools.chain.from_iterable(mode.feed(data) for data in pieces):
        if isinstance(piece, Message):
            try:
                ipmb.parse(piece.message)
            except RemoteError:
                continue


@given(st.binary(min_size=0, max_size=60), st.lists(st.integers(1, 20), min_size=1))
def test_a_message_survives_the_line_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    message = ipmb.pack(0x20, 0x18, 0x81, 0x0C, 0x01, data)
    for near, far in ((BasicMode(), BasicMode()), (TerminalMode(), TerminalMode(ipmb.BMC, ipmb.CONSOLE))):
        wire = near.wrap(message)
        pieces: list[Piece] = []
        for cut in itertools.cycle(cuts):
            pieces += far.feed(wire[:cut])
            wire = wire[cut:]
            if not wire:
                break
        assert pieces == [Message(message)]


@pytest.mark.parametrize("mode", [BasicMode, TerminalMode])
def test_endless_noise_takes_no_memory(mode: Any) -> None:
    chance, end = random.Random(39), mode()
    for start in (b"", b"\xa0", b"["):
        end.feed(start)
        for _ in range(200):
            for piece in end.feed(chance.randbytes(1000).replace(b"]", b"").replace(b"\xa5", b"")):
                assert not isinstance(piece, Noise) or len(piece.data) <= 300
    kept = [value for value in vars(end).values() if isinstance(value, bytearray)]
    assert all(len(value) <= LONGEST_LINE for value in kept)


ANSWER = ipmb.pack(0x81, 0x1C, 0x20, 0x0C, 0x01, bytes.fromhex("00 20 01 02 09 02 80 69 c2 00 15 08 00 00 00 00"))


def taken(mode: Any, wire: bytes) -> list[bytes]:
    """The messages on the line that pass for whole."""
    found = []
    for piece in mode().feed(wire):
        if isinstance(piece, Message):
            try:
                ipmb.check(piece.message)
            except RemoteError:
                continue
            found.append(piece.message)
    return found


@pytest.mark.parametrize("mode", [BasicMode, TerminalMode])
def test_a_lost_character_is_noticed_but_for_zeros_in_basic_mode(mode: Any) -> None:
    """The checksums of IPMI are sums: they do not see that a zero is missing."""
    far: Any = BasicMode() if mode is BasicMode else TerminalMode(ipmb.BMC, ipmb.CONSOLE)
    wire = far.wrap(ANSWER)
    for place in range(len(wire)):
        for message in taken(mode, wire[:place] + wire[place + 1 :]):
            assert message == ANSWER or (mode is BasicMode and wire[place] == 0)


def test_a_changed_bit_is_noticed_in_basic_mode_only() -> None:
    wire = BasicMode().wrap(ANSWER)
    for place, bit in itertools.product(range(len(wire)), range(8)):
        spoilt = wire[:place] + bytes((wire[place] ^ 1 << bit,)) + wire[place + 1 :]
        assert taken(BasicMode, spoilt) in ([], [ANSWER])
    line = TerminalMode(ipmb.BMC, ipmb.CONSOLE).wrap(ANSWER)
    assert taken(TerminalMode, line.replace(b"02 09", b"02 08")) not in ([], [ANSWER])


@pytest.mark.parametrize(
    ("noise", "what"),
    [
        (b"[1C 0C 01 00 20 01]\r\n", "terminal mode"),
        (b"[OK TMODE]", "terminal mode"),
        (bytes.fromhex("a081 1c63 200c 0100"), "basic mode"),
        (b"\xa6", "basic mode"),
        (b"Debian GNU/Linux 13 board ttyS1\r\n\r\nboard login: ", "a console with text"),
        (bytes.fromhex("fe f8 80 00 fe e0"), "another speed of the line"),
        (b"", ""),
    ],
)
def test_the_noise_tells_what_is_on_the_line(noise: bytes, what: str) -> None:
    assert looks_like(noise) == what
