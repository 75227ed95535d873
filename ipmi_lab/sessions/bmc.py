"""The BMC's end of all its sessions, without sockets and clocks.

State is kept by address and session id; what comes in an unknown order is ignored; tables are bounded; half-open
logins live in a pool of their own for three seconds, so that they never keep a real login out.
"""

import os
from collections import OrderedDict
from typing import NamedTuple

from ipmi_lab.commands.session import AuthenticationType, GetSessionChallenge
from ipmi_lab.errors import BadSignature, RemoteError
from ipmi_lab.packets import ipmb, lan15, lan20, rmcp
from ipmi_lab.packets.rakp import OpenSessionRequest, Status
from ipmi_lab.sessions import faulty
from ipmi_lab.sessions.accounts import Account, Accounts
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.faulty import FaultyLan15
from ipmi_lab.sessions.lockout import Lockout, host_of
from ipmi_lab.sessions.login15 import Challenges, activated, judge
from ipmi_lab.sessions.login20 import Login20
from ipmi_lab.sessions.table import Address, BmcSession, SessionTable
from ipmi_lab.sessions.window import window15
from ipmi_lab.sessions.wrapping import Lan15, Sessionless, Sessionless20, Wrapping
from ipmi_lab.wire.codes import CompletionCode, Privilege

HALF_OPEN = 64
HALF_OPEN_LIFE = 3.0  # seconds


class Asked(NamedTuple):
    """A request that has to be answered: ``session`` is None where it came outside one."""

    frame: ipmb.Frame
    session: BmcSession | None
    address: Address
    wrapping: Wrapping
    message: bytes


class BmcSessions(SessionTable):
    """All sessions of one channel. ``dropped`` counts what was not taken."""

    def __init__(
        self, accounts: Accounts, *, random: Random = os.urandom, faults: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(accounts, faults)
        self.dropped = 0
        self._random = random
        self._sessionless = Sessionless()
        self._sessionless20 = Sessionless20()
        self._out: list[tuple[Address, bytes]] = []
        self.reset()

    # ------------------------------------------------------------------ what the owner calls

    def reset(self) -> None:
        """Forget all sessions and logins, those that went wrong too; what is on its way out still goes."""
        self.open.clear()
        self.lockout = Lockout()
        self._logins: OrderedDict[tuple[Address, int], Login20] = OrderedDict()
        self._challenges = Challenges(self.accounts, self._random)

    def receive(self, datagram: bytes, address: Address, now: float) -> Asked | None:
        """Take what arrived: the answer to a handshake goes out by itself, a request comes back."""
        try:
            return self._take(datagram, address, now)
        except RemoteError:
            self.dropped += 1
            return None

    def answer(self, asked: Asked, data: bytes, *, remember: bool, now: float) -> None:
        """Send an answer; ``data`` begins with the completion code. What is remembered is not done twice."""
        session = asked.session
        faults = self.faults if session is not None else frozenset()
        message = faulty.answer(asked.frame, data, faults)
        if len(message) > lan15.LONGEST and isinstance(asked.wrapping, (Lan15, Sessionless)):
            message = faulty.answer(asked.frame, bytes((CompletionCode.CANNOT_RETURN_REQUESTED_BYTES,)), faults)
        if session is not None and remember:
            session.remember(asked.message, message, now)
        self.send(asked.address, asked.wrapping.wrap(message))

    def answered(self, session: BmcSession, message: bytes, now: float) -> bool:
        """Whether the same change was asked for just now: its answer goes out again, and it is not done twice."""
        known = session.remembered(message, now)
        if known is not None:
            self.send(session.address, session.wrapping.wrap(known))
        return known is not None

    def send(self, address: Address, datagram: bytes) -> None:
        self._out.append((address, datagram))

    def datagrams(self) -> list[tuple[Address, bytes]]:
        """What must be sent now, and where to."""
        out, self._out = self._out, []
        return out

    def deadline(self) -> float | None:
        """When to wake the table, or None while it is empty."""
        times = [login.born + HALF_OPEN_LIFE for login in self._logins.values()]
        times += [session.last_heard + self.accounts.session_timeout for session in self.open.values()]
        return min(times, default=None)

    def wake(self, now: float) -> None:
        """Forget logins that did not go on, and sessions that fell silent."""
        for key in [key for key, login in self._logins.items() if login.born + HALF_OPEN_LIFE <= now]:
            login = self._logins.pop(key)
            if not login.trusted:
                self._failed(login, key[0], now)
        silent_since = now - self.accounts.session_timeout
        for session in [s for s in self.open.values() if s.last_heard <= silent_since]:
            self.close(session)

    @property
    def says_unsigned(self) -> bool:
        """Whether the BMC says, falsely, that IPMI 1.5 packets need not be signed."""
        return bool(self.faults & {"forcepermsg", "unexpectedauth"})

    def new_id(self) -> int:
        """A session id that nobody can guess and nobody has."""
        taken = set(self.open) | {key[1] for key in self._logins}
        number = int.from_bytes(self._random(4), "little")
        while not number or number in taken:
            number = number + 1 & 0xFFFFFFFF
        return number

    # ------------------------------------------------------------------ what arrives

    def _take(self, datagram: bytes, address: Address, now: float) -> Asked | None:
        if rmcp.message_class(datagram) == rmcp.ASF:
            ping = rmcp.read_ping(datagram)
            if ping is not None and ping.tag != 0xFF:
                self.send(address, rmcp.ASF_HEADER + rmcp.Pong(tag=ping.tag).encode())
            return None
        if len(datagram) > 4 and datagram[4] == lan20.FORMAT:
            return self._take20(datagram, address, now)
        packet = lan15.parse(datagram)
        if not packet.session_id:
            self._check_open()
            message = self._sessionless.unwrap(datagram)
            return Asked(ipmb.parse(message), None, address, self._sessionless, message)
        session = self.open.get(packet.session_id)
        if session is None or (not packet.sequence and not session.used):
            self._activate(packet, datagram, address, now)
            return None
        return self._in_session(self._session(packet.session_id, address), packet.sequence, datagram, now)

    def _take20(self, datagram: bytes, address: Address, now: float) -> Asked | None:
        packet = lan20.parse(datagram)
        if packet.session_id:
            return self._in_session(self._session(packet.session_id, address), packet.sequence, datagram, now)
        self._check_open()
        if packet.kind == lan20.PAYLOAD_IPMI:
            message = self._sessionless20.unwrap(datagram)
            return Asked(ipmb.parse(message), None, address, self._sessionless20, message)
        answer_type = packet.kind + 1
        answer = None
        if packet.kind == lan20.OPEN_REQUEST:
            answer = self._open_session(packet.payload, address, now)
        elif packet.kind == lan20.RAKP1:
            answer = self._rakp1(packet.payload, address, now)
        elif packet.kind == lan20.RAKP3:
            answer = self._rakp3(packet.payload, address, now)
        else:
            raise RemoteError(f"a payload 0x{packet.kind:02X} came outside a session")
        if answer is not None:
            said = b"\0" + answer[1:] if "tagzero" in self.faults else answer
            self.send(address, lan20.pack(answer_type, 0, 0, said))
        return None

    def _check_open(self) -> None:
        if not self.accounts.takes_sessions():
            raise RemoteError("the channel is disabled")

    def _session(self, bmc_id: int, address: Address) -> BmcSession:
        session = self.open.get(bmc_id)
        if session is None or session.address != address:
            raise RemoteError(f"there is no session 0x{bmc_id:08X} with this console")
        return session

    def _in_session(self, session: BmcSession, sequence: int, datagram: bytes, now: float) -> Asked | None:
        if not sequence:
            raise RemoteError("the sequence number 0 came within a session, where it is reserved")
        message = session.wrapping.unwrap(datagram)
        frame = ipmb.parse(message)
        session.last_heard = now
        session.used = True
        if self.answered(session, message, now):
            return None
        return Asked(frame, session, session.address, session.wrapping, message)

    # ------------------------------------------------------------------ the RMCP+ handshake

    def _open_session(self, payload: bytes, address: Address, now: float) -> bytes:
        OpenSessionRequest.decode(payload)  # whatever cannot be read takes no place in the table
        login = Login20(self.accounts, self._random, self.new_id(), now, self.faults)
        answer = login.open_session(payload, self.no_room(now))
        if not answer[1]:
            self._logins[address, login.bmc_id] = login
            while len(self._logins) > HALF_OPEN:
                self._logins.popitem(last=False)
        return answer

    def _login(self, payload: bytes, address: Address) -> Login20:
        login = self._logins.get((address, int.from_bytes(payload[4:8], "little")))
        if login is None:
            raise RemoteError("a RAKP message came for no login that is under way")
        return login

    def _rakp1(self, payload: bytes, address: Address, now: float) -> bytes | None:
        if self.lockout.holds(address, now):
            raise RemoteError("too many wrong logins came from this address")
        return self._login(payload, address).rakp1(payload)

    def _rakp3(self, payload: bytes, address: Address, now: float) -> bytes | None:
        again = self.open.get(int.from_bytes(payload[4:8], "little"))
        if again is not None and not again.used and again.opening[0] == payload and again.address == address:
            return again.opening[1]
        login = self._login(payload, address)
        if login.agreement is None:
            raise RemoteError("RAKP 3 came before RAKP 1")
        wrapping, answer = login.rakp3(payload)
        del self._logins[address, login.bmc_id]
        if wrapping is None or login.account is None:
            self._failed(login, address, now)
            return answer
        self._proved(login.account, address)
        if self.no_room(now) or self.full_for(login.account):
            return login.refuse(payload[0], Status.NO_RESOURCES_FOR_SESSION)
        limit = min(login.wanted, login.limit)
        session = BmcSession(login.bmc_id, self.new_handle(), address, login.account, limit, wrapping, "2.0", now)
        session.privilege = min(Privilege.USER, limit)
        session.opening = payload, answer or b""
        self.add(session)
        return answer

    def _proved(self, account: Account, address: Address) -> None:
        """Whoever proves his password means his other logins well: those that a bad network cuts short are no
        failures."""
        for key, login in self._logins.items():
            known = login.account
            if known is not None and known.user_id == account.user_id and host_of(key[0]) == host_of(address):
                login.trusted = True

    def _failed(self, login: Login20, address: Address, now: float) -> None:
        """Count a login that came as far as the proof of a password, and no farther."""
        if login.agreement is not None:
            self.lockout.failed(address, now)

    # ------------------------------------------------------------------ the handshake of IPMI 1.5

    def challenge(self, ask: GetSessionChallenge, address: Address, now: float) -> bytes:
        """Completion code and data of Get Session Challenge's answer."""
        return self._challenges.give(ask, address, self.new_id(), now)

    def _activate(self, packet: lan15.Packet, datagram: bytes, address: Address, now: float) -> None:
        again = self.open.get(packet.session_id)
        if again is not None:
            if again.opening[0] != datagram or again.address != address:
                raise RemoteError("another activation came for a session that is open")
            self.send(address, again.opening[1])
            return
        if self.lockout.holds(address, now):
            raise RemoteError("too many wrong logins came from this address")
        try:
            given, account, frame, ask = self._challenges.prove(packet, address, now)
        except BadSignature:
            self.lockout.failed(address, now)
            raise
        code = judge(ask, account, self.accounts.limit(), self.no_room(now), self.full_for(account))
        inbound = int.from_bytes(self._random(4), "little") or 1
        wrapping = FaultyLan15(
            authentication=given.kind,
            password=account.password,
            session_id=packet.session_id,
            sequence=ask.outbound_sequence,
            window=window15(inbound),
        )
        wrapping.signed, wrapping.faults = given.kind, self.faults
        wrapping.lenient = bool(given.kind) and not self.accounts.signs_as_user()
        signs = self.accounts.signs_every_packet()
        told = given.kind if signs and not self.says_unsigned else AuthenticationType.NONE
        data = bytes((code,)) if code else activated(told, packet.session_id, inbound, ask)
        answer = wrapping.wrap(faulty.answer(frame, data, self.faults))
        if "unexpectedauth" in self.faults:
            wrapping.authentication = AuthenticationType.NONE  # it takes unsigned packets, and signs all the same
        if not signs:  # what comes signed all the same is still verified
            wrapping.authentication, wrapping.quirks = AuthenticationType.NONE, frozenset({"unexpectedauth"})
        self.send(address, answer)
        if not code:
            self._challenges.done(address, packet.session_id)
            session = BmcSession(
                packet.session_id, self.new_handle(), address, account, ask.privilege, wrapping, "1.5", now
            )
            session.privilege = min(Privilege.USER, ask.privilege)
            session.opening = datagram, answer
            self.add(session)
