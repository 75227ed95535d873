"""The console's end of a session over a network: IPMI 1.5 or 2.0, behind the header of RMCP."""

from collections.abc import Callable
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import NoAnswer, RemoteError, TooShort
from ipmi_lab.packets import lan20, rmcp
from ipmi_lab.packets.ipmb import SHORTEST as SHORTEST_MESSAGE
from ipmi_lab.packets.ipmb import ask_plain
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.events import Closed, Opened, Ponged, Refused, Said, exchanged
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.opening import opening
from ipmi_lab.sessions.pending import Pending, Tell
from ipmi_lab.sessions.steps import Say, Steps
from ipmi_lab.sessions.wrapping import Lan15, Lan20, Sessionless, SessionWrapping

LOOKS = (1.6, 3.2, 4.8)  # from one ping to the next while a session is being opened, in first waits
SHORTEST = 14  # RMCP header, authentication type, sequence number, session id, length


class LanSession(ClientSession):
    """A session with a BMC on a network."""

    _wrapping: Lan15 | Lan20 | None

    def __init__(self, login: Login, timing: Timing | None = None, **how: Any) -> None:
        super().__init__(login, timing, outside=Sessionless(), **how)
        self._ponged = False
        self._saying: _Saying | None = None
        self._pings = 0  # how many were sent for whoever waits for a pong; 0 while nobody does

    def open(self, now: float) -> None:
        self._ponged = False
        super().open(now)
        self._timers["look"] = now + LOOKS[0] * self.timing.first, lambda when: self._look(1, when)

    @property
    def confidential(self) -> bool:
        return isinstance(self._wrapping, Lan20) and self._wrapping.confidentiality is not None

    def _opening(self) -> Steps[tuple[SessionWrapping, str]]:
        return opening(self.login, self._random, lambda: self._ponged)

    def _look(self, number: int, now: float) -> None:
        """While nobody has answered yet, ping now and then: a BMC that answers any ping lives, and is worth more
        tries. (Not beside a question: of two datagrams that are refused the system tells one.)"""
        if self.state is State.OPENING and not self._ponged:
            self._out.append(_ping(self._random))
            if number < len(LOOKS):
                wait = LOOKS[number] * self.timing.first
                self._timers["look"] = now + wait, lambda when: self._look(number + 1, when)

    def _tell(self, event: Opened | Refused | Closed | Said) -> None:
        self._timers.pop("look", None)
        super()._tell(event)

    def abandon(self) -> None:
        ping = self._timers.get("ping")
        super().abandon()
        self._saying = None
        if ping is not None:  # it is no part of the session: whoever waits for its pong still does
            self._timers["ping"] = ping

    def leave(self) -> None:
        self._pings = 0
        self._timers.pop("ping", None)

    # ------------------------------------------------------------------ the short way

    def straight(
        self,
        clock: Callable[[], float],
        ask_port: Callable[[bytes, float], bytes | None],
        request: Request[Any],
        purpose: str = "command",
    ) -> tuple[int, bytes] | int | None:
        wrapping, numbers, now = self._wrapping, self._numbers, clock()
        if wrapping is None or self._open or self._spacing:
            return None
        sequence = numbers.take(self._open, now) if numbers.resting else numbers.following() & 0x3F
        try:
            question, begins = ask_plain(request.netfn, request.lun, sequence, request.command, request.encode())
            datagram, patience = wrapping.wrap(question), self._patience
            received, message = ask_port(datagram, patience), None
            came = clock()
            if received is not None and (message := wrapping.unwrap_next(received)) is not None:
                if message.startswith(begins) and len(message) > SHORTEST_MESSAGE and not sum(message) & 0xFF:
                    self.last_heard_inside, elapsed = came, came - now
                    if elapsed > self._quick:
                        self._smooth(elapsed)
                    if self.observe is not None:
                        self.observe(exchanged(request, message[6], message[7:-1], 1, elapsed, purpose))
                    return message[6], message[7:-1]
            pending = self._sent(request, now, purpose, sequence, datagram, begins)
            if received is not None:
                self._take_other(received, message, came)
        except BaseException:  # it does not fit into a packet, or somebody was interrupted: nobody waits for it
            self._open.pop(sequence, None)
            numbers.rest(sequence, now)
            raise
        return pending.number

    def begin(self, request: Request[Any], now: float, purpose: str, tell: Tell) -> Pending | None:
        wrapping, numbers = self._wrapping, self._numbers
        if wrapping is None or self._spacing or self._waiting or len(self._open) >= self.in_flight:
            return None
        sequence = numbers.take(self._open, now) if self._open or numbers.resting else numbers.following() & 0x3F
        question, begins = ask_plain(request.netfn, request.lun, sequence, request.command, request.encode())
        pending = self._sent(request, now, purpose, sequence, wrapping.wrap(question), begins)
        pending.tell = tell
        return pending

    def _sent(
        self, request: Request[Any], now: float, purpose: str, sequence: int, datagram: bytes, begins: bytes
    ) -> Pending:
        """The entry of a question of the session that was sent or is about to be."""
        assert self._wrapping is not None
        self._count = number = self._count + 1
        pending = self._open[sequence] = Pending(number, request, now, purpose, self._wrapping, self.observe)
        pending.sequence, pending.datagram, pending.begins, pending.tries = sequence, datagram, begins, 1
        pending.wait, pending.wake_at = self._patience, now + self._patience
        return pending

    def _take_other(self, datagram: bytes, message: bytes | None, now: float) -> None:
        """Take what came first, with its message where that is out already, as ``receive`` does."""
        try:
            if message is not None and self._wrapping is not None:
                self._answer(message, self._wrapping, now)
            else:
                self._take(datagram, now)
        except RemoteError as error:
            self._drop(error.message, datagram)

    # ------------------------------------------------------------------ what arrives

    def _take(self, datagram: bytes, now: float) -> None:
        wrapping = self._wrapping
        if wrapping is not None and (message := wrapping.unwrap_next(datagram)) is not None:  # nearly always
            self._answer(message, wrapping, now)
            return
        if datagram[:4] != rmcp.IPMI_HEADER and rmcp.message_class(datagram) == rmcp.ASF:
            self._take_pong(datagram)
            return
        if len(datagram) < SHORTEST:
            raise TooShort(f"a packet of {len(datagram)} bytes has no session header")
        outside = datagram[6:10] if datagram[4:5] == b"\x06" else datagram[9:13]
        if outside == b"\0\0\0\0" and not self._may_be_inside(datagram):
            self._take_outside(datagram, now)
        elif wrapping is not None and (datagram[4] == lan20.FORMAT) == isinstance(wrapping, Lan20):
            self._answer(wrapping.unwrap(datagram), wrapping, now)
        else:
            self._take_activation(datagram, now)

    def _may_be_inside(self, datagram: bytes) -> bool:
        """Whether a packet without a session id is meant for a session all the same: it has a sequence number."""
        return "idzero" in self.login.quirks and datagram[4] != lan20.FORMAT and datagram[5:9] != b"\0\0\0\0"

    def _take_outside(self, datagram: bytes, now: float) -> None:
        if datagram[4] == lan20.FORMAT:
            packet = lan20.parse(datagram)
            saying = self._saying
            if saying is None or packet.kind != saying.step.answer_type or not saying.fits(packet.payload):
                raise RemoteError(f"an RMCP+ set-up message 0x{packet.kind:02X} came that nobody waits for")
            self._saying = None
            del self._timers["say"]
            if saying.tries == 1:
                self._smooth(now - saying.sent_at)
            self._step(packet.payload, now)
        else:
            self._answer(self._outside.unwrap(datagram), self._outside, now)
            self._timers.pop("look", None)  # it was the right answer: no ping needs to show that the BMC lives

    def _take_activation(self, datagram: bytes, now: float) -> None:
        """An answer to the one question that goes out in a wrapping of its own, before the session is there."""
        for pending in self._open.values():
            if pending.owner == "session" and pending.wrapping not in (self._outside, None):
                assert pending.wrapping is not None
                self._answer(pending.wrapping.unwrap(datagram), pending.wrapping, now)
                return
        raise RemoteError("a packet of a session came, and there is none")

    # ------------------------------------------------------------------ pings

    def ping(self, now: float) -> None:
        """Ask with an RMCP ping whether anybody is there; ``Ponged`` or ``Refused`` tells."""
        self._pings = 0
        self._ping_again(now)

    def _ping_again(self, now: float) -> None:
        if self._pings > self.timing.retries:
            self._events.append(Refused(NoAnswer(f"no RMCP pong came after {self._pings} pings")))
            self._pings = 0
            return
        self._timers["ping"] = now + min(self._first_wait() * 2**self._pings, self.timing.timeout), self._ping_again
        self._pings += 1
        self._out.append(_ping(self._random))

    def _take_pong(self, datagram: bytes) -> None:
        pong = rmcp.read_pong(datagram)
        if pong is None:
            raise RemoteError("an ASF message came that is no pong")
        self._ponged = True
        self._timers.pop("look", None)
        event = Ponged(bool(pong.entities & 0x80))
        self._show(event)
        if self._pings:
            self._pings = 0
            self._timers.pop("ping", None)
            self._events.append(event)

    # ------------------------------------------------------------------ the messages of RMCP+ that open a session

    def _say(self, step: Say, now: float) -> None:
        self._saying = _Saying(step, self._first_wait())
        self._say_again(now)

    def _say_again(self, now: float) -> None:
        saying = self._saying
        assert saying is not None
        limit = 1 + self.timing.retries if saying.step.tries is None else saying.step.tries
        if saying.tries >= limit:
            self._saying = None
            self._step(None, now)
            return
        payload, saying.fits = saying.step.make()
        self._out.append(lan20.pack(saying.step.payload_type, 0, 0, payload))
        saying.tries += 1
        saying.sent_at = now
        self._timers["say"] = now + saying.wait, self._say_again
        saying.wait = min(2 * saying.wait, self.timing.timeout)


def _ping(random: Random) -> bytes:
    return rmcp.ASF_HEADER + rmcp.Ping(tag=random(1)[0] % 0xFF).encode()


class _Saying:
    """A set-up message under way."""

    def __init__(self, step: Say, wait: float) -> None:
        self.step = step
        self.wait = wait
        self.tries = 0
        self.sent_at = 0.0
        self.fits: Callable[[bytes], bool] = lambda payload: False
