"""The questions that wait for an answer, and the six-bit numbers that tell them apart."""

from collections.abc import Callable, Container
from itertools import count
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.sessions.bridge import Found, Route
from ipmi_lab.sessions.events import Answered, GaveUp, Observe
from ipmi_lab.sessions.wrapping import Wrapping

Tell = Callable[[Answered | GaveUp | BaseException], None]

NUMBERS = 64
REST = 5.0


class Pending:
    """One question under way. Its answer or its end goes to ``tell``, or among the session's events where that is
    None; so does what went wrong here instead, such as an observer that raised, and only the first counts. ``begins``
    is how its answer begins, where that is known beforehand."""

    sequence = -1
    tries = 0
    wait = 0.0
    datagram = begins = b""
    probing = False
    doubts = 0
    route: Route = ()
    tracked = True
    passed = 0  # how many levels have accepted it
    refusal: Found | None = None  # of its first form, with tracking
    tell: Tell | None = None

    def __init__(
        self,
        number: int,
        request: Request[Any],
        now: float,
        owner: str,
        wrapping: Wrapping,
        observe: Observe | None = None,
    ) -> None:
        self.number = number
        self.request = request
        self.observe = observe
        self.owner = owner  # "command", "session", "keep-alive", "probe" or "fetch"
        self.wrapping = wrapping
        self.asked_at = self.sent_at = self.wake_at = now

    @property
    def repeat(self) -> bool:
        """Whether it may be sent twice."""
        return self.request.repeatable()


class Numbers:
    """Hands out request numbers, each in its turn of 64.

    A number is burnt by every use. One that was sent twice or never answered also rests, since an answer may still
    be on its way; if all rest, the oldest is taken.
    """

    def __init__(self, first: int = 0) -> None:
        self.following: Callable[[], int] = count(first).__next__
        """What the next number is, but for its six bits, for whoever knows that none is in use and none rests."""
        self.resting: dict[int, float] = {}  # until when

    def take(self, busy: Container[int], now: float) -> int:
        """A number that nobody uses. There must be one: the caller keeps at most 63 questions open."""
        for _ in range(NUMBERS):
            number = self.following() & 0x3F
            if number not in busy and self.resting.get(number, now) <= now:
                self.resting.pop(number, None)
                return number
        number = min((number for number in range(NUMBERS) if number not in busy), key=self.resting.__getitem__)
        self.rest(number, now)  # two answers to it may come now
        return number

    def rest(self, number: int, now: float) -> None:
        """Keep a number out of use while an answer to it may still come."""
        self.resting[number] = now + REST
