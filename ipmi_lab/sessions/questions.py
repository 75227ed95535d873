"""The questions of a session that wait for their answers: how they are asked, sent and told of."""

from collections import deque
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import LocalError
from ipmi_lab.packets.ipmb import ask
from ipmi_lab.sessions import bridge
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.events import Answered, Event, Failed, GaveUp, Observe, Observed, exchanged
from ipmi_lab.sessions.login import Timing
from ipmi_lab.sessions.pending import NUMBERS, Numbers, Pending, Tell
from ipmi_lab.sessions.wrapping import SessionWrapping, Wrapping

OF_THE_OWNER = ("command", "keep-alive")


class Questions:
    """What a ``ClientSession`` knows of its open questions, of the way there, and of whether the BMC still lives."""

    # Of an object with more than thirty attributes in its dictionary the interpreter finds none of them quickly.
    __slots__ = (
        "_alive_at",
        "_count",
        "_events",
        "_fetcher",
        "_free_at",
        "_numbers",
        "_open",
        "_out",
        "_outside",
        "_patience",
        "_prober",
        "_quick",
        "_round_trip",
        "_shortest",
        "_spacing",
        "_timing",
        "_waiting",
        "_wrapping",
        "in_flight",
        "last_heard_inside",
        "observe",
    )

    def __init__(
        self, timing: Timing, in_flight: int, observe: Observe | None, random: Random, outside: Wrapping
    ) -> None:
        if not 1 <= in_flight < NUMBERS:
            raise LocalError(f"{in_flight} questions in flight are not possible", hint="1 to 63 are.")
        self._round_trip = 0.0  # smoothed, in seconds; 0 while it is unknown, or too short to matter
        self.timing, self.in_flight, self.observe = timing, in_flight, observe
        self.last_heard_inside = float("-inf")
        self._outside = outside
        self._wrapping: SessionWrapping | None = None
        self._numbers = Numbers(random(1)[0])
        self._count = 0
        self._open: dict[int, Pending] = {}  # by request number
        self._waiting: deque[Pending] = deque()
        self._out: list[bytes] = []
        self._events: list[Event] = []
        self._prober: Pending | None = None
        self._fetcher: Pending | None = None
        self._alive_at = float("-inf")
        self._free_at = float("-inf")

    @property
    def timing(self) -> Timing:
        """How patient it is; what is asked next keeps to it."""
        return self._timing

    @timing.setter
    def timing(self, timing: Timing) -> None:
        self._timing, self._spacing = timing, timing.spacing
        self._shortest = min(timing.first, timing.timeout)
        self._settle_patience()

    def forget(self, number: int | None = None) -> None:
        """Stop waiting for an answer that nobody wants any more, or for all that the owner asked for."""

        def unwanted(pending: Pending) -> bool:
            return pending.number == number or (number is None and pending.owner in OF_THE_OWNER)

        for sequence, pending in list(self._open.items()):
            if unwanted(pending):
                del self._open[sequence]
                self._numbers.rest(sequence, pending.sent_at)
        self._waiting = deque(pending for pending in self._waiting if not unwanted(pending))

    def fail(self, error: Exception) -> bool:
        """Tell all who wait for an answer that there will be none, and why; False where nobody waits."""
        asked = [pending.tell for pending in self._unanswered() if pending.tell is not None]
        self.forget()
        for tell in asked:
            tell(error)
        return bool(asked)

    def _unanswered(self) -> list[Pending]:
        """The questions that somebody waits for."""
        return [*self._open.values(), *self._waiting]

    def _ask(
        self,
        request: Request[Any],
        now: float,
        owner: str,
        wrapping: Wrapping,
        branch: Branch | None = None,
        tell: Tell | None = None,
    ) -> int:
        self._count = number = self._count + 1
        pending = Pending(number, request, now, owner, wrapping, self.observe)
        if branch is not None:
            pending.route, pending.observe = branch.route, branch.observe or self.observe
        pending.tell = tell
        if self._open or self._waiting or self._free_at > now:
            self._waiting.append(pending)
            self._fill(now)
        else:
            self._start(pending, now)
        return number

    def _fill(self, now: float) -> None:
        """Send what waits for its turn."""
        while self._waiting and self._busy < self.in_flight and self._free_at <= now:
            pending = self._waiting.popleft()
            try:
                self._start(pending, now)
            except Exception as error:  # whoever is being answered now asked something else
                if pending.tell is None:
                    raise
                pending.tell(error)

    def _start(self, pending: Pending, now: float) -> None:
        sequence = pending.sequence = self._numbers.take(self._open, now)
        if pending.route:
            pending.wait = self._bridged_wait(pending)
        elif pending.request.once:
            pending.wait = self.timing.timeout
        else:
            pending.wait = self._first_wait()
        self._open[sequence] = pending
        try:
            self._send(pending, now)
        except BaseException:  # it does not fit into a packet, or somebody was interrupted: nobody waits for it
            del self._open[sequence]
            raise

    @property
    def _busy(self) -> int:
        """How many questions of the owner are under way."""
        return len(self._open) - (self._prober is not None) - (self._fetcher is not None)

    def _first_wait(self) -> float:
        return self._patience

    def _settle_patience(self) -> None:
        """Works out the first wait, and above how many seconds a round trip has something to say about it."""
        wait, shortest = 4 * self._round_trip, self._shortest
        self._patience = shortest if wait <= shortest else min(wait, self.timing.timeout)
        self._quick = shortest / 4 if 0 < wait <= shortest else 0.0  # the first of all is learned, long or short

    def _send(self, pending: Pending, now: float) -> None:
        """Put a question on its way, again with a new session number, or as the very same datagram where a second
        execution would do harm: a BMC that has seen it drops it as a duplicate."""
        if not pending.datagram or pending.repeat:
            if pending.route:
                message, _ = ask(bridge.APP, 0, pending.sequence, bridge.SEND_MESSAGE, self._wrap(pending))
            else:
                request = pending.request
                message, pending.begins = ask(
                    request.netfn, request.lun, pending.sequence, request.command, request.encode()
                )
            pending.datagram = pending.wrapping.wrap(message)
        self._out.append(pending.datagram)
        pending.tries += 1
        pending.sent_at = now
        pending.wake_at = now + pending.wait
        if self._spacing:
            self._free_at = now + self._spacing

    def _hand(self, pending: Pending, outcome: Answered | GaveUp) -> None:
        (pending.tell or self._events.append)(outcome)

    def _finish(self, pending: Pending, now: float, code: int | None = None, data: bytes = b"") -> None:
        if pending.observe is not None:
            elapsed = now - pending.asked_at
            try:
                pending.observe(exchanged(pending.request, code, data, pending.tries, elapsed, pending.owner))
            except BaseException as error:
                self._failed(error, pending.tell)

    def _show(self, event: Observed) -> None:
        """Let the observer hear of what is the answer to nobody's question."""
        if self.observe is not None:
            try:
                self.observe(event)
            except BaseException as error:
                self._failed(error)

    def _failed(self, error: BaseException, tell: Tell | None = None) -> None:
        """An observer raised. Whoever waits for the answer that was to be observed is told so in its place, or whoever
        takes the events is; the session goes on, since it must be in order whatever becomes of its observer."""
        if tell is not None:
            tell(error)
        elif isinstance(error, Exception):
            self._events.append(Failed(error))
        if not isinstance(error, Exception):  # Ctrl-C
            raise error

    def _smooth(self, elapsed: float) -> None:
        """Learn the round trip, from what was sent only once and took longer than ``_quick``."""
        known = self._round_trip
        self._round_trip = known + (elapsed - known) / 8 if known else elapsed
        self._settle_patience()

    # ------------------------------------------------------------------ what the session does about it

    def _wrap(self, pending: Pending) -> bytes:
        """The data of the Send Message that a bridged question goes out in."""
        raise NotImplementedError

    def _bridged_wait(self, pending: Pending) -> float:
        """The first wait for the answer to a bridged question."""
        raise NotImplementedError
