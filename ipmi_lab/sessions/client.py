"""The console's end of a session, without sockets and clocks: whoever owns it brings datagrams and the time.

number = session.request(GetDeviceId(), now)   a question; its number comes back
session.datagrams()                            what must be sent now
session.receive(datagram, now)                 what arrived; gives events
session.deadline()                             when to wake it, or None
session.wake(now)                              retries and give-ups; gives events
"""

import os
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.session import CloseSession
from ipmi_lab.errors import IpmiLabError, NoAnswer, RemoteError, SessionError, TooShort
from ipmi_lab.packets import ipmb, lan20, rmcp
from ipmi_lab.sessions import bridge
from ipmi_lab.sessions.bridge import Route
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.events import (
    Answered,
    Closed,
    Dropped,
    Event,
    Observe,
    Opened,
    Ponged,
    Refused,
)
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.opening import opening
from ipmi_lab.sessions.pending import Pending
from ipmi_lab.sessions.questions import Questions
from ipmi_lab.sessions.steps import Ask, Say, Steps
from ipmi_lab.sessions.wrapping import Lan15, Lan20, Wrapping

SHORTEST = 14  # RMCP header, authentication type, sequence number, session id, length


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
}


class ClientSession(Questions):
    """A conversation with one BMC. ``observe`` hears of every exchange, and of every datagram that was not taken."""

    def __init__(
        self,
        login: Login,
        timing: Timing | None = None,
        *,
        in_flight: int = 1,
        route: Route = (),
        observe: Observe | None = None,
        random: Random = os.urandom,
    ) -> None:
        super().__init__(timing or Timing(), in_flight, observe, random)
        self.login, self.route = login, route
        self.state = State.CLOSED
        self.how = ""
        self.openings = 0  # how often it was opened, so that several losers of a session log in once
        self.dropped: Counter[str] = Counter()
        self._random = random
        self._steps: Steps[tuple[Lan15 | Lan20, str]] | None = None
        self._say: _Saying | None = None
        self._ponged = False
        self._ping: _Pinging | None = None

    # ------------------------------------------------------------------ what the owner calls

    def request(self, request: Request[Any], now: float, *, purpose: str = "command") -> int:
        """Ask; the number comes back in the answer's event. Outside a session only what BMCs answer there."""
        wrapping: Wrapping | None = self._wrapping
        if wrapping is None:
            if not request.sessionless:
                raise SessionError("there is no session", hint="Establish one first.")
            return self._ask(request, now, purpose, self._sessionless)
        route = self.route if purpose == "command" else ()  # the session itself is the BMC's
        return self._ask(request, now, purpose, wrapping, route)

    def open(self, now: float) -> None:
        """Begin to open the session; ``Opened`` or ``Refused`` tells how it went."""
        self._turn("open")
        self._ponged = False
        self._out.append(_ping(self._random))
        self._steps = opening(self.login, self._random, lambda: self._ponged)
        self._step(None, now)

    def ping(self, now: float) -> None:
        """Ask with an RMCP ping whether anybody is there; ``Ponged`` or ``Refused`` tells."""
        self._ping = _Pinging(now, self._first_wait())
        self._out.append(_ping(self._random))

    def close(self, now: float) -> None:
        """Begin to give the session back; ``Closed`` tells when."""
        self._turn("close")
        assert self._wrapping is not None
        bmc_id = self._wrapping.remote_id if isinstance(self._wrapping, Lan20) else self._wrapping.session_id
        self._ask(CloseSession(session_id=bmc_id), now, "session", self._wrapping)

    def abandon(self) -> None:
        """Drop the session without a word: the BMC has dropped it, or whoever was opening it has gone."""
        self.state, self._wrapping, self._steps, self._say = State.CLOSED, None, None, None
        self._prober = self._ping = None
        self._open.clear()
        self._waiting.clear()

    def datagrams(self) -> list[bytes]:
        """What must be sent now."""
        out, self._out = self._out, []
        return out

    def deadline(self) -> float | None:
        """When to wake the session, or None while nothing is under way."""
        times = [pending.wake_at for pending in self._open.values()]
        if len(times) == 1 and not self._waiting:  # nearly always
            return times[0]
        if self._say is not None:
            times.append(self._say.wake_at)
        if self._ping is not None:
            times.append(self._ping.wake_at)
        if self._waiting and self._busy < self.in_flight:
            times.append(self._free_at)
        return min(times, default=None)

    def receive(self, datagram: bytes, now: float) -> list[Event]:
        """Take what arrived. Whatever is not the right answer is dropped and counted, and the wait goes on."""
        try:
            self._take(datagram, now)
        except RemoteError as error:
            self._drop(error.message, datagram)
        return self._happened()

    def wake(self, now: float) -> list[Event]:
        """Send again what is overdue, and give up what is out of time."""
        for pending in [p for p in self._open.values() if p.wake_at <= now]:
            if pending.sequence in self._open:
                self._overdue(pending, now)
        if self._say is not None and self._say.wake_at <= now:
            self._say_again(now)
        if self._ping is not None and self._ping.wake_at <= now:
            self._ping_again(now)
        self._fill(now)
        return self._happened()

    # ------------------------------------------------------------------ what arrives

    def _take(self, datagram: bytes, now: float) -> None:
        if datagram[:4] != rmcp.IPMI_HEADER and rmcp.message_class(datagram) == rmcp.ASF:
            self._take_pong(datagram)
            return
        if len(datagram) < SHORTEST:
            raise TooShort(f"a packet of {len(datagram)} bytes has no session header")
        wrapping = self._wrapping
        outside = datagram[6:10] if datagram[4:5] == b"\x06" else datagram[9:13]
        if outside == b"\0\0\0\0" and "idzero" not in self.login.quirks:
            self._take_outside(datagram, now)
        elif wrapping is not None and (datagram[4] == lan20.FORMAT) == isinstance(wrapping, Lan20):
            self._answer(wrapping.unwrap(datagram), wrapping, now)
        else:
            self._take_activation(datagram, now)

    def _take_outside(self, datagram: bytes, now: float) -> None:
        if datagram[4] == lan20.FORMAT:
            packet = lan20.parse(datagram)
            say = self._say
            if say is None or packet.kind != say.step.answer_type or not say.fits(packet.payload):
                raise RemoteError(f"an RMCP+ set-up message 0x{packet.kind:02X} came that nobody waits for")
            self._say = None
            if say.tries == 1:
                self._smooth(now - say.sent_at)
            self._step(packet.payload, now)
        else:
            self._answer(self._sessionless.unwrap(datagram), self._sessionless, now)

    def _take_activation(self, datagram: bytes, now: float) -> None:
        """An answer to the one question that goes out in a wrapping of its own, before the session is there."""
        for pending in self._open.values():
            if pending.owner == "session" and pending.wrapping not in (self._sessionless, None):
                assert pending.wrapping is not None
                self._answer(pending.wrapping.unwrap(datagram), pending.wrapping, now)
                return
        raise RemoteError("a packet of a session came, and there is none")

    def _answer(self, message: bytes, wrapping: Wrapping, now: float) -> None:
        ipmb.check(message, checksums="nochecksumcheck" not in self.login.quirks)
        pending = self._open.get(message[4] >> 2)
        if pending is not None and pending.route and pending.wrapping is wrapping:
            self._bridged(pending, message, now)
            return
        if (
            pending is None
            or message[1] != pending.answer_netfn << 2  # our own LUN is 0
            or message[5] != pending.command
            or message[0] != ipmb.CONSOLE
            or message[3] != ipmb.BMC
            or message[4] & 3 != pending.lun
            or pending.wrapping is not wrapping
        ):
            raise RemoteError("an answer came that fits no open question")
        if len(message) < 8:
            raise RemoteError("an answer came without a completion code")
        del self._open[pending.sequence]
        if pending.tries > 1:
            self._numbers.rest(pending.sequence, now)
        else:
            self._smooth(now - pending.sent_at)
        if wrapping is self._wrapping:
            self.last_heard_inside = now
        self._deliver(pending, Answered(pending.number, message[6], message[7:-1]), now)

    def _bridged(self, pending: Pending, message: bytes, now: float) -> None:
        """One of the answers that a bridged question has: that of Send Message, or that of the controller."""
        if len(message) < 8:
            raise RemoteError("an answer came without a completion code")
        found = bridge.answered(pending.route, pending.answer_netfn, pending.command, message)
        self.last_heard_inside = now
        if found is None:
            return  # Send Message was accepted; the controller's answer comes by itself
        del self._open[pending.sequence]
        self._numbers.rest(pending.sequence, now)  # further levels may still answer under this number
        self._deliver(pending, Answered(pending.number, *found), now)

    def _deliver(self, pending: Pending, answer: Answered, now: float) -> None:
        if self.observe is not None:
            self._finish(pending, now, answer.code, answer.data)
        if pending is self._prober:
            self._alive(now)
        elif pending.owner == "session":
            self._proceed(pending, answer, now)
        else:
            self._events.append(answer)
        if self._waiting:
            self._fill(now)

    def _take_pong(self, datagram: bytes) -> None:
        pong = rmcp.read_pong(datagram)
        if pong is None:
            raise RemoteError("an ASF message came that is no pong")
        self._ponged = True
        event = Ponged(bool(pong.entities & 0x80))
        if self._ping is not None:
            self._ping = None
            self._events.append(event)
        if self.observe is not None:
            self.observe(event)

    def _ping_again(self, now: float) -> None:
        ping = self._ping
        assert ping is not None
        if ping.tries > self.timing.retries:
            self._ping = None
            self._events.append(Refused(NoAnswer(f"no RMCP pong came after {ping.tries} pings")))
            return
        ping.again(now, self.timing.timeout)
        self._out.append(_ping(self._random))

    def _drop(self, reason: str, datagram: bytes) -> None:
        self.dropped[reason.split(":")[0]] += 1
        if self.observe is not None:
            self.observe(Dropped(reason, datagram))

    # ------------------------------------------------------------------ opening and closing

    def _lost(self) -> None:
        self._turn("lost")
        self._wrapping = None

    def _turn(self, event: str) -> None:
        try:
            self.state = NEXT[self.state, event]
        except KeyError:
            raise SessionError(f"the session is {self.state.value}: it cannot {event} now") from None

    def _proceed(self, pending: Pending, answer: Answered | None, now: float) -> None:
        if self.state is State.CLOSING:
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
                self._ask(step.request, now, "session", step.wrapping or self._sessionless)
            else:
                self._say = _Saying(step, self._first_wait())
                self._say_again(now)

    def _say_again(self, now: float) -> None:
        say = self._say
        assert say is not None
        limit = 1 + self.timing.retries if say.step.tries is None else say.step.tries
        if say.tries >= limit:
            self._say = None
            self._step(None, now)
            return
        payload, say.fits = say.step.make()
        self._out.append(lan20.pack(say.step.payload_type, 0, 0, payload))
        say.tries += 1
        say.sent_at = now
        say.wake_at = now + say.wait
        say.wait = min(2 * say.wait, self.timing.timeout)

    def _tell(self, event: Opened | Refused | Closed) -> None:
        self._events.append(event)
        if self.observe is not None:
            self.observe(event)

    def _happened(self) -> list[Event]:
        events, self._events = self._events, []
        return events


def _ping(random: Random) -> bytes:
    return rmcp.ASF_HEADER + rmcp.Ping(tag=random(1)[0] % 0xFF).encode()


class _Pinging:
    """A ping under way."""

    def __init__(self, now: float, wait: float) -> None:
        self.tries, self.wait, self.wake_at = 1, wait, now + wait

    def again(self, now: float, longest: float) -> None:
        self.tries += 1
        self.wait = min(2 * self.wait, longest)
        self.wake_at = now + self.wait


class _Saying:
    """A set-up message under way."""

    def __init__(self, step: Say, wait: float) -> None:
        self.step = step
        self.wait = wait
        self.tries = 0
        self.sent_at = self.wake_at = 0.0
        self.fits: Callable[[bytes], bool] = lambda payload: False
