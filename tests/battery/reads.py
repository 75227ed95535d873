"""Reads whose answers can be told apart, so that the answer of another question is seen at once."""

import itertools
import time
from collections.abc import Iterator
from typing import NamedTuple

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.links.worlds import Blocking

Ask = tuple[int, int, bytes]
# Nothing that other sessions change, such as how many there are.
ASKS: list[Ask] = [
    (0x06, 0x01, b""),  # Get Device ID
    (0x00, 0x01, b""),  # Get Chassis Status
    (0x06, 0x41, b"\x01\x40"),  # Get Channel Access
    (0x06, 0x2F, b""),  # Get BMC Global Enables
    (0x06, 0x46, b"\x02"),  # Get User Name, of two users:
    (0x06, 0x46, b"\x04"),  # same command, other answer
]


class Tally(NamedTuple):
    """What came of so many reads."""

    right: int
    wrong: int
    errors: list[str]
    seconds: float

    @property
    def said(self) -> str:
        """``200 right, 6.1 s``; what was not right, if anything."""
        other = f", {self.wrong} wrong" if self.wrong else ""
        other += f", {len(self.errors)} errors ({'; '.join(self.errors[:3])})" if self.errors else ""
        return f"{self.right} right{other}, {self.seconds:.1f} s"

    @property
    def clean(self) -> bool:
        return not self.wrong and not self.errors


def answers(ipmi: Device[Blocking], asks: list[Ask] = ASKS) -> dict[Ask, bytes]:
    """The right answers, taken while nothing goes wrong."""
    return {ask: ipmi.raw(*ask) for ask in asks}


def reads(ipmi: Device[Blocking], count: int, right: dict[Ask, bytes]) -> Tally:
    """Ask so often, in turn, and count what comes back."""
    good = wrong = 0
    errors = []
    begun = time.monotonic()
    for ask in _in_turn(right, count):
        try:
            if ipmi.raw(*ask) == right[ask]:
                good += 1
            else:
                wrong += 1
        except IpmiLabError as error:
            errors.append(str(error))
    return Tally(good, wrong, errors, time.monotonic() - begun)


def _in_turn(right: dict[Ask, bytes], count: int) -> Iterator[Ask]:
    return itertools.islice(itertools.cycle(right), count)
