"""Which sequence numbers are taken."""

import random

import pytest

from ipmi_lab.sessions.window import WRAP, Window, following, window15, window20
from tests.sessions.pair import Pair


def take(window: Window, sequence: int) -> bool:
    if window.fresh(sequence % WRAP):
        window.mark(sequence % WRAP)
        return True
    return False


def test_each_number_is_taken_once() -> None:
    window = window20(1)

    assert [take(window, n) for n in (1, 2, 2, 1, 3)] == [True, True, False, False, True]


def test_late_numbers_are_taken_while_they_are_near() -> None:
    window = window20(100)
    take(window, 115)

    assert take(window, 99)
    assert not take(window, 98)
    assert take(window, 130)
    assert not take(window, 146)


def test_ipmi_15_looks_eight_either_way() -> None:
    window = window15(100)

    assert take(window, 108)
    assert take(window, 100)
    assert not take(window, 99)
    assert not take(window, 117)


def test_the_window_wraps_with_the_numbers() -> None:
    for first in range(WRAP - 20, WRAP):
        window = window20(first)
        numbers = [(first + step) % WRAP for step in range(40)]
        assert all(take(window, number) for number in numbers)
        assert not any(take(window, number) for number in numbers)


def test_zero_is_skipped_when_sending() -> None:
    assert following(WRAP - 1) == 1
    assert following(1) == 2


def test_a_shuffled_stream_is_taken_whole_and_only_once() -> None:
    chance = random.Random(7)
    window = window20(1)
    stream = list(range(1, 2000))
    for at in range(0, len(stream) - 8, 8):
        part = stream[at : at + 8]
        chance.shuffle(part)
        stream[at : at + 8] = part
    doubled = [number for number in stream for _ in range(2)]

    taken = [number for number in doubled if take(window, number)]

    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == len(stream)


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_session_lives_on_over_the_wrap_of_its_numbers(version: str) -> None:
    pair = Pair(version=version).opened()
    console = pair.console._wrapping
    bmc = next(iter(pair.bmc.sessions.open.values())).wrapping
    assert console is not None
    for sender, receiver in ((console, bmc), (bmc, console)):
        assert receiver.window is not None
        sender.sequence = receiver.window.highest = WRAP - 50
        receiver.window.missing = 1

    assert all(pair.works() for _ in range(200))
    assert console.sequence < 1000
