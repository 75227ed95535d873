"""What holds of a serial line whatever is said on it: one message at a time, and lines of text. IPMI 2.0 §14."""

from collections import deque
from collections.abc import Callable
from typing import Any

from ipmi_lab.errors import LocalError, SessionError
from ipmi_lab.packets.serial import BasicMode, Mode, TerminalMode, is_reply
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.entry import OnLine
from ipmi_lab.sessions.events import Said
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.pending import Pending
from ipmi_lab.sessions.steps import Say

MODES: dict[str, Callable[[], Mode]] = {"basic": BasicMode, "terminal": TerminalMode}
READY_WAIT = 0.2  # BMCs without handshake are ready after this
LONGEST_EXCHANGE = 320  # characters of a question with its answer, for what the line's speed adds to the round trip
BITS = 10  # of one character: start, 8 data, stop


class LineSession(ClientSession):
    """A conversation over a serial line: the next message goes out when the BMC is ready for it, or after a moment."""

    arrives = "piece"  # a frame, or what is none

    def __init__(self, login: Login, timing: Timing | None = None, *, mode: str, baud: int, **how: Any) -> None:
        self._mode = MODES[mode]()
        if how.get("in_flight", 1) != 1:
            raise LocalError("a serial line carries one question at a time", hint="Leave in_flight at 1.")
        super().__init__(login, timing, outside=OnLine(self._mode), **how)
        self._line_time = LONGEST_EXCHANGE * BITS / baud
        self._waits: deque[bytes] = deque()  # frames that must wait until the BMC is ready
        self._ready = True
        self._moment = 0.0
        self._saying: _Saying | None = None
        self.unclean = False  # replies to text commands that nobody waits for may still be on their way

    def leave(self) -> None:
        if self._saying is not None and self._saying.purpose == "command":
            self._saying, self.unclean = None, True
            self._timers.pop("say", None)

    def abandon(self) -> None:
        super().abandon()
        self._waits.clear()
        self._saying, self._ready = None, True

    # ------------------------------------------------------------------ what goes out, and when

    def _first_wait(self) -> float:
        return super()._first_wait() + self._line_time

    def _send(self, pending: Pending, now: float) -> None:
        """A change is sent once and waited for long: a line has no session number by which a BMC knows it again."""
        if not pending.repeat:
            pending.wait = max(pending.wait, self.timing.timeout + self._line_time)
        super()._send(pending, now)
        self._put(self._out.pop(), now)

    def _out_of_time(self, pending: Pending, now: float) -> bool:
        return not pending.repeat or super()._out_of_time(pending, now)

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

    def say(self, text: str, now: float, *, repeat: bool) -> None:
        if not isinstance(self._mode, TerminalMode):
            super().say(text, now, repeat=repeat)
        if self._saying is not None:
            raise SessionError("another text command is under way")
        if self.state is not State.ACTIVE:
            raise SessionError("there is no session", hint="Establish one first.")
        tries = 1 + self.timing.retries if repeat else 1
        self._say_line(text.encode("ascii"), tries, "command", lambda reply, now: None, now)

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
        else:
            self._show(said)
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
