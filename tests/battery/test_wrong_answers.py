"""Answers that fit no question of ours: old ones, damaged ones, forged ones. None may be taken (rows 7, 13 to 15)."""

import random
from collections import deque
from collections.abc import Iterator

import pytest

from ipmi_lab.commands.user import GetUserName
from ipmi_lab.errors import NoAnswer
from ipmi_lab.packets import lan15
from ipmi_lab.sessions.crypto import authentication_code
from ipmi_lab.sessions.events import Answered, Event, GaveUp
from ipmi_lab.sessions.login import Timing
from ipmi_lab.virtual.faults import Faults
from tests.battery.conftest import Record, Through
from tests.battery.length import scaled
from tests.battery.reads import ASKS, Ask, answers, reads
from tests.interop.peers import Lan, LanPlus, Target, Way
from tests.sessions.pair import Pair

pytestmark = pytest.mark.interop
SEED = 21
USER_NAMES: list[Ask] = [ask for ask in ASKS if ask[1] == 0x46]
"""Two questions that only their data tell apart."""


class Stale(Faults):
    """Before each answer comes the one of so many commands ago."""

    def __init__(self, distance: int) -> None:
        super().__init__()
        self._old: deque[bytes] = deque(maxlen=distance + 1)
        self.replayed = 0

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        self._old.append(datagram)
        if len(self._old) == self._old.maxlen:
            self.replayed += 1
            yield 0.0, self._old[0]
        yield 0.0, datagram


@pytest.mark.battery(7)
@pytest.mark.parametrize("distance", scaled(short=[1, 64], long=[1, 2, 4, 8, 16, 32, 63, 64, 65, 128, 256, 512]))
@pytest.mark.parametrize("way", [LanPlus(0), LanPlus(1), LanPlus(3), Lan("none"), Lan("md5")], ids=str)
def test_the_answer_of_an_earlier_command_is_never_taken(
    way: Way, distance: int, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, way)
    right = answers(ipmi)
    relay.answers = stale = Stale(distance)
    reads(ipmi, distance, right)

    tally = reads(ipmi, scaled(short=40, long=200), right)

    relay.answers = relay.faults
    assert stale.replayed >= scaled(short=40, long=200)
    assert tally.clean, tally
    record(7, f"{way}, {distance} back, {bmc_name}", f"{tally.right} right, 0 wrong")


class Damaged(Faults):
    """Before each answer comes a damaged copy of it, one millisecond earlier."""

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        yield 0.0, self.damaged(datagram)
        yield 0.001, datagram

    def damaged(self, datagram: bytes) -> bytes:
        """Some bytes changed, cut off, put in or thrown away; never the same as before."""
        chance = self.chance
        spoilt = bytearray(datagram)
        for _ in range(chance.randrange(1, 4)):
            spoilt[chance.randrange(len(spoilt))] ^= chance.randrange(1, 256)
        kind = chance.randrange(4)
        if kind == 1:
            del spoilt[chance.randrange(len(spoilt)) :]
        elif kind == 2:
            spoilt += chance.randbytes(chance.randrange(1, 40))
        elif kind == 3:
            del spoilt[chance.randrange(len(spoilt))]
        return bytes(spoilt) if spoilt != datagram else b""


@pytest.mark.battery(13)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_a_damaged_answer_is_dropped_and_the_right_one_behind_it_taken(
    version: str, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, version)
    right = answers(ipmi)
    relay.answers = Damaged(seed=SEED)
    count = scaled(short=300, long=10_000)

    tally = reads(ipmi, count, right)

    relay.answers = relay.faults
    assert tally.clean, tally
    assert sum(ipmi.link.session.dropped.values()) >= 0.9 * count
    record(13, f"{version}, {bmc_name}", f"{tally.right:,} right, 0 wrong, {tally.seconds:.0f} s")


class Forger(Faults):
    """Before each answer comes one with other data that somebody without the password made of it."""

    made = 0

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        packet = lan15.parse(datagram)
        self.made += 1
        yield 0.0, self._forged(packet, self.made % 7)
        yield 0.0, datagram

    def _forged(self, real: lan15.Packet, kind: int) -> bytes:
        message = _other_data(real.message)
        number, session = real.sequence, real.session_id
        if kind == 0:  # not signed at all
            return lan15.pack(0, number, session, b"", message)
        if kind == 1:  # as if it came outside the session
            return lan15.pack(0, 0, 0, b"", message)
        if kind == 2:  # the code of the real one
            return lan15.pack(real.authentication, number, session, real.code, message)
        if kind == 3:
            return lan15.pack(real.authentication, number, session, bytes(16), message)
        if kind == 4:
            return lan15.pack(real.authentication, number, session, self.chance.randbytes(16), message)
        if kind == 5:  # the code of the null password
            code = authentication_code(real.authentication, b"", session, number, message)
            return lan15.pack(real.authentication, number, session, code, message)
        return lan15.pack(4, (number + 1) & 0xFFFFFFFF, session, b"password", message)  # another type, the next number


def _other_data(message: bytes) -> bytes:
    """The same answer with its last byte of data changed, and a checksum that fits."""
    changed = bytearray(message)
    changed[-2] ^= 0xFF
    changed[-1] = -sum(changed[3:-1]) & 0xFF
    return bytes(changed)


@pytest.mark.battery(14)
def test_a_forged_answer_of_ipmi_15_is_never_taken(
    bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, "1.5")
    right = answers(ipmi)
    relay.answers = forger = Forger(seed=SEED)
    count = scaled(short=210, long=2000)

    tally = reads(ipmi, count, right)

    relay.answers = relay.faults
    assert forger.made >= count
    assert tally.clean, tally
    record(14, bmc_name, f"0 accepted, {tally.right:,} right, {tally.seconds:.1f} s")


# ---------------------------------------------------------------------- an error, then the next command


class Held:
    """Keeps answers back, and lets them go before the next one."""

    def __init__(self) -> None:
        self.back: list[bytes] = []
        self.holding = False

    def __call__(self, datagram: bytes) -> list[bytes]:
        if self.holding:
            self.back.append(datagram)
            return []
        out, self.back = [*self.back, datagram], []
        return out


@pytest.mark.battery(15)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_after_an_error_the_next_command_gets_its_own_answer(version: str, record: Record) -> None:
    """Errors in turn: no answer until nobody waits any more; a completion code; an answer that comes twice. What was
    held back comes right before the next command's answer, which has the same command number and other data."""
    pair = Pair(version=version, timing=Timing(timeout=0.3, retries=1, budget=0.3)).opened()
    held = pair.to_console = Held()
    right = {2: b"admin", 3: b"viewer"}
    wrong = errors = 0
    count = scaled(short=1000, long=10_000)
    for number in range(count):
        first, second = (2, 3) if number % 2 else (3, 2)
        held.holding = number % 3 != 1
        event = pair.ask(GetUserName(user_id=first if number % 3 != 1 else 60))
        errors += isinstance(event, GaveUp) or (isinstance(event, Answered) and event.code != 0)
        held.holding = False
        answer: Event = pair.ask(GetUserName(user_id=second))
        assert isinstance(answer, Answered), answer
        wrong += answer.data.rstrip(b"\0") != right[second]

    assert wrong == 0
    assert errors == count
    record(15, f"{version}, software wire", f"0 wrong of {count:,}")


class EveryOtherLate(Faults):
    """Every other answer comes when the next one is waited for, which takes a little longer still."""

    count = 0

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        self.count += 1
        yield (0.027 if self.count % 2 else 0.012), datagram


@pytest.mark.battery(15)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_a_late_answer_is_not_the_one_of_the_next_command(
    version: str, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    ipmi, relay = through(bmc, version)
    right = answers(ipmi, USER_NAMES)
    ipmi.link.session.timing = Timing(timeout=0.02, retries=0, budget=0.02, first=0.02)
    relay.answers = EveryOtherLate()
    chance = random.Random(SEED)
    wrong = missed = 0
    count = scaled(short=100, long=2000)
    for _ in range(count):
        ask = chance.choice(USER_NAMES)
        try:
            wrong += ipmi.raw(*ask) != right[ask]
        except NoAnswer:
            missed += 1

    relay.answers = relay.faults
    ipmi.link.session.timing = Timing()
    assert wrong == 0
    assert missed > count / 4, "the errors must happen"
    record(15, f"{version}, {bmc_name}", f"0 wrong of {count:,} ({missed} without an answer in time)")
