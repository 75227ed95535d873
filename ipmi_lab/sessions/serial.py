"""The console's end of a serial line: basic or terminal mode, with a session or without. IPMI 2.0 §14.

A line has one other end, so nothing tells packets of one session from those of another: what is not the answer to the
open question is dropped. One message is under way at a time; the next goes out when the BMC is ready for it.
"""

from typing import Any

from ipmi_lab.commands.session import SetSessionPrivilegeLevel
from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import Message, Noise, Ready, Text, looks_like
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.entry import LOGOUT, Entry, OnLine, enter
from ipmi_lab.sessions.events import Answered, Closed, Event
from ipmi_lab.sessions.line import LineSession
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.pending import Pending
from ipmi_lab.sessions.steps import Steps

TRANSPORT, CONNECTION_ACTIVE = 0x0C, 0x18
NO_SESSION, NO_RIGHTS = 0, 0xD4
REMEMBERED_NOISE = 256
NOISY = 60.0  # seconds for which a line is not trusted after noise


class SerialSession(LineSession):
    """A conversation over a serial line.

    ``mode`` is ``basic`` or ``terminal``, ``entry`` how to get in, ``baud`` the speed of the line. ``careful`` asks
    reads until two answers agree, since terminal mode does not see a changed digit, and basic mode no lost zero; None
    does so for a while after noise. ``private`` unless the line is carried over a network.
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
        private: bool = True,
        **how: Any,
    ) -> None:
        super().__init__(login, timing, mode=mode, baud=baud, **how)
        self.careful, self._private = careful, private
        self._entry = entry
        self._heard: dict[int, Answered] = {}  # by question: what it was answered the last time
        self._refused: tuple[Pending, Answered] | None = None  # until it is known whether the session still lives
        self._noise = b""
        self._noisy_at = float("-inf")

    # ------------------------------------------------------------------ what the owner calls

    @property
    def confidential(self) -> bool:
        return self._private

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

    def suspicion(self) -> str:
        seen = looks_like(self._noise)
        if seen:
            sample = "" if b"PWD" in self._noise.upper() else f": {self._noise[:24]!r}"  # it may be our own login
            return f"What came looks like {seen}{sample}. Check mode and baud."
        return "Check the cable, mode and baud, and that the line is the BMC's at the moment and not the system's."

    def abandon(self) -> None:
        super().abandon()
        self._heard.clear()
        self._refused = None

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
        if message[6] & 0x0F == NO_SESSION and self._logged_in:
            self._session_lost(now)

    def _doubtful(self, now: float) -> bool:
        return now - self._noisy_at < NOISY if self.careful is None else self.careful

    def _deliver(self, pending: Pending, answer: Answered, now: float) -> None:
        """An answer is handed on when the line is trusted, or when it came twice."""
        if pending.owner == "probe":
            self._probed(answer, now)
        elif self._unsure(pending, answer, now):
            self._ask_again(pending, answer, now)
        elif answer.code == NO_RIGHTS and self._logged_in and self._refused is None and pending.owner != "session":
            self._refused = pending, answer
            self._waiting.appendleft(Pending(0, SetSessionPrivilegeLevel(), now, "probe", self._outside))
            self._fill(now)
        else:
            super()._deliver(pending, answer, now)

    @property
    def _logged_in(self) -> bool:
        return self.state is State.ACTIVE and self._entry is not Entry.NONE

    def _unsure(self, pending: Pending, answer: Answered, now: float) -> bool:
        """Whether a read must be asked again, since noise may have made its answer."""
        if not pending.repeat or pending.owner != "command" or not self._doubtful(now):
            return False
        return self._heard.pop(pending.number, None) != answer

    def _ask_again(self, pending: Pending, answer: Answered, now: float) -> None:
        pending.sequence = self._numbers.take(self._open, now)
        self._open[pending.sequence] = pending
        if now - pending.asked_at >= self.timing.budget:
            self._give_up(pending, now)
        else:
            self._heard[pending.number] = answer
            pending.wait = self._first_wait()
            self._send(pending, now)

    def _probed(self, answer: Answered | None, now: float) -> None:
        """A question was refused for want of rights. Where even one that everybody in a session may ask is refused,
        there is no session any more: a read is asked again in a new one, a change was refused for good."""
        if self._refused is None:
            return  # nobody waits for it any more
        (pending, refusal), self._refused = self._refused, None
        if answer is None or answer.code != NO_RIGHTS:
            super()._deliver(pending, refusal, now)
            return
        if pending.repeat:
            self._open[pending.sequence] = pending
        else:
            super()._deliver(pending, refusal, now)
        self._session_lost(now)

    def _give_up(self, pending: Pending, now: float, *, refused: str = "") -> None:
        if pending.owner == "probe":
            del self._open[pending.sequence]
            self._probed(None, now)
        else:
            super()._give_up(pending, now, refused=refused)

    def _unanswered(self) -> list[Pending]:
        return super()._unanswered() + ([] if self._refused is None else [self._refused[0]])

    def _give_up_all(self, now: float, *, lost: bool) -> None:
        super()._give_up_all(now, lost=lost)
        self._refused = None

    def forget(self, number: int | None = None) -> None:
        super().forget(number)
        if number is None:
            self._heard.clear()
        else:
            self._heard.pop(number, None)
        if self._refused is not None and number in (None, self._refused[0].number):
            self._refused = None

    # ------------------------------------------------------------------ what goes out, and when

    def _suspect(self, pending: Pending, now: float) -> None:
        """There is nobody outside the session to ask: the line is the same one."""
