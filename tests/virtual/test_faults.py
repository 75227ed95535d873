"""Faults by a seed: the same seed spoils the same datagrams."""

from collections import Counter

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.virtual.faults import Faults, Later


def carried(faults: Faults, count: int = 1000) -> list[list[tuple[float, bytes]]]:
    return [list(faults.carry(bytes((number % 256,)) * 20)) for number in range(count)]


def test_without_faults_everything_goes_through_at_once() -> None:
    assert all(copies == [(0.0, bytes((n % 256,)) * 20)] for n, copies in enumerate(carried(Faults())))
    assert Faults().none


def test_the_same_seed_does_the_same() -> None:
    def made(seed: int) -> list[list[tuple[float, bytes]]]:
        return carried(Faults(loss=0.2, duplicate=0.1, corrupt=0.1, truncate=0.1, jitter=0.5, seed=seed))

    assert made(3) == made(3)
    assert made(3) != made(4)


def test_the_shares_are_kept() -> None:
    copies = Counter(len(each) for each in carried(Faults(loss=0.2, duplicate=0.3)))

    assert 150 < copies[0] < 250
    assert 180 < copies[2] < 300


def test_a_line_loses_bytes_and_has_noise_before_messages() -> None:
    for ((_, dropped),) in carried(Faults(drop=1.0), 50):
        assert len(dropped) == 19
    noisy = [copy for ((_, copy),) in carried(Faults(noise=1.0), 50)]
    assert all(copy.endswith(bytes((number,)) * 20) and 20 < len(copy) < 30 for number, copy in enumerate(noisy))


def test_faults_change_and_end() -> None:
    faults = Faults()
    faults.set(loss=1.0, refuse=2, code=0xC3)
    assert carried(faults, 5) == [[]] * 5
    assert [faults.refuses() for _ in range(3)] == [0xC3, 0xC3, 0]
    faults.clear()
    assert faults.none


def test_what_means_nothing_is_told() -> None:
    with pytest.raises(LocalError, match="Did you mean loss"):
        Faults().set(los=0.1)
    with pytest.raises(LocalError, match="no share from 0 to 1"):
        Faults().set(loss=1.5)


def test_later_things_come_in_order_and_do_not_pile_up() -> None:
    later = Later()
    for when in (3.0, 1.0, 2.0):
        later.put(when, when)
    assert later.wait(0.5) == 0.5
    assert list(later.due(2.0)) == [1.0, 2.0]
    for number in range(20_000):
        later.put(9.0, number)
    assert len(list(later.due(10.0))) <= 10_000
