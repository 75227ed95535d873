"""How an answer finds the question that it answers: by its number, and by all else that must fit."""

import re
from collections import Counter
from typing import Any

from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bridging import BridgedQuestions
from ipmi_lab.sessions.events import Answered, Dropped
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.pending import Pending
from ipmi_lab.sessions.wrapping import Wrapping

NUMBER = re.compile(r"0x[0-9A-Fa-f]+|\d{2,}")


class AnsweredQuestions(BridgedQuestions):
    """What a session makes of the messages that come. RemoteError says of one why it is no answer."""

    def __init__(self, login: Login, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.login = login
        self.tracks = False if "notracking" in login.quirks else None
        self.requester = ipmb.CONSOLE if "consoleaddress" in login.quirks else ipmb.BMC
        self.dropped: Counter[str] = Counter()
        self._checksums = "nochecksumcheck" not in login.quirks

    def _answer(self, message: bytes, wrapping: Wrapping, now: float) -> None:
        pending = self._open.get(message[4] >> 2) if len(message) > ipmb.SHORTEST else None
        if (  # nearly always
            pending is not None
            and pending.begins
            and message.startswith(pending.begins)
            and pending.wrapping is wrapping
            and not sum(message) & 0xFF
        ):
            self._answered(pending, message, now)
        else:
            self._match(message, wrapping, now)

    def _match(self, message: bytes, wrapping: Wrapping, now: float) -> None:
        """Find the question of an answer that is not made as nearly all are; RemoteError says why there is none."""
        ipmb.check(message, self._checksums)
        to, netfn_lun, _, sender, sequence_lun, command = message[:6]
        pending = self._open.get(sequence_lun >> 2)
        if pending is None:
            pending = self._meant(sequence_lun >> 2, wrapping)
        if pending.wrapping is not wrapping:
            raise RemoteError("an answer came that fits no open question")
        if pending.route:
            self._bridged(pending, message, now)
            return
        request = pending.request
        if (
            netfn_lun != request.netfn + 1 << 2  # our own LUN is 0
            or command != request.command
            or to != ipmb.CONSOLE
            or sender != ipmb.BMC
            or sequence_lun & 3 != request.lun
        ):
            raise RemoteError("an answer came that fits no open question")
        if len(message) < 8:
            raise RemoteError("an answer came without a completion code")
        self._answered(pending, message, now)

    def _answered(self, pending: Pending, message: bytes, now: float) -> None:
        del self._open[pending.sequence]
        if pending.tries > 1:
            self._numbers.rest(pending.sequence, now)
        elif now - pending.sent_at > self._quick:
            self._smooth(now - pending.sent_at)
        if pending.wrapping is self._wrapping:
            self.last_heard_inside = now
        self._deliver(pending, Answered(pending.number, message[6], message[7:-1]), now)

    def _meant(self, number: int, wrapping: Wrapping) -> Pending:
        """The question that an answer with a number of none is meant for: one that was asked under it before, or the
        only one there is, for BMCs that do not return our numbers."""
        pending = self._asked_earlier(number)
        if pending is None and "norqseq" in self.login.quirks:
            inside = [pending for pending in self._open.values() if pending.wrapping is wrapping]
            pending = inside[0] if len(inside) == 1 else None
        if pending is None:
            raise RemoteError("an answer came that fits no open question")
        return pending

    def _deliver(self, pending: Pending, answer: Answered, now: float) -> None:
        if pending.observe is not None:
            self._finish(pending, now, answer.code, answer.data)
        if pending.owner == "command":
            self._hand(pending, answer)
        elif pending is self._prober:
            self._alive(now)
        elif pending is self._fetcher:
            self._fetched(answer, now)
        elif pending.owner == "session":
            self._proceed(pending, answer, now)
        else:
            self._hand(pending, answer)
        if self._waiting:
            self._fill(now)

    def _drop(self, reason: str, datagram: bytes) -> None:
        self.dropped[NUMBER.sub("…", reason.split(":")[0])] += 1  # else each number would be a reason of its own
        self._show(Dropped(reason, datagram))
