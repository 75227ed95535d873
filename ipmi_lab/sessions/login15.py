"""The BMC's end of an IPMI 1.5 login: a challenge, then Activate Session. IPMI 2.0 §22.16, §22.17.

A user whom the BMC does not know gets a challenge like any other, and a wrong password no answer at all.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from ipmi_lab.commands.session import (
    ActivateCode,
    ActivateSession,
    ActiveSession,
    AuthenticationType,
    GetSessionChallenge,
    SessionChallenge,
)
from ipmi_lab.errors import BadSignature, RemoteError
from ipmi_lab.packets import ipmb, lan15
from ipmi_lab.secret import same
from ipmi_lab.sessions.accounts import Account, Accounts
from ipmi_lab.sessions.crypto import Random, authentication_code
from ipmi_lab.wire.codes import CompletionCode, Privilege

PENDING = 64
LIFE = 30.0


class Challenge(NamedTuple):
    """One console on its way in."""

    account: Account | None
    kind: int
    challenge: bytes
    born: float


class Challenges:
    """Consoles that asked for a challenge and have not answered it yet; the oldest make room for new ones."""

    def __init__(self, accounts: Accounts, random: Random) -> None:
        self._accounts, self._random = accounts, random
        self._waiting: OrderedDict[tuple[Hashable, int], Challenge] = OrderedDict()

    def give(self, ask: GetSessionChallenge, address: Hashable, new_id: int, now: float) -> bytes:
        """Completion code and data of Get Session Challenge's answer."""
        if ask.authentication not in self._accounts.authentications():
            return bytes((CompletionCode.INVALID_DATA_FIELD,))
        account = self._accounts.find(ask.user_name.encode("latin-1"), None)
        given = Challenge(account, ask.authentication, self._random(16), now)
        self._waiting[address, new_id] = given
        while len(self._waiting) > PENDING:
            self._waiting.popitem(last=False)
        return b"\0" + SessionChallenge(session_id=new_id, challenge=given.challenge).encode()

    def prove(
        self, packet: lan15.Packet, address: Hashable, now: float
    ) -> tuple[Challenge, Account, ipmb.Frame, ActivateSession]:
        """The activation in a packet; BadSignature where its code was made with another password."""
        given = self._waiting.get((address, packet.session_id))
        if given is None or now - given.born > LIFE:
            raise RemoteError(f"there is no session 0x{packet.session_id:08X} with this console")
        frame = ipmb.parse(packet.message)
        if frame.netfn != ActivateSession.netfn or frame.command != ActivateSession.command or packet.sequence:
            raise RemoteError("a session must be activated before it is used")
        account = given.account
        if account is None or account.long_password or packet.authentication != given.kind:
            raise BadSignature("the activation does not prove the password")
        if given.kind:
            code = authentication_code(given.kind, account.password, packet.session_id, 0, packet.message)
            if not same(code, packet.code):
                raise BadSignature("the activation does not prove the password")
        ask = ActivateSession.decode(frame.data)
        if not same(ask.challenge, given.challenge) or ask.authentication != given.kind:
            raise BadSignature("the activation does not carry the challenge")
        return given, account, frame, ask

    def done(self, address: Hashable, session_id: int) -> None:
        """Forget a challenge that was answered."""
        self._waiting.pop((address, session_id), None)


def judge(ask: ActivateSession, account: Account, limit: Privilege, full: bool, user_full: bool) -> int:
    """The completion code of an activation that proved the password; ``limit`` is the channel's."""
    if full:
        return ActivateCode.NO_SESSION_SLOT_AVAILABLE
    if user_full:
        return ActivateCode.NO_SLOT_FOR_THIS_USER
    if not ask.outbound_sequence:
        return ActivateCode.SEQUENCE_NUMBER_OUT_OF_RANGE
    if ask.privilege > min(account.limit, limit) or not 1 <= ask.privilege <= 5:
        return ActivateCode.PRIVILEGE_EXCEEDS_USER_OR_CHANNEL_LIMIT
    return CompletionCode.OK


def activated(kind: int, session_id: int, inbound: int, ask: ActivateSession) -> bytes:
    """Completion code and data of a successful activation's answer."""
    answer = ActiveSession(
        authentication=AuthenticationType(kind),
        session_id=session_id,
        inbound_sequence=inbound,
        privilege=ask.privilege,
    )
    return b"\0" + answer.encode()
