"""Reads over a bad network: every one is answered, and rightly (rows 1 to 6, 8, 9)."""

import threading
import time
from collections.abc import Iterator

import pytest

from ipmi_lab.device.device import Device
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.faults import Faults, Relay
from tests.battery.conftest import Record, Through
from tests.battery.length import scaled
from tests.battery.reads import answers, reads
from tests.interop.peers import Target

pytestmark = pytest.mark.interop
SEED = 11
MIX = {
    "loss": 0.05,
    "duplicate": 0.05,
    "reorder": 0.05,
    "corrupt": 0.02,
    "truncate": 0.02,
    "stray": 0.05,
    "jitter": 0.005,
}


def at_faults(
    ipmi: Device[Blocking], relay: Relay, count: int, seed: int = SEED, **faults: float
) -> tuple[bool, str, float]:
    """Whether so many reads were all right at these faults, in words, and in how many seconds."""
    right = answers(ipmi)
    assert len(set(right.values())) == len(right), "answers that are alike would hide that they were confused"
    relay.faults.set(**faults, seed=seed)
    tally = reads(ipmi, count, right)
    relay.faults.clear()
    ipmi.session.close()
    assert tally.wrong == 0, tally
    return tally.clean, tally.said, tally.seconds


# Row, what goes wrong, short count, long count, the most seconds.
ROWS: list[tuple[int, str, dict[str, float], int, int, float]] = [
    (2, "loss 5 %", {"loss": 0.05}, 40, 200, 10),
    (2, "loss 10 %", {"loss": 0.1}, 30, 200, 25),
    (2, "loss 20 %", {"loss": 0.2}, 10, 200, 70),
    (3, "loss 30 %", {"loss": 0.3}, 5, 200, 160),
    (4, "half doubled", {"duplicate": 0.5}, 100, 200, 60),
    (4, "half reordered", {"reorder": 0.5, "duplicate": 0.2}, 100, 200, 8),
    (4, "jitter 30 ms", {"jitter": 0.03}, 50, 200, 60),
    (5, "corrupt 5 %", {"corrupt": 0.05}, 60, 1000, 60),
    (6, "truncated 5 %", {"truncate": 0.05}, 60, 200, 60),
    (6, "a random one before each", {"stray": 1.0}, 100, 200, 60),
]


@pytest.mark.parametrize("version", ["2.0", "1.5"])
@pytest.mark.parametrize(
    ("row", "what", "faults", "short", "long", "most"),
    [pytest.param(*row, marks=pytest.mark.battery(row[0]), id=row[1]) for row in ROWS],
)
def test_every_read_is_answered_and_right(
    row: int,
    what: str,
    faults: dict[str, float],
    short: int,
    long: int,
    most: float,
    version: str,
    bmc: Target,
    bmc_name: str,
    through: Through,
    record: Record,
) -> None:
    ipmi, relay = through(bmc, version)

    clean, said, seconds = at_faults(ipmi, relay, scaled(short=short, long=long), **faults)

    assert clean, said
    record(row, f"{what}, {version}, {bmc_name}", said, held=seconds <= most)


@pytest.mark.battery(1)
@pytest.mark.alone
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_reads_on_a_good_network_are_fast(
    version: str, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, version)

    clean, said, seconds = at_faults(ipmi, relay, 200)

    assert clean, said
    record(1, f"{version}, {bmc_name}", f"200 right, {seconds:.2f} s", held=seconds <= 1.1)


@pytest.mark.battery(9)
@pytest.mark.parametrize("seed", scaled(short=[1], long=[1, 2, 3]))
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_a_mix_of_all_confuses_nothing(
    seed: int, version: str, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, version)

    clean, said, seconds = at_faults(ipmi, relay, scaled(short=40, long=1000), seed, **MIX)

    assert clean, said
    record(9, f"seed {seed}, {version}, {bmc_name}", said, held=seconds <= 100)


class SomeLate(Faults):
    """Every so many datagrams one comes late."""

    def __init__(self, every: int, late: float) -> None:
        super().__init__()
        self.every, self.late, self.count = every, late, 0

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        self.count += 1
        yield (0.0 if self.count % self.every else self.late), datagram


@pytest.mark.battery(8)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_answers_that_come_late_cost_little(
    version: str, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, version)
    right = answers(ipmi)
    relay.answers = SomeLate(40, 2.3)

    tally = reads(ipmi, scaled(short=81, long=200), right)

    relay.answers = relay.faults
    assert tally.clean, tally
    record(8, f"late answers, {version}, {bmc_name}", tally.said, held=tally.seconds <= 10)


@pytest.mark.battery(8)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_a_blackout_is_survived(version: str, bmc: Target, bmc_name: str, through: Through, record: Record) -> None:
    ipmi, relay = through(bmc, version)
    right = answers(ipmi)
    relay.faults.set(loss=1.0)
    light = threading.Timer(scaled(short=1.0, long=8.0), relay.faults.clear)
    light.start()
    begun = time.monotonic()

    tally = reads(ipmi, 1, right)

    took = time.monotonic() - begun
    light.join()
    assert tally.clean, tally
    assert took >= scaled(short=1.0, long=8.0)
    record(8, f"blackout, {version}, {bmc_name}", f"read right after {took:.1f} s", held=took <= 10)
