"""How a virtual BMC passes messages on to the controllers behind it, and brings or keeps their answers."""

from typing import TYPE_CHECKING

from ipmi_lab.commands.messaging import SendMessage, SentMessage, Tracking
from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bmc import Asked
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.bus import Bus, Outstanding, Passed
from ipmi_lab.virtual.controller import Satellite, encoded
from ipmi_lab.virtual.part import Answer
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

IPMB, SOFTWARE_LUN = 0, 2


class Bridging:
    """With tracking the answer follows in the session that asked; without, it goes into the receive message queue."""

    def __init__(self, bmc: "VirtualBmc") -> None:
        self.bmc = bmc
        self.bus = Bus([(each.channel, each.address, Satellite(each)) for each in bmc.profile.controllers])
        self.bus.channels.add(IPMB)  # it is always there, if nobody sits on it either
        self.outstanding = Outstanding()

    def serves(self, channel: int) -> bool:
        """Whether a channel is a bus behind this BMC."""
        return channel in self.bus.channels

    def send(self, ask: SendMessage) -> Answer:
        """Pass a message on."""
        quirks = self.bmc.profile.quirks
        tracked = ask.tracking == Tracking.TRACK_REQUEST
        if ask.tracking > Tracking.TRACK_REQUEST or (tracked and "notracking" in quirks):
            return CompletionCode.INVALID_DATA_FIELD
        try:
            asked = ipmb.parse(ask.message)
            if tracked:
                return self._tracked(ask.channel, asked)
            got = self.bus.carry(ask.channel, ask.message, self.bmc.asking.now)
        except RemoteError:
            return CompletionCode.INVALID_DATA_FIELD
        if isinstance(got, int):
            return got
        if got is not None and asked.requester == ipmb.BMC and asked.requester_lun == SOFTWARE_LUN:
            answer = got[1]
            self.bmc.later(got[0], lambda now: self._keep(ask.channel, answer))
        return SentMessage()

    def _keep(self, channel: int, answer: bytes) -> None:
        """An answer for software: a message of the IPMB is kept without its first byte, our own address."""
        if self.bmc.messaging.receiving.get(channel, True):
            self.bmc.messaging.queue_up(channel, answer[1:])

    def _tracked(self, channel: int, asked: ipmb.Frame) -> Answer:
        asking, options = self.bmc.asking, self.bmc.profile.bridging
        if asking.session is None or asking.asked is None:
            return CompletionCode.INVALID_DATA_FIELD
        number = self.outstanding.put(asked, asking.session, asking.now)
        got = self.bus.carry(channel, Outstanding.renumbered(asked, number), asking.now)
        if isinstance(got, int):
            self.outstanding.drop(number)
            return got
        if got is None:
            return SentMessage()
        delay, answer = got
        question = asking.asked
        if options.answers == "inside":
            self.bmc.later(delay, lambda now: self._answer_with(question, answer, now))
            return None
        if options.answers == "before":
            self._bring(answer, asking.now)
        else:
            self.bmc.later(delay, lambda now: self._bring(answer, now))
        return SentMessage()

    def _restored(self, answer: bytes, now: float) -> tuple[BmcSession, bytes] | None:
        """The session that an answer is for, and the answer as it goes there; None where nobody waits for it."""
        found = self.outstanding.take(answer, now)
        if found is None or found.session is None or not self._heard_by(found):
            return None
        responder = ipmb.BMC if self.bmc.profile.bridging.responder == "bmc" else None
        return found.session, Outstanding.restored(found, answer, responder)

    def _heard_by(self, passed: Passed) -> bool:
        """Whether the session is still open, as a line without login always is. Some shelf managers bring answers only
        to the console's address."""
        wanted = passed.asked.requester == ipmb.CONSOLE or "consoleaddress" not in self.bmc.profile.quirks
        session = passed.session
        if session is None or not wanted:
            return False
        return not session.bmc_id or self.bmc.sessions.open.get(session.bmc_id) is session

    def _bring(self, answer: bytes, now: float) -> None:
        found = self._restored(answer, now)
        if found is not None:
            session, message = found
            self.bmc.sessions.send(session.address, session.wrapping.wrap(message))

    def _answer_with(self, question: Asked, answer: bytes, now: float) -> None:
        """The answer to Send Message itself, with the controller's inside."""
        found = self._restored(answer, now)
        if found is not None:
            data = encoded(SendMessage, SentMessage(message=found[1]))
            self.bmc.sessions.answer(question, data, remember=True, now=now)
