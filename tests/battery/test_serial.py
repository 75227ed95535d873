"""A serial line on purpose bad: bytes lost and spoilt, noise between messages, messages cut in half.

The long form runs more, over more seeds (row 39).
"""

import itertools

import pytest

from ipmi_lab.errors import NoAnswer
from ipmi_lab.lab.open import connect
from ipmi_lab.virtual.farm import Farm
from tests.battery.conftest import Record
from tests.battery.length import LONG

pytestmark = pytest.mark.battery(39)
READS = 200 if LONG else 60
SEEDS = range(1, 4) if LONG else range(1, 2)
ASKS: list[tuple[int, int, bytes]] = [(0x06, 0x01, b""), (0x00, 0x01, b""), (0x06, 0x42, b"\x01"), (0x06, 0x37, b"")]
FAULTS = {
    "dropped bytes": {"drop": 0.05},
    "noise": {"noise": 0.05},
    "half frames": {"truncate": 0.05},
    "spoilt bits": {"corrupt": 0.05},
    "everything": {"drop": 0.02, "noise": 0.05, "truncate": 0.02, "corrupt": 0.02, "loss": 0.02},
}
CASES = list(FAULTS) if LONG else ["everything"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("mode", ["basic", "terminal"])
def test_every_read_over_a_noisy_line_is_answered_and_right(mode: str, case: str, seed: int, record: Record) -> None:
    with Farm() as farm:
        served = farm.open("rack-server", serial=mode)
        with connect(f"{served.serial_url}&careful=yes", timeout=0.5) as ipmi:
            right = {ask: ipmi.raw(*ask) for ask in ASKS}
            served.faults.set(seed=seed, **FAULTS[case])

            answers = [(ask, ipmi.raw(*ask)) for ask in itertools.islice(itertools.cycle(ASKS), READS)]

            served.faults.clear()
    assert [ask for ask, answer in answers if answer != right[ask]] == []
    assert len(answers) == READS
    record(39, f"{mode} mode, {case}, seed {seed}", f"{READS} right, 0 wrong")


@pytest.mark.parametrize("mode", ["basic", "terminal"])
def test_without_care_a_line_without_noise_costs_nothing(mode: str) -> None:
    with Farm() as farm:
        served = farm.open("rack-server", serial=mode)
        with connect(served.serial_url) as ipmi:
            taken = []
            ipmi.link.session.observe = taken.append
            for ask in itertools.islice(itertools.cycle(ASKS), READS):
                ipmi.raw(*ask)
    assert [getattr(event, "tries", None) for event in taken[:READS]] == [1] * READS


def test_a_line_of_noise_alone_ends_in_time() -> None:
    with Farm() as farm:
        served = farm.open("rack-server", serial="basic")
        with connect(served.serial_url, timeout=0.3, budget=2.0) as ipmi:
            served.faults.set(corrupt=1.0, drop=1.0, noise=1.0)
            with pytest.raises(NoAnswer):
                ipmi.get_device_id()
            served.faults.clear()
            assert ipmi.get_device_id().firmware == "2.09"
