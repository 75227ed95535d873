"""Packets that are taken the short way are those that the full look takes, and no others."""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from ipmi_lab.errors import RemoteError
from ipmi_lab.sessions.crypto import SUITES, confidentiality, integrity
from ipmi_lab.sessions.window import LAST, Window, window15, window20
from ipmi_lab.sessions.wrapping import Lan15, Lan20

Make = Callable[[], Any]
KEY = bytes(range(20))


def lan20(suite: int, sequence: int = 1) -> Any:
    _, signing, hiding = SUITES[suite]
    return Lan20(
        local_id=0x01020304,
        remote_id=0x01020304,
        integrity=integrity(signing, KEY, b"secret"),
        confidentiality=confidentiality(hiding, KEY, os.urandom),
        sequence=sequence,
        window=window20(sequence),
    )


def lan15(kind: int, sequence: int = 7, **how: Any) -> Any:
    return Lan15(
        authentication=kind,
        password=b"secret",
        session_id=0x01020304,
        sequence=sequence,
        window=window15(sequence),
        **how,
    )


ENDS: dict[str, Make] = {f"suite {suite}": lambda suite=suite: lan20(suite) for suite in (0, 1, 2, 3, 4, 8, 12, 17)}
ENDS |= {f"1.5 type {kind}": lambda kind=kind: lan15(kind) for kind in (0, 1, 2, 4)}
ENDS["1.5 with quirks"] = lambda: lan15(2, quirks=frozenset({"nosdulength"}))
pytestmark = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in ENDS.items()])


def state(end: Any) -> tuple[int, int]:
    return end.window.highest, end.window.missing


def full(end: Any, datagram: bytes) -> bytes | None:
    try:
        return bytes(end.unwrap(datagram))
    except RemoteError:
        return None


def begun(make: Make) -> tuple[Any, Any]:
    """Two ends, and the other one's first packet has been taken: those behind it come in turn."""
    ours, theirs = make(), make()
    assert ours.unwrap(theirs.wrap(b"the first")) == b"the first"
    return ours, theirs


def test_in_turn_every_message_comes_out(make: Make) -> None:
    ours, theirs = begun(make)

    for size in [*range(8, 80), 200]:
        message = os.urandom(size)
        assert ours.unwrap_next(theirs.wrap(message)) == message
    assert not ours.window.missing & 0x7F


def test_what_it_takes_is_what_the_full_look_takes(make: Make) -> None:
    chance = random.Random(20)
    theirs, short, long = make(), make(), make()
    datagrams: list[bytes] = []
    taken = refused = 0
    for _ in range(1500):
        datagrams = [*datagrams[-6:], theirs.wrap(chance.randbytes(chance.randrange(8, 60)))]
        datagram = chance.choice(datagrams) if chance.random() < 0.3 else datagrams[-1]
        for _ in range(chance.choice((0, 0, 0, 0, 1, 2))):
            spoilt = bytearray(datagram)
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
            datagram = bytes(spoilt)
        if chance.random() < 0.1:
            datagram = datagram[: chance.randrange(len(datagram) + 1)]
        elif chance.random() < 0.1:
            datagram += chance.randbytes(chance.randrange(20))
        found, wanted = short.unwrap_next(datagram), full(long, datagram)
        if found is None:
            assert full(short, datagram) == wanted
            refused += wanted is None
        else:
            taken += 1
            assert found == wanted
        assert state(short) == state(long)
    assert taken > 200
    assert refused > 200


def test_bytes_of_any_kind_are_refused_and_harm_nothing(make: Make) -> None:
    chance = random.Random(15)
    ours, theirs = begun(make)
    template = make().wrap(bytes(20))

    for size in range(120):
        for datagram in (chance.randbytes(size), template[:size], template + bytes(size + 1)):
            if full(make(), datagram) is None:
                assert ours.unwrap_next(datagram) is None
    assert ours.unwrap_next(theirs.wrap(b"a message")) == b"a message"


def test_the_last_number_of_all_is_no_trap(make: Make) -> None:
    ours, theirs = make(), make()
    for end in (ours, theirs):
        end.sequence = LAST - 2
        end.window = Window(LAST - 2, behind=8, ahead=8)

    for _ in range(6):
        datagram = theirs.wrap(b"a message")
        assert (ours.unwrap_next(datagram) or full(ours, datagram)) == b"a message"
