"""A BMC of software: it holds parts, checks who may ask what, and knows no socket."""

import os
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bmc import Asked, BmcSession, BmcSessions
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.virtual.channel import Channels
from ipmi_lab.virtual.chassis import Chassis
from ipmi_lab.virtual.faults import Faults
from ipmi_lab.virtual.i2c import I2cBuses
from ipmi_lab.virtual.identity import Identity
from ipmi_lab.virtual.messaging import Messaging
from ipmi_lab.virtual.part import Answer, Part, Refuse, Silent
from ipmi_lab.virtual.profile import Profile
from ipmi_lab.virtual.serial import SerialLine
from ipmi_lab.virtual.session import Sessions
from ipmi_lab.virtual.systeminfo import SystemInfos
from ipmi_lab.virtual.user import Users
from ipmi_lab.wire.codes import CompletionCode

SOFTWARE_LUN = 2


class Asking(NamedTuple):
    """Who asks at this moment, from where, and when; ``requester`` is the address or software id in the message."""

    session: BmcSession | None
    address: Hashable
    now: float
    requester: int = 0


class VirtualBmc:
    """A machine that is not there, as its profile describes it.

    ``passwords`` are those of the profile's users by name. ``receive`` takes a datagram and the time, and
    ``datagrams`` gives what goes out.
    """

    def __init__(self, profile: Profile, passwords: dict[str, str], *, random: Random = os.urandom) -> None:
        self.profile = profile
        self.random = random
        self.asking = Asking(None, None, 0.0)
        self.faults = Faults()
        self._afterwards: list[Callable[[], None]] = []
        self.users = Users(self, passwords)
        self.channels = Channels(self)
        self.chassis = Chassis(self)
        self.i2c = I2cBuses(self)
        self.messaging = Messaging(self)
        self.line: SerialLine | None = None
        self.sessions = BmcSessions(self.users, random=random, faults=frozenset(profile.quirks))
        self.parts: list[Part] = [
            self.users,
            self.channels,
            self.chassis,
            self.i2c,
            self.messaging,
            Identity(self),
            Sessions(self),
            SystemInfos(self),
        ]
        self._slots: dict[tuple[int, int, bytes], tuple[type[Request[Any]], Callable[[Any], Answer]]] = {
            (command.netfn, command.command, command.prefix): (command, method)
            for part in self.parts
            for command, method in part.slots()
        }

    def receive(self, datagram: bytes, address: Hashable, now: float) -> None:
        """Take a datagram; what it leads to is in ``datagrams``."""
        self.sessions.wake(now)
        asked = self.sessions.receive(datagram, address, now)
        if asked is not None:
            self.take(asked, now)

    def plug(self, mode: str) -> SerialLine:
        """Give it a serial line that speaks ``basic``, ``terminal``, or ``auto``: what the other end does."""
        self.line = SerialLine(self, mode)
        return self.line

    def datagrams(self) -> list[tuple[Hashable, bytes]]:
        """What must be sent now, and where to."""
        return self.sessions.datagrams()

    def take(self, asked: Asked, now: float) -> None:
        """Answer a request that came from anywhere."""
        frame, session = asked.frame, asked.session
        if frame.netfn & 1 or frame.responder != ipmb.BMC:
            return  # an answer to a question that nobody asked, or a message for somebody else
        command, method = self._slots.get((frame.netfn, frame.command, _body(frame)), (None, None))
        if session is None and (command is None or not command.sessionless):
            return  # outside a session silence is the rule
        if frame.responder_lun == SOFTWARE_LUN:
            code = self.messaging.enqueue(asked)
            if code:  # else the machine's software answers when it has read it
                self.sessions.answer(asked, bytes((code,)), remember=False, now=now)
            return
        self.asking = Asking(session, asked.address, now, frame.requester)
        try:
            data = self._data(command, method, frame, session)
        except Silent:
            return
        remember = command is not None and not command.repeat
        self.sessions.answer(asked, data, remember=remember, now=now)
        self._then()

    def answer_to(self, request: Request[Any], session: BmcSession, address: Hashable, now: float) -> bytes:
        """Completion code and data of a command that did not come as a message."""
        frame = ipmb.Frame(ipmb.BMC, request.netfn, 0, ipmb.CONSOLE, 0, 0, request.command, request.encode())
        command, method = self._slots.get((frame.netfn, frame.command, _body(frame)), (None, None))
        self.asking = Asking(session, address, now, frame.requester)
        data = self._data(command, method, frame, session)
        self._then()
        return data

    def _then(self) -> None:
        for after in self._afterwards:
            after()
        self._afterwards.clear()

    def reset(self) -> None:
        """Start anew: all sessions end, and what is volatile is gone."""
        for session in list(self.sessions.open.values()):
            self.sessions.close(session)
        for part in self.parts:
            part.reset()

    def afterwards(self, what: Callable[[], None]) -> None:
        """Do something when the answer is on its way, such as forgetting the session that asked."""
        self._afterwards.append(what)

    def _data(
        self,
        command: type[Request[Any]] | None,
        method: Callable[[Any], Answer] | None,
        frame: ipmb.Frame,
        session: BmcSession | None,
    ) -> bytes:
        """Completion code and data, by the rules of a real BMC: known, allowed, long enough, sensible."""
        if command is None or method is None:
            return bytes((CompletionCode.INVALID_COMMAND,))
        if frame.responder_lun:
            return bytes((CompletionCode.INVALID_COMMAND_FOR_LUN,))
        if session is not None and session.rights < command.least_privilege:
            return bytes((CompletionCode.INSUFFICIENT_PRIVILEGE,))
        try:
            ask = command.decode(frame.data[len(command.prefix) :])
            if len(ask.encode()) != len(frame.data):
                return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        except IpmiLabError:
            return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        refused = self.faults.refuses() if session is not None else 0
        if refused:
            return bytes((refused,))
        try:
            answer = method(ask)
        except Refuse as refusal:
            answer = refusal.code
        if isinstance(answer, int):
            return bytes((answer,))
        return b"\0" + command.prefix + answer.encode()


def _body(frame: ipmb.Frame) -> bytes:
    """The defining body of group and OEM commands, which is a part of their number."""
    return frame.data[: {0x2C: 1, 0x2E: 3}.get(frame.netfn, 0)]
