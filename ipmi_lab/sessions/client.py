"""The console's end of a conversation, without ports and clocks: whoever owns it brings datagrams and the time.

number = session.request(GetDeviceId(), now)   a question; its number comes back
session.datagrams()                            what must be sent now
session.receive(datagram, now)                 what arrived; gives events
session.deadline()                             when to wake it, or None
session.wake(now)                              retries and give-ups; gives events

What all kinds share stands here; how a kind opens, and how it takes datagrams apart, stands in a file of its own.
"""

import os
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ClassVar

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.session import CloseSession
from ipmi_lab.errors import IpmiLabError, RemoteError, SessionError
from ipmi_lab.sessions.answers import AnsweredQuestions
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.events import Answered, Closed, Event, GaveUp, Observe, Opened, Refused, Said
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.pending import Pending, Tell
from ipmi_lab.sessions.steps import Ask, Say, Steps
from ipmi_lab.sessions.wrapping import SessionWrapping, Wrapping

NEVER = float("inf")


class State(Enum):
    """Where a session is in its life."""

    CLOSED = "no session"
    OPENING = "being opened"
    ACTIVE = "open"
    CLOSING = "being given back"


NEXT = {
    (State.CLOSED, "open"): State.OPENING,
    (State.OPENING, "opened"): State.ACTIVE,
    (State.OPENING, "refused"): State.CLOSED,
    (State.ACTIVE, "close"): State.CLOSING,
    (State.ACTIVE, "lost"): State.CLOSED,
    (State.CLOSING, "closed"): State.CLOSED,
    (State.CLOSING, "lost"): State.CLOSED,
}


class ClientSession(AnsweredQuestions):
    """A conversation with one BMC. ``observe`` hears of every exchange, and of every datagram that was not taken.

    ``outside`` is what a question goes out in while there is no session. A kind says how it opens (``_opening``), how
    it takes a datagram (``_take``), and may have timers of its own.
    """

    arrives: ClassVar[str] = "datagram"
    """What comes one by one, for people."""
    hints: ClassVar[Mapping[int, str]] = {}
    """What completion codes mean that the way there gives by itself, where nobody at its end answers."""

    def __init__(
        self,
        login: Login,
        timing: Timing | None = None,
        *,
        outside: Wrapping,
        in_flight: int = 1,
        observe: Observe | None = None,
        random: Random = os.urandom,
    ) -> None:
        super().__init__(login, timing or Timing(), in_flight, observe, random, outside)
        self.state = State.CLOSED
        self.how = ""
        self.openings = 0  # how often it was opened, so that several losers of a session log in once
        self._random = random
        self._steps: Steps[tuple[SessionWrapping, str]] | None = None

    # ------------------------------------------------------------------ what the owner calls

    def request(
        self,
        request: Request[Any],
        now: float,
        purpose: str = "command",
        branch: Branch | None = None,
        tell: Tell | None = None,
    ) -> int:
        """Ask; the number comes back in the answer's event, which goes to ``tell`` if that is given. Outside a session
        only what BMCs answer there, within one also controllers behind the BMC, on a branch."""
        behind = branch if purpose == "command" else None
        self._check(request, behind)
        wrapping: Wrapping | None = self._wrapping
        if wrapping is None:
            if not request.sessionless:
                raise SessionError("there is no session", hint="Establish one first.")
            return self._ask(request, now, purpose, self._outside, None, tell)
        return self._ask(request, now, purpose, wrapping, behind, tell)

    def straight(
        self,
        clock: Callable[[], float],
        ask_port: Callable[[bytes, float], bytes | None],
        request: Request[Any],
        purpose: str = "command",
    ) -> tuple[int, bytes] | int | None:
        """Ask a plain question, send it and wait a while for its answer, without all that only trouble needs.

        Gives the answer's completion code and data; or the question's number where something else came, or nothing:
        then it waits on like any other, and ``wake`` tells at once what came already; or None where nothing was asked,
        since only ``request`` can do it.
        """
        return None

    def begin(self, request: Request[Any], now: float, purpose: str, tell: Tell) -> Pending | None:
        """The first half of ``straight``, for whoever does not wait: the question is under way, once its datagram is
        sent. None where only ``request`` can ask it."""
        return None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to send and nothing to wait for."""
        return not (self._open or self._out or self._timers or self._waiting)

    def open(self, now: float) -> None:
        """Begin to open the session; ``Opened`` or ``Refused`` tells how it went."""
        self._turn("open")
        self._steps = self._opening()
        self._step(None, now)

    def ping(self, now: float) -> None:
        """Ask outside any session whether anybody is there; ``Ponged`` or ``Refused`` tells."""
        raise SessionError("only a BMC on a network answers pings", hint="Ask for its device id instead.")

    def say(self, text: str, now: float, *, repeat: bool) -> None:
        """Send a text command; ``Said`` tells what came back. ``repeat`` where it may be sent twice."""
        raise SessionError("only a line in terminal mode takes text commands", hint="Send the command itself.")

    unclean = False
    """Whether the reply to an earlier text command may still come."""

    def leave(self) -> None:
        """Whoever waited for a pong, or for the reply to a text command, has gone."""

    def suspicion(self) -> str:
        """What may be wrong where nothing answers, as far as the session can see."""
        return ""

    def close(self, now: float) -> None:
        """Begin to give the session back; ``Closed`` tells when."""
        self._turn("close")
        assert self._wrapping is not None
        self._ask(CloseSession(session_id=self._wrapping.bmc_session_id), now, "session", self._wrapping)

    def abandon(self) -> None:
        """Drop the session without a word: the BMC has dropped it, or whoever was opening it has gone."""
        for pending in self._unanswered():
            if pending.tell is not None:
                gone = GaveUp(pending.number, pending.tries, 0.0, lost=False, refused="the session was given up")
                pending.tell(gone)
        self.state, self._wrapping, self._steps = State.CLOSED, None, None
        self._prober = self._fetcher = None
        self._timers.clear()
        self._open.clear()
        self._waiting.clear()

    def datagrams(self) -> list[bytes]:
        """What must be sent now."""
        out, self._out = self._out, []
        return out

    def deadline(self) -> float | None:
        """When to wake the session, or None while nothing is under way."""
        if len(self._open) <= 1 and not self._waiting and not self._timers:  # nearly always
            for only in self._open.values():
                return only.wake_at
            return None
        soonest = NEVER
        for pending in self._open.values():
            if pending.wake_at < soonest:
                soonest = pending.wake_at
        for when, _ in self._timers.values():
            if when < soonest:
                soonest = when
        if self._waiting and self._free_at < soonest and self._busy < self.in_flight:
            soonest = self._free_at
        return None if soonest == NEVER else soonest

    def receive(self, datagram: bytes, now: float) -> list[Event]:
        """Take what arrived. Whatever is not the right answer is dropped and counted, and the wait goes on."""
        try:
            self._take(datagram, now)
        except RemoteError as error:
            self._drop(error.message, datagram)
        events, self._events = self._events, []
        return events

    def wake(self, now: float) -> list[Event]:
        """Send again what is overdue, and give up what is out of time."""
        for pending in [p for p in self._open.values() if p.wake_at <= now]:
            if pending.sequence in self._open:
                self._overdue(pending, now)
        for name, (when, due) in list(self._timers.items()):
            if when <= now and name in self._timers:
                del self._timers[name]
                due(now)
        self._fill(now)
        return self._happened()

    @property
    def confidential(self) -> bool:
        """Whether nobody on the way can read what is said."""
        return True

    # ------------------------------------------------------------------ what a kind says

    def _check(self, request: Request[Any], branch: Branch | None) -> None:
        """LocalError where the way there does not take such a question."""

    def _opening(self) -> Steps[tuple[SessionWrapping, str]]:
        """The way into a session: its wrapping comes out, and a sentence that says with what it was opened."""
        raise NotImplementedError

    def _take(self, datagram: bytes, now: float) -> None:
        """Take a datagram apart; RemoteError where it is not what anybody waits for."""
        raise NotImplementedError

    def _say(self, step: Say, now: float) -> None:
        """Send a message that is no command; only some kinds have such."""
        raise NotImplementedError

    # ------------------------------------------------------------------ opening and closing

    def _lost(self) -> bool:
        closing = self.state is State.CLOSING
        self._turn("lost")
        self._wrapping = None
        if closing:
            self._tell(Closed(acknowledged=False))
        return not closing

    def _turn(self, event: str) -> None:
        try:
            self.state = NEXT[self.state, event]
        except KeyError:
            raise SessionError(f"the session is {self.state.value}: it cannot {event} now") from None

    def _proceed(self, pending: Pending, answer: Answered | None, now: float) -> None:
        if self.state is State.CLOSING:
            self._give_up_all(now, lost=False)  # whoever still waits for an answer waits in vain
            self.abandon()
            self._tell(Closed(acknowledged=answer is not None))
        else:
            self._step(answer, now)

    def _step(self, reply: object, now: float) -> None:
        """Go on with the opening until it waits for the BMC again, or has come to its end."""
        assert self._steps is not None
        try:
            step = self._steps.send(reply)
        except StopIteration as end:
            self._wrapping, self.how = end.value
            self.last_heard_inside = now
            self.openings += 1
            self._turn("opened")
            self._tell(Opened(self.how))
        except IpmiLabError as error:
            self.abandon()
            self._tell(Refused(error))
        else:
            if isinstance(step, Ask):
                self._ask(step.request, now, "session", step.wrapping or self._outside)
            else:
                self._say(step, now)

    def _tell(self, event: Opened | Refused | Closed | Said) -> None:
        self._show(event)
        self._events.append(event)

    def _happened(self) -> list[Event]:
        events, self._events = self._events, []
        return events
