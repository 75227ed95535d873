"""The console's end of a serial line: basic or terminal mode, with a session or without. IPMI 2.0 §14.

A line has one other end, so nothing tells packets of one session from those of another: what is not the answer to the
open question is dropped. One message is under way at a time; the next goes out when the BMC is ready for it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from ipmi_lab.errors import LocalError, RemoteError, SessionError
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import BasicMode, Message, Mode, Noise, Ready, TerminalMode, Text, is_reply, looks_like
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.entry import LOGOUT, Entry, OnLine, enter
from ipmi_lab.sessions.events import Answered, Closed, Event, Said
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.pending import Pending
from ipmi_lab.sessions.steps import Say, Steps

MODES: dict[str, Callable[[], Mode]] = {"basic": BasicMode, "terminal": TerminalMode}
READY_WAIT = 0.2  # BMCs without handshake are ready after this
LONGEST_EXCHANGE = 320  # characters of a question with its answer, for what the line's speed adds to the round trip
BITS = 10  # of one character: start, 8 data, stop
TRANSPORT, CONNECTION_ACTIVE = 0x0C, 0x18
NO_SESSION = 0
REMEMBERED_NOISE = 256
NOISY = 60.0  # seconds for which a line is not trusted after noise


class SerialSession(ClientSession):
    """A conversation over a serial line.

    ``mode`` is ``basic`` or ``terminal``, ``entry`` how to get in, ``baud`` the speed of the line. ``careful`` asks
    reads until two answers agree, since terminal mode does not see a changed digit, and basic mode no lost zero; None
    does so for a while after noise.
    """

    def __init__(
        self,
        login: Login,
        timing: Timing | None = None,
        *,
        mode: str,
        entry: Entry = Entry.NONE,
        baud: int = 115200,
        careful: bool | None = None,
        **how: Any,
    ) -> None:
        self._mode = MODES[mode]()
        if how.get("in_flight", 1) != 1:
            raise LocalError("a serial line carries one question at a time", hint="Leave in_flight at 1.")
        super().__init__(login, timing, outside=OnLine(self._mode), **how)
        self.careful = careful
        self._entry = entry
        self._line_time = LONGEST_EXCHANGE * BITS / baud
        self._waits: deque[bytes] = deque()  # frames that must wait until the BMC is ready
        self._ready = True
        self._moment = 0.0
        self._heard: dict[int, Answered] = {}  # by question: what it was answered the last time
        self._noise = b""
        self._noisy_at = float("-inf")
        self._saying: _Saying | None = None
        self.unclean = False  # replies to text commands that nobody waits for may still be on their way

    # ------------------------------------------------------------------ what the owner calls

    def close(self, now: float) -> None:
        assert self._wrapping is not None
        if self._wrapping.bmc_session_id:
            super().close(now)
            return
        self._turn("close")
        if self._entry is Entry.TEXT:
            self._say_line(LOGOUT.encode(), 1, "session", self._closed, now)
        else:
            self._closed(None, now)

    def _closed(self, reply: bytes | None, now: float) -> None:
        acknowledged = reply is not None or self._entry is not Entry.TEXT
        self.abandon()
        self._tell(Closed(acknowledged))

    def say(self, text: str, now: float, *, repeat: bool) -> None:
        if not isinstance(self._mode, TerminalMode):
            super().say(text, now, repeat=repeat)
        if self._saying is not None:
            raise SessionError("another text command is under way")
        if self.state is not State.ACTIVE:
            raise SessionError("there is no session", hint="Establish one first.")
        tries = 1 + self.timing.retries if repeat else 1
        self._say_line(text.encode("ascii"), tries, "command", lambda reply, now: None, now)

    def suspicion(self) -> str:
        seen = looks_like(self._noise)
        if seen:
            return f"What came looks like {seen}: {self._noise[:24]!r}. Check mode and baud."
        return "Check the cable, mode and baud, and that the line is the BMC's at the moment and not the system's."

    def abandon(self) -> None:
        super().abandon()
        self._heard.clear()
        self._waits.clear()
        self._saying, self._ready = None, True

    def refused(self) -> None:
        """The line itself is gone, and with it the session."""
        if self.state is State.ACTIVE:
            self._session_lost(self._moment)
        else:
            super().refused()

    def receive(self, datagram: bytes, now: float) -> list[Event]:
        """Take what arrived, in any pieces; half a message is kept until its other half comes."""
        self._moment = now
        events: list[Event] = []
        for piece in self._mode.feed(datagram):
            if isinstance(piece, Message):
                events += super().receive(piece.message, now)
            elif isinstance(piece, Text):
                self._take_text(piece.text.encode("ascii"), now)
            elif isinstance(piece, Noise):
                self._noisy_at = now
                self._noise = (self._noise + piece.data)[-REMEMBERED_NOISE:]
                self._drop(piece.reason, piece.data)
            elif isinstance(piece, Ready):
                self._next(now)
        return events + self._happened()

    # ------------------------------------------------------------------ what arrives

    def _opening(self) -> Steps[tuple[OnLine, str]]:
        self._noise = b""
        return enter(self.login, self._mode, self._entry, self._random, self.suspicion)

    def _take(self, datagram: bytes, now: float) -> None:
        try:
            ipmb.check(datagram)
        except RemoteError:
            self._noisy_at = now
            raise
        if not datagram[1] >> 2 & 1:
            self._take_request(datagram, now)
            return
        pending = self._open.get(datagram[4] >> 2)
        self._answer(datagram, self._outside if pending is None else pending.wrapping, now)
        self.unclean = False
        self._next(now)

    def _take_request(self, message: bytes, now: float) -> None:
        """Serial/Modem Connection Active is the one request that BMCs send; anything else is our own echo."""
        if message[1] >> 2 != TRANSPORT or message[5] != CONNECTION_ACTIVE or len(message) < 8:
            raise RemoteError("a request came: the line echoes, or another console shares it")
        answer = ipmb.pack(ipmb.BMC, TRANSPORT + 1 << 2, ipmb.CONSOLE, message[4], CONNECTION_ACTIVE, b"\0")
        self._put(self._outside.wrap(answer), now)
        in_session = self._wrapping is not None and self._entry is not Entry.NONE
        if message[6] & 0x0F == NO_SESSION and in_session and self.state is State.ACTIVE:
            self._session_lost(now)

    def _doubtful(self, now: float) -> bool:
        return now - self._noisy_at < NOISY if self.careful is None else self.careful

    def _deliver(self, pending: Pending, answer: Answered, now: float) -> None:
        """Where the line is not trusted, a read's answer is believed when it came twice."""
        if not pending.repeat or pending.owner != "command" or not self._doubtful(now):
            super()._deliver(pending, answer, now)
            return
        if self._heard.pop(pending.number, None) == answer:
            super()._deliver(pending, answer, now)
            return
        pending.sequence = self._numbers.take(self._open, now)
        self._open[pending.sequence] = pending
        if now - pending.asked_at >= self.timing.budget:
            self._give_up(pending, now)
        else:
            self._heard[pending.number] = answer
            pending.wait = self._first_wait()
            self._send(pending, now)

    def forget(self, number: int) -> None:
        super().forget(number)
        self._heard.pop(number, None)

    # ------------------------------------------------------------------ what goes out, and when

    def _first_wait(self) -> float:
        return super()._first_wait() + self._line_time

    def _suspect(self, pending: Pending, now: float) -> None:
        """There is nobody outside the session to ask: the line is the same one."""

    def _send(self, pending: Pending, now: float) -> None:
        super()._send(pending, now)
        self._put(self._out.pop(), now)

    def _put(self, frame: bytes, now: float) -> None:
        """Send a frame, now or when the BMC is ready; one that waits already is not doubled."""
        self._moment = now
        if self._ready:
            self._ready = False
            self._out.append(frame)
            self._timers["ready"] = now + READY_WAIT + self._line_time, self._next
        elif frame not in self._waits:
            self._waits.append(frame)

    def _next(self, now: float) -> None:
        self._ready = True
        self._timers.pop("ready", None)
        if self._waits:
            self._put(self._waits.popleft(), now)

    # ------------------------------------------------------------------ text commands

    def _say(self, step: Say, now: float) -> None:
        line, _ = step.make()
        self._say_line(line, 1 + self.timing.retries, "session", self._step, now)

    def _say_line(
        self, text: bytes, tries: int, purpose: str, then: Callable[[bytes | None, float], None], now: float
    ) -> None:
        self._saying = _Saying(text, tries, purpose, then, now, self._first_wait())
        self._say_again(now)

    def _say_again(self, now: float) -> None:
        saying = self._saying
        assert saying is not None
        assert isinstance(self._mode, TerminalMode)
        if saying.tries == saying.most:
            self.unclean = True
            self._said(None, now)
            return
        self.unclean = saying.tries > 0
        saying.tries += 1
        self._put(self._mode.wrap_text(saying.text.decode("ascii")), now)
        wait = self.timing.timeout if saying.most == 1 else saying.wait
        self._timers["say"] = now + wait + self._line_time, self._say_again
        saying.wait = min(2 * saying.wait, self.timing.timeout)

    def _take_text(self, text: bytes, now: float) -> None:
        if self._saying is None or not is_reply(text.decode()):
            own = struck(text.decode())  # of what echoes, the password too
            self._drop("a line of text came that nobody waits for", own.encode())
            return
        self._said(text, now)
        self._next(now)

    def _said(self, reply: bytes | None, now: float) -> None:
        saying, self._saying = self._saying, None
        assert saying is not None
        self._timers.pop("say", None)
        shown = None if reply is None else reply.decode("ascii")
        said = Said(struck(saying.text.decode("ascii")), shown, saying.tries, now - saying.begun, saying.purpose)
        if saying.purpose == "command":
            self._tell(said)
        elif self.observe is not None:
            self.observe(said)
        saying.then(reply, now)


class _Saying:
    """A text command under way."""

    def __init__(
        self,
        text: bytes,
        most: int,
        purpose: str,
        then: Callable[[bytes | None, float], None],
        begun: float,
        wait: float,
    ) -> None:
        self.text, self.most, self.purpose, self.then, self.begun, self.wait = text, most, purpose, then, begun, wait
        self.tries = 0


def struck(text: str) -> str:
    """A text command without its password."""
    words = text.split()
    if [word.upper() for word in words[:2]] != ["SYS", "PWD"]:
        return text
    shown = 4 if words[2:3] and words[2].upper() == "-U" else 3
    return " ".join(words[:shown] + ["****"] * (len(words) > shown))
