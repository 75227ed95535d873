"""The questions of a session that go through controllers: their answers by tracking, or fetched from the queue.

A read that stays without an answer is asked again under another number, since a controller on the way may still hold
the old one; an answer under an old number of the same question is as good. A number that was asked in vain rests for
five seconds, the time after which a BMC forgets it too (IPMI 2.0 §6.13).
"""

from collections.abc import Callable
from typing import Any

from ipmi_lab.commands.messaging import EmptyCode, GetMessage
from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions import bridge
from ipmi_lab.sessions.bridge import Found, Route
from ipmi_lab.sessions.events import Answered, Exchanged
from ipmi_lab.sessions.pending import NUMBERS, REST, Pending
from ipmi_lab.sessions.unanswered import UnansweredQuestions
from ipmi_lab.wire.codes import CompletionCode

HOP_WAIT = 1.0  # what a controller on the way may take besides
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1  # between looks into a queue that is empty
ROUTES = 256


class BridgedQuestions(UnansweredQuestions):
    """What a session knows of its bridged questions."""

    requester = ipmb.BMC
    """The address that a message on the bus comes from."""

    tracks: bool | None = None
    """Whether the BMC brings answers by itself; None until it has shown. Where it does not, its queue is read."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self._earlier: dict[int, Pending] = {}  # by numbers under which a question was asked in vain
        self._trips: dict[Route, float] = {}  # smoothed, in seconds
        self._timers: dict[str, tuple[float, Callable[[float], None]]] = {}
        self._pause = FIRST_PAUSE

    # ------------------------------------------------------------------ on their way

    def _wrap(self, pending: Pending) -> bytes:
        if not pending.tries:
            pending.tracked = self.tracks is not False
        request = pending.request
        return bridge.wrapped(
            pending.route,
            request.netfn << 2 | request.lun,
            pending.sequence << 2,
            request.command,
            request.encode(),
            requester=self.requester,
            tracked=pending.tracked,
        )

    def _bridged_wait(self, pending: Pending) -> float:
        """The first wait for an answer through controllers: what it took lately, or what it may take at the most."""
        known = self._trips.get(pending.route)
        longest = self._first_wait() + HOP_WAIT * len(pending.route)
        return longest if known is None else min(max(self._first_wait(), 4 * known), longest)

    def _overdue(self, pending: Pending, now: float) -> None:
        """A change that was passed on is not asked again: its answer is waited for, as long as a BMC remembers it. A
        look into the queue is not sent twice but followed by another: what the first one took out is lost with it."""
        if pending is self._fetcher:
            self._give_up(pending, now)
            return
        if pending.route and pending.passed and not pending.repeat:
            pending.wake_at = pending.sent_at + REST
            if now >= pending.wake_at:
                self._give_up(pending, now)
            return
        if pending.route and pending.repeat:
            self._renumber(pending, now)
        super()._overdue(pending, now)

    def _suspect(self, pending: Pending, now: float) -> None:
        """A BMC that takes a question on has not dropped the session, whatever became of the answer."""
        if pending.route and self.last_heard_inside >= pending.sent_at:
            pending.doubts, pending.probing = 0, False
            return
        super()._suspect(pending, now)

    def _give_up(self, pending: Pending, now: float, *, refused: str = "") -> None:
        if pending is self._fetcher:
            del self._open[pending.sequence]
            self._numbers.rest(pending.sequence, now)
            self._fetched(None, now)
        else:
            super()._give_up(pending, now, refused=refused)

    def _forget_aside(self) -> None:
        super()._forget_aside()
        if self._fetcher is not None:
            self._open.pop(self._fetcher.sequence, None)
            self._fetcher = None

    def _renumber(self, pending: Pending, now: float) -> None:
        del self._open[pending.sequence]
        self._numbers.rest(pending.sequence, now)
        self._earlier[pending.sequence] = pending
        pending.sequence = self._numbers.take(self._open, now)
        pending.passed, pending.datagram = 0, b""
        self._earlier.pop(pending.sequence, None)
        self._open[pending.sequence] = pending

    def _asked_earlier(self, number: int) -> Pending | None:
        """The question that was asked under this number too, while it is still open."""
        pending = self._earlier.get(number)
        return pending if pending is not None and self._open.get(pending.sequence) is pending else None

    # ------------------------------------------------------------------ what comes back

    def _bridged(self, pending: Pending, message: bytes, now: float) -> None:
        """One of the answers that a bridged question has: that of Send Message, or that of the controller."""
        if len(message) < bridge.SHORTEST_ANSWER:
            raise RemoteError("an answer came without a completion code")
        found = bridge.answered(
            pending.route, pending.request.netfn + 1, pending.request.command, message, passed=pending.passed
        )
        self.last_heard_inside = now
        if found is None:
            self._passed_on(pending, now)
        elif found.refused is None:
            if pending.tracked:
                self.tracks = True
            self._learn(pending, now)
            self._bridged_end(pending, found, now)
        else:
            self._refused_on_the_way(pending, found, now)

    def _passed_on(self, pending: Pending, now: float) -> None:
        """Send Message was accepted: the controller's answer comes by itself, or waits to be fetched."""
        pending.passed += 1
        if not pending.tracked:
            self.tracks = False
            self._pause = FIRST_PAUSE
            self._fetch(now)

    def _refused_on_the_way(self, pending: Pending, found: Found, now: float) -> None:
        """A BMC that knows no tracking says that the field is invalid, as for a channel that it does not have."""
        unknown = found.refused == 0 and found.code == CompletionCode.INVALID_DATA_FIELD and self.tracks is None
        if unknown and pending.tracked:
            pending.tracked, pending.refusal = False, found
            self._renumber(pending, now)
            self._send(pending, now)
        else:
            self._bridged_end(pending, pending.refusal or found, now)

    def _learn(self, pending: Pending, now: float) -> None:
        if pending.tries == 1:
            elapsed, known = now - pending.sent_at, self._trips.get(pending.route)
            if known is not None or len(self._trips) < ROUTES:
                self._trips[pending.route] = elapsed if known is None else known + (elapsed - known) / 8

    def _bridged_end(self, pending: Pending, found: Found, now: float, way: str = "") -> None:
        if self._open.pop(pending.sequence, None) is None:
            return
        if pending.tries > 1 or found.refused is not None:
            self._numbers.rest(pending.sequence, now)
        if found.refused is not None and not way:
            way = f"Send Message to {pending.route[found.refused]}"
        if way and pending.observe is not None:
            self._tell_refusal(pending, found, now)
            pending.observe = None
        self._deliver(pending, Answered(pending.number, found.code, found.data, way), now)

    def _tell_refusal(self, pending: Pending, found: Found, now: float) -> None:
        """What a trace shows: that Send Message was refused, and not the command that it carried."""
        assert pending.observe is not None
        request, elapsed = self._wrap(pending), now - pending.asked_at
        refusal = Exchanged(
            bridge.APP, bridge.SEND_MESSAGE, 0, request, found.code, b"", pending.tries, elapsed, pending.owner
        )
        try:
            pending.observe(refusal)
        except BaseException as error:
            self._failed(error, pending.tell)

    # ------------------------------------------------------------------ the queue of a BMC that does not track

    def _waiting_for_fetch(self) -> list[Pending]:
        return [pending for pending in self._open.values() if pending.route and pending.passed and not pending.tracked]

    def _fetch(self, now: float) -> None:
        """Look into the queue, while there is a question whose answer may be in it."""
        if self._fetcher is not None or self._wrapping is None or not self._waiting_for_fetch():
            return
        if len(self._open) >= NUMBERS - 1:
            self._timers["fetch"] = now + LONGEST_PAUSE, self._fetch
            return
        self._timers.pop("fetch", None)
        fetcher = Pending(0, GetMessage(), now, "fetch", self._wrapping)
        fetcher.sequence = self._numbers.take(self._open, now)
        fetcher.wait = self._first_wait()
        self._open[fetcher.sequence] = self._fetcher = fetcher
        self._send(fetcher, now)

    def _fetched(self, answer: Answered | None, now: float) -> None:
        """What Get Message brought: a message, or nothing yet, or that nobody may read the queue over a network."""
        self._fetcher = None
        if answer is not None and answer.code not in (CompletionCode.OK, EmptyCode.EMPTY):
            for pending in self._waiting_for_fetch():
                self._bridged_end(pending, Found(answer.code, b""), now, "Get Message, which fetches the answer")
        elif answer is None or answer.code:
            self._timers["fetch"] = now + self._pause, self._fetch
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        else:
            self._pause = FIRST_PAUSE
            try:
                self._take_fetched(answer.data, now)
            except RemoteError as error:
                self._drop(error.message, answer.data)
            self._fetch(now)

    def _take_fetched(self, data: bytes, now: float) -> None:
        """A message of the queue; one of the IPMB lacks its first byte, the BMC's own address."""
        message = bytes((ipmb.BMC,)) + data[1:]
        ipmb.check(message)
        number = message[4] >> 2
        pending = self._open.get(number) or self._asked_earlier(number)
        if pending is None or not pending.route or pending.route[0].channel != data[0] & 0x0F:
            raise RemoteError("a message came out of the queue that fits no open question")
        self._bridged(pending, message, now)

    # ------------------------------------------------------------------ what the session does about it

    def _deliver(self, pending: Pending, answer: Answered, now: float) -> None:
        """A question was answered."""
        raise NotImplementedError

    def _drop(self, reason: str, datagram: bytes) -> None:
        """Something came that is no answer."""
        raise NotImplementedError
