"""A BMC of software: it holds parts, checks who may ask what, and knows no socket."""

import os
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.bmc import Asked, BmcSessions
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.boot import BootOptions
from ipmi_lab.virtual.bridging import Bridging
from ipmi_lab.virtual.channel import Channels
from ipmi_lab.virtual.chassis import Chassis
from ipmi_lab.virtual.controller import Asking, Controller
from ipmi_lab.virtual.faults import Faults, Later
from ipmi_lab.virtual.i2c import I2cBuses
from ipmi_lab.virtual.identity import Identity
from ipmi_lab.virtual.messaging import Messaging
from ipmi_lab.virtual.part import Silent
from ipmi_lab.virtual.profile import Profile
from ipmi_lab.virtual.sel import SystemEventLog
from ipmi_lab.virtual.serial import SerialLine
from ipmi_lab.virtual.session import Sessions
from ipmi_lab.virtual.state import Keeper, State
from ipmi_lab.virtual.systeminfo import SystemInfos
from ipmi_lab.virtual.user import Users
from ipmi_lab.wire.codes import CompletionCode

SOFTWARE_LUN = 2


class VirtualBmc(Controller):
    """A machine that is not there, as its profile describes it.

    ``passwords`` are those of the profile's users by name. ``receive`` takes a datagram and the time, and
    ``datagrams`` gives what goes out. ``deadline`` says when to ``wake`` it.
    """

    profile: Profile

    def __init__(self, profile: Profile, passwords: dict[str, str], *, random: Random = os.urandom) -> None:
        super().__init__(profile)
        self.random = random
        self.faults = Faults()
        self._later = Later()
        self.channels = Channels(self)
        self.users = Users(self, passwords)
        self.boot = BootOptions(self)
        self.chassis = Chassis(self)
        self.i2c = I2cBuses(self)
        self.messaging = Messaging(self)
        self.sel = SystemEventLog(self)
        self.line: SerialLine | None = None
        self.state: State | None = None
        self.bridging = Bridging(self)
        self.sessions = BmcSessions(
            self.channels.accounts[Channels.lan], random=random, faults=frozenset(profile.quirks)
        )
        self._hold(
            [
                self.users,
                self.channels,
                self.boot,
                self.chassis,
                self.i2c,
                self.messaging,
                self.sel,
                Identity(self),
                Sessions(self),
                SystemInfos(self),
            ]
        )

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

    def keep(self, path: Path) -> None:
        """Let a file keep what is not volatile: take what is there, and ``save`` what changes. A line must be
        plugged before."""
        keepers: list[Keeper] = list(self.parts)
        if self.line is not None:
            keepers.append(self.line.terminal)
        self.state = State(path, keepers)

    def save(self) -> None:
        """Write what changed into the file that keeps it, if there is one."""
        if self.state is not None:
            self.state.save()

    def datagrams(self) -> list[tuple[Hashable, bytes]]:
        """What must be sent now, and where to."""
        return self.sessions.datagrams()

    def take(self, asked: Asked, now: float) -> None:
        """Answer a request that came from anywhere."""
        frame, session = asked.frame, asked.session
        if frame.netfn & 1 or frame.responder != ipmb.BMC:
            return  # an answer to a question that nobody asked, or a message for somebody else
        command, _ = self.slot(frame)
        if session is None and (command is None or not command.sessionless):
            return  # outside a session silence is the rule
        if frame.responder_lun == SOFTWARE_LUN:
            code = self.messaging.enqueue(asked)
            if code:  # else the machine's software answers when it has read it
                self.sessions.answer(asked, bytes((code,)), remember=False, now=now)
            return
        self.asking = Asking(session, asked.address, now, frame.requester, asked)
        try:
            data = self.data(frame)
        except Silent:
            return
        if data is not None:
            remember = command is not None and not command.repeat
            self.sessions.answer(asked, data, remember=remember, now=now)
        self._do_afterwards()

    def answer_to(self, request: Request[Any], session: BmcSession, address: Hashable, now: float) -> bytes:
        """Completion code and data of a command that did not come as a message."""
        frame = ipmb.Frame(ipmb.BMC, request.netfn, 0, ipmb.CONSOLE, 0, 0, request.command, request.encode())
        self.asking = Asking(session, address, now, frame.requester)
        data = self.data(frame)
        self._do_afterwards()
        return bytes((CompletionCode.TIMEOUT,)) if data is None else data

    def reset(self) -> None:
        """Start anew: all sessions end, and what is volatile is gone."""
        self.sessions.reset()
        self._later = Later()  # what was still to come does not
        if self.line is not None:
            self.line.reset()
        super().reset()

    def later(self, seconds: float, what: Callable[[float], None]) -> None:
        """Do something so many seconds from now, at the earliest when the answer is on its way."""
        if seconds:
            self._later.put(self.asking.now + seconds, what)
        else:
            now = self.asking.now
            self.afterwards(lambda: what(now))

    def deadline(self) -> float | None:
        """When to wake it, or None while nothing is to be done later."""
        return self._later.next()

    def wake(self, now: float) -> None:
        """Do what is due; what it leads to is in ``datagrams``."""
        for what in self._later.due(now):
            what(now)

    def refusal(self, command: type[Request[Any]]) -> int:
        """A session has rights; and faults on purpose refuse what it may ask."""
        session = self.asking.session
        if session is None:
            return 0
        if session.rights < command.least_privilege:
            return CompletionCode.INSUFFICIENT_PRIVILEGE
        return self.faults.refuses()
