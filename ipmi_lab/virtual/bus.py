"""A bus between controllers, and the questions that one of them has put on it. IPMI 2.0 §6.13."""

from typing import NamedTuple, Protocol

from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.part import Refuse
from ipmi_lab.wire.codes import CompletionCode

NUMBERS = 64
EXPIRES = 5.0
NAK = 0x83


class Neighbour(Protocol):
    """Who answers on a bus: after so many seconds, or never."""

    def receive(self, message: bytes, now: float) -> tuple[float, bytes] | None: ...


class Bus:
    """The channels of a controller with those who sit on them."""

    def __init__(self, neighbours: list[tuple[int, int, Neighbour]]) -> None:
        self._there = {(channel, address): neighbour for channel, address, neighbour in neighbours}
        self.channels = {channel for channel, _, _ in neighbours}

    def carry(self, channel: int, message: bytes, now: float) -> tuple[float, bytes] | int | None:
        """The answer to a message and the seconds until it comes, None where none does, or the completion code of Send
        Message where nobody takes it."""
        if channel not in self.channels:
            return CompletionCode.INVALID_DATA_FIELD
        neighbour = self._there.get((channel, message[0]))
        return NAK if neighbour is None else neighbour.receive(message, now)


class Passed(NamedTuple):
    """A question that was passed on: as it came, whose session it came by, and until when it is remembered."""

    asked: ipmb.Frame
    session: BmcSession | None
    expires: float


class Outstanding:
    """The questions that wait for an answer from the bus, by the number that they have there."""

    def __init__(self) -> None:
        self._passed: dict[int, Passed] = {}
        self._next = 0

    def put(self, asked: ipmb.Frame, session: BmcSession | None, now: float) -> int:
        """Remember a question; gives its number on the bus. Refuse where too many wait."""
        for number in [number for number, passed in self._passed.items() if passed.expires < now]:
            del self._passed[number]
        if len(self._passed) == NUMBERS:
            raise Refuse(CompletionCode.NODE_BUSY)
        while self._next in self._passed:
            self._next = (self._next + 1) % NUMBERS
        number, self._next = self._next, (self._next + 1) % NUMBERS
        self._passed[number] = Passed(asked, session, now + EXPIRES)
        return number

    def drop(self, number: int) -> None:
        """Forget a question that the bus did not take."""
        self._passed.pop(number, None)

    def take(self, answer: bytes, now: float) -> Passed | None:
        """Whose answer this is; None where nobody waits for it any more."""
        found = self._passed.pop(answer[4] >> 2, None)
        fits = found is not None and found.expires >= now and found.asked.command == answer[5]
        return found if fits else None

    def __len__(self) -> int:
        return len(self._passed)

    @staticmethod
    def renumbered(asked: ipmb.Frame, number: int) -> bytes:
        """The question as it goes over the bus: from our own address, under our own number."""
        return ipmb.pack_request(asked._replace(requester=ipmb.BMC, requester_lun=0, sequence=number))

    @staticmethod
    def restored(passed: Passed, answer: bytes, responder: int | None = None) -> bytes:
        """The answer as it goes back: to who asked, under his number, perhaps as if another had answered."""
        asked = passed.asked if responder is None else passed.asked._replace(responder=responder)
        return ipmb.pack_answer(asked, answer[6:-1])
