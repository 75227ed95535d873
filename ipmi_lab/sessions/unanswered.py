"""The questions of a session that nobody answers: asked again, doubted, given up.

A BMC that was restarted has forgotten the session and says nothing: that looks like a network that loses everything.
What tells them apart is a question outside the session, which the BMC answers all the same.
"""

from ipmi_lab.commands.session import ActivateSession, GetChannelAuthenticationCapabilities
from ipmi_lab.sessions.events import Answered, GaveUp
from ipmi_lab.sessions.pending import NUMBERS, Pending
from ipmi_lab.sessions.questions import OF_THE_OWNER, Questions
from ipmi_lab.wire.codes import Privilege

DOUBTS = 6  # how often only the question outside the session must be answered: less may be bad luck
REFUSED_WAIT = 0.5
IDLE = 45.0  # BMCs drop a session after 60 s of silence; beyond this an unanswered question looks like it


class UnansweredQuestions(Questions):
    """What a session makes of silence."""

    def _overdue(self, pending: Pending, now: float) -> None:
        timing = self.timing
        if pending is self._prober or self._out_of_time(pending, now):
            self._give_up(pending, now)
            return
        pending.wait = min(2 * pending.wait, timing.timeout)
        if self._within_session(pending) and pending.repeat and pending.owner in OF_THE_OWNER:
            self._suspect(pending, now)
            if pending.sequence not in self._open:
                return
            pending.wait = min(pending.wait, max(0.01, pending.asked_at + timing.budget - now))
        self._send(pending, now)

    def _out_of_time(self, pending: Pending, now: float) -> bool:
        """Reads within a session have a budget of time; everything else has so many tries."""
        if self._within_session(pending) and pending.repeat and pending.owner == "command":
            return now - pending.asked_at >= self.timing.budget
        if pending.request.once:
            return True
        if isinstance(pending.request, ActivateSession):  # it has a second round, with a challenge of its own
            return pending.tries >= self.timing.retries
        return pending.tries > self.timing.retries

    def _within_session(self, pending: Pending) -> bool:
        return pending.wrapping is self._wrapping and self._wrapping is not None

    def _give_up(self, pending: Pending, now: float, *, refused: str = "") -> None:
        del self._open[pending.sequence]
        self._numbers.rest(pending.sequence, now)
        self._finish(pending, now)
        if pending.owner == "session":
            self._proceed(pending, None, now)
        elif pending is self._prober:
            self._prober = None
        else:
            elapsed = now - pending.asked_at
            self._hand(pending, GaveUp(pending.number, pending.tries, elapsed, lost=False, refused=refused))

    def _give_up_all(self, now: float, *, lost: bool) -> None:
        self._forget_aside()
        unanswered = self._unanswered()
        self._open.clear()
        self._waiting.clear()
        for pending in unanswered:
            self._finish(pending, now)
            self._hand(pending, GaveUp(pending.number, pending.tries, now - pending.asked_at, lost=lost))

    def _suspect(self, pending: Pending, now: float) -> None:
        """Where question after question is lost, ask outside the session too: if only that is answered, the BMC has
        dropped the session (it was restarted, or we were silent for too long)."""
        long_silent = pending.asked_at - self.last_heard_inside > IDLE
        if pending.probing and self._alive_at >= pending.sent_at:
            pending.doubts += 1
            pending.wait = self._first_wait()
            if pending.doubts >= (1 if long_silent else DOUBTS):
                self._session_lost(now)
                return
        pending.probing = True
        self._probe(now)

    def _probe(self, now: float) -> None:
        if self._prober is not None or len(self._open) >= NUMBERS - 1:
            return
        request = GetChannelAuthenticationCapabilities(extended=False, channel=0x0E, privilege=Privilege.USER)
        probe = Pending(0, request, now, "probe", self._outside)
        probe.sequence = self._numbers.take(self._open, now)
        probe.wait = self._first_wait()
        self._open[probe.sequence] = self._prober = probe
        self._send(probe, now)

    def _alive(self, now: float) -> None:
        """The BMC answers outside the session: what is not answered within it soon was asked in a session that is
        no more."""
        self._alive_at, self._prober = now, None
        for pending in self._open.values():
            if pending.probing:
                pending.wake_at = min(pending.wake_at, now + self._first_wait())

    def _forget_aside(self) -> None:
        if self._prober is not None:
            self._open.pop(self._prober.sequence, None)
            self._prober = None

    def _session_lost(self, now: float) -> None:
        self._give_up_all(now, lost=self._lost())

    def refused(self) -> None:
        """The machine said that nobody listens there: an answer will not come, so the next try may be sooner."""
        wait = max(REFUSED_WAIT, self.timing.first)
        for pending in self._open.values():
            pending.wake_at = min(pending.wake_at, pending.sent_at + wait)

    def _lost(self) -> bool:
        """The BMC has dropped the session; gives whether anybody still wants it."""
        raise NotImplementedError

    def _proceed(self, pending: Pending, answer: Answered | None, now: float) -> None:
        """A question of the session itself was answered, or not."""
        raise NotImplementedError
