"""The serial line of a virtual BMC: messages in and out, one login at a time, and what the BMC says by itself.

IPMI 2.0 §14. The line knows no terminal: whoever serves it brings bytes and the time. Its session stands in the table
of all sessions, so that whatever commands do with sessions they do with this one too.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ipmi_lab.commands.byname import find_number
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.session import (
    ActivateSession,
    GetSessionChallenge,
    SessionChallenge,
)
from ipmi_lab.errors import IpmiLabError, RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import HANDSHAKE, START, BasicMode, Message, TerminalMode, Text
from ipmi_lab.secret import same
from ipmi_lab.sessions.accounts import Account
from ipmi_lab.sessions.bmc import Asked
from ipmi_lab.sessions.entry import OnLine, proof
from ipmi_lab.sessions.login15 import LIFE, activated, judge
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.terminal import Terminal
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

TRANSPORT, CONNECTION_ACTIVE, IPMI_15 = 0x0C, 0x18, 0x51
EVERY = 2.0  # seconds between two Connection Active
MODES = ("basic", "terminal", "auto")


class Given(NamedTuple):
    """A challenge that the console has not answered yet."""

    account: Account | None
    kind: int
    session_id: int
    challenge: bytes
    born: float


class SerialLine:
    """What stands between a virtual BMC and the bytes of its line; ``mode`` is what the other end speaks.

    With ``auto`` the first start of a frame, or opening bracket, decides.
    """

    def __init__(self, bmc: "VirtualBmc", mode: str) -> None:
        self.bmc, self.profile = bmc, bmc.profile.serial
        self.accounts = bmc.channels.accounts[bmc.channels.serial]
        self.terminal = Terminal(self)
        self.mode: BasicMode | TerminalMode = self.terminal.mode if mode == "terminal" else BasicMode()
        self._auto = mode == "auto"
        self._wrapping = OnLine(self.mode)
        self._nobody = self._session(0, 0, Account(0, b"", b"", Privilege.ADMINISTRATOR), Privilege.ADMINISTRATOR, 0.0)
        self._given: Given | None = None
        self.heard = 0  # how many Connection Active were acknowledged
        self._pings = 0
        self._last = b""
        self._own: dict[type[Request[Any]], Callable[[bytes, float], bytes]] = {
            GetSessionChallenge: self._challenge,
            ActivateSession: self._activate,
        }

    @property
    def session(self) -> BmcSession | None:
        """The session on this line; where none is needed there is always one, of nobody, until the channel is off."""
        found = next((each for each in self.bmc.sessions.open.values() if each.address is self), None)
        needed = self.profile.session or not self.accounts.takes_sessions()
        return found or (None if needed else self._nobody)

    # ------------------------------------------------------------------ what whoever serves it calls

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes; what they lead to is among the BMC's datagrams, addressed to this line."""
        self.bmc.sessions.wake(now)
        if self.session is None and not self.accounts.takes_sessions():
            return  # a channel that is off is silent to all but an open session
        if self._auto:
            self._choose(data)
        if self.mode is self.terminal.mode:
            self.terminal.echo(data)
        for piece in self.mode.feed(data):
            if isinstance(piece, Message):
                self._take(piece.message, now)
            elif isinstance(piece, Text):
                self.terminal.take(piece.text, now)

    def reset(self) -> None:
        """As after power came: who was on his way in begins again, and terminal mode is set as it is kept."""
        self._given = None
        self.terminal.reset()

    def ping(self, now: float) -> None:
        """Say that the connection is active, and whether there is a session."""
        self._pings += 1
        in_session = self.session is not None
        message = ipmb.pack(
            *(ipmb.CONSOLE, TRANSPORT << 2, ipmb.BMC, self._pings % 64 << 2, CONNECTION_ACTIVE),
            bytes((in_session, IPMI_15)),
        )
        self.send(self._wrapping.wrap(message))

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        self.bmc.sessions.send(self, data)

    # ------------------------------------------------------------------ what arrives

    def _choose(self, data: bytes) -> None:
        starts = [place for place in (data.find(START), data.find(b"[")) if place >= 0]
        if not starts:
            return
        basic = data[min(starts)] == START
        if basic != isinstance(self.mode, BasicMode):
            self.mode = BasicMode() if basic else self.terminal.mode
        self._wrapping.mode = self.mode
        self._auto = False

    def _take(self, message: bytes, now: float) -> None:
        try:
            frame = ipmb.parse(message)
        except RemoteError:
            self.bmc.sessions.dropped += 1
            return
        self.ready()
        if frame.netfn & 1:
            self.heard += 1  # the console says that it knows the connection to be active
            return
        again, self._last = message == self._last, message  # two consoles may use the same numbers one after the other
        session = self.session
        asked = Asked(frame, session, self, self._wrapping, message)
        known = find_number(frame.netfn, frame.command, frame.data)
        own = self._own.get(known) if known is not None else None
        if own is not None:
            self.bmc.sessions.answer(asked, own(frame.data, now), remember=False, now=now)
        elif session is None and (known is None or not known.sessionless):
            code = CompletionCode.INSUFFICIENT_PRIVILEGE  # a person sits there: silence would look like a broken line
            self.bmc.sessions.answer(asked, bytes((code,)), remember=False, now=now)
        else:
            if session is not None:
                session.last_heard = now
                if again and self.bmc.sessions.answered(session, message, now):
                    return
            self.bmc.take(asked, now)

    def ready(self) -> None:
        """Say that another message may come."""
        if isinstance(self.mode, BasicMode):
            if self.profile.handshake:
                self.send(bytes((HANDSHAKE,)))
        elif self.terminal.handshake:
            self.send(self.mode.wrap_text("SYS"))

    # ------------------------------------------------------------------ logins

    def _challenge(self, data: bytes, now: float) -> bytes:
        try:
            ask = GetSessionChallenge.decode(data)
        except IpmiLabError:
            return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        if ask.authentication not in self.accounts.authentications():
            return bytes((CompletionCode.INVALID_DATA_FIELD,))
        account = self.accounts.find(ask.user_name.encode("latin-1"), None)
        given = Given(account, ask.authentication, self.bmc.sessions.new_id(), self.bmc.random(16), now)
        self._given = given
        return b"\0" + SessionChallenge(session_id=given.session_id, challenge=given.challenge).encode()

    def _activate(self, data: bytes, now: float) -> bytes:
        try:
            ask = ActivateSession.decode(data)
        except IpmiLabError:
            return bytes((CompletionCode.REQUEST_DATA_LENGTH_INVALID,))
        given, sessions = self._given, self.bmc.sessions
        if given is None or now - given.born > LIFE or sessions.lockout.holds(self, now):
            return bytes((CompletionCode.NOT_SUPPORTED_IN_PRESENT_STATE,))
        password = b"" if given.account is None else given.account.password[:16]
        wanted = proof(given.kind, password, given.session_id, given.challenge)
        account = given.account
        if not same(wanted, ask.challenge) or ask.authentication != given.kind or account is None:
            sessions.lockout.failed(self, now)
            return bytes((CompletionCode.INVALID_DATA_FIELD,))
        if account.long_password:
            return bytes((CompletionCode.INVALID_DATA_FIELD,))
        self.logout()  # one console is on the line: a session that it forgot makes room
        code = judge(ask, account, self.accounts.limit(), sessions.no_room(now), sessions.full_for(account))
        if code:
            return bytes((code,))
        session = self._session(given.session_id, sessions.new_handle(), account, ask.privilege, now)
        session.privilege = min(Privilege.USER, ask.privilege)
        sessions.add(session)
        return activated(given.kind, given.session_id, 0, ask)

    def login(self, user_name: bytes, password: bytes, now: float) -> bool:
        """Log in by name and password, as a line of text does; the session has all the rights of the user."""
        sessions = self.bmc.sessions
        account = self.accounts.find(user_name, None)
        fits = same(password, b"" if account is None else account.password) and account is not None
        if sessions.lockout.holds(self, now) or not fits or account is None:
            sessions.lockout.failed(self, now)
            return False
        self.logout()
        if sessions.no_room(now) or sessions.full_for(account):
            return False
        limit = min(account.limit, self.accounts.limit())
        session = self._session(sessions.new_id(), sessions.new_handle(), account, limit, now)
        session.privilege = limit
        sessions.add(session)
        return True

    def logout(self) -> None:
        """End the session on this line, if there is one."""
        session = self.session
        if session is not None and session.bmc_id:
            self.bmc.sessions.close(session)

    def _session(self, bmc_id: int, handle: int, account: Account, limit: Privilege, now: float) -> BmcSession:
        session = BmcSession(bmc_id, handle, self, account, limit, self._wrapping, "1.5", now)
        session.privilege = limit
        return session
