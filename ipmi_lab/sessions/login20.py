"""The BMC's end of the RMCP+ handshake, in the order in which the console speaks. IPMI 2.0 §13.17 to §13.24.

A user whom the BMC does not know is answered like one with another password: neither answer nor time tells them
apart. What comes out of order, or twice with other contents, is ignored.
"""

from ipmi_lab.errors import RemoteError
from ipmi_lab.packets.rakp import (
    OpenSessionRequest,
    OpenSessionResponse,
    Proposal,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    Refusal,
    Status,
    proposal,
)
from ipmi_lab.secret import same
from ipmi_lab.sessions.accounts import Account, Accounts
from ipmi_lab.sessions.crypto import SUITES, Random
from ipmi_lab.sessions.handshake20 import NAME_ONLY
from ipmi_lab.sessions.keys import Agreement
from ipmi_lab.sessions.window import window20
from ipmi_lab.sessions.wrapping import Lan20
from ipmi_lab.wire.codes import Privilege

RAKP1_SIZE = 28
HASHES_OPENING = {"opensesspriv", "sun20"}
"""The faults in which the privilege of Open Session goes into the keys, not that of RAKP 1."""


class Login20:
    """One console on its way in. ``born`` is when its Open Session came, ``faults`` are the quirks that we play."""

    def __init__(
        self, accounts: Accounts, random: Random, bmc_id: int, now: float, faults: frozenset[str] = frozenset()
    ) -> None:
        self.accounts, self.random, self.faults = accounts, random, faults
        self.bmc_id, self.born = bmc_id, now
        self.console_id = 0
        self.suite_number = 0
        self.opened_as = 0
        self.account: Account | None = None
        self.trusted = False  # the same user proved his password in another login meanwhile
        self.agreement: Agreement | None = None
        self._seen: dict[type, tuple[bytes, bytes]] = {}  # what was said last, and what we answered

    def open_session(self, payload: bytes, full: bool) -> bytes:
        """Open Session's answer; the login goes on only where its status is 0."""
        ask = OpenSessionRequest.decode(payload)
        self.console_id, self.opened_as = ask.console_id, ask.privilege
        status = Status.NO_RESOURCES_FOR_SESSION if full else self._choose(ask)
        if status:
            return Refusal(tag=ask.tag, status=status).encode() + bytes(2) + payload[4:8]
        suite = SUITES[self.suite_number]
        wanted = Privilege(ask.privilege or self.accounts.limit())
        return OpenSessionResponse(
            tag=ask.tag,
            status=Status.NO_ERROR,
            privilege=min(wanted, self.accounts.limit()),
            console_id=ask.console_id,
            bmc_id=self.bmc_id,
            authentication=proposal(0, suite.authentication),
            integrity=proposal(1, suite.integrity),
            confidentiality=proposal(2, suite.confidentiality),
        ).encode()

    def _choose(self, ask: OpenSessionRequest) -> Status:
        """Settle on a suite of ours that fits the proposal; a proposal of length 0 leaves the choice to us."""
        if not ask.console_id:
            return Status.INVALID_SESSION_ID
        proposed = [Proposal.decode(raw) for raw in (ask.authentication, ask.integrity, ask.confidentiality)]
        if [proposal.kind for proposal in proposed] != [0, 1, 2] or any(p.length not in (0, 8) for p in proposed):
            return Status.ILLEGAL_OR_UNRECOGNIZED_PARAMETER
        for number in sorted(self.accounts.suites(), reverse=True):
            fits = zip(proposed, SUITES[number], strict=True)
            if all(proposal.length == 0 or proposal.algorithm == algorithm for proposal, algorithm in fits):
                self.suite_number = number
                return Status.NO_ERROR
        return Status.NO_CIPHER_SUITE_MATCHES_PROPOSAL

    def rakp1(self, payload: bytes) -> bytes | None:
        """RAKP 2; the same again where the same RAKP 1 comes again."""
        if Rakp1 in self._seen:
            said, answered = self._seen[Rakp1]
            return answered if said == payload else None
        answer = self._rakp2(payload)
        self._seen[Rakp1] = payload, answer
        return answer

    def _rakp2(self, payload: bytes) -> bytes:
        ask = Rakp1.decode(payload)
        if ask.name_length > 16 or len(payload) < RAKP1_SIZE + ask.name_length:
            return self.refuse(ask.tag, Status.INVALID_NAME_LENGTH)
        name = ask.user_name[: ask.name_length]
        if "intel20" in self.faults:
            name = name.rstrip(b"\0")
        privilege = Privilege(ask.role & 0x0F)
        self.account = self.accounts.find(name, None if ask.role & NAME_ONLY else privilege)
        password = self.account.password if self.account is not None else self.random(20)
        intel = "intel20" in self.faults
        self.agreement = Agreement(
            SUITES[self.suite_number],
            self.console_id,
            self.bmc_id,
            ask.console_random,
            self.random(16),
            self.accounts.guid,
            ask.role & 0xF0 | self.opened_as if self.faults & HASHES_OPENING else ask.role,
            name.ljust(16, b"\0") if intel else name,
            password,
            self.accounts.kg(),
            intel,
        )
        return Rakp2(
            tag=ask.tag,
            status=Status.NO_ERROR,
            console_id=self.console_id,
            bmc_random=self.agreement.bmc_random,
            guid=self.agreement.guid,
            code=self.agreement.rakp2_code() + (b"\0" if self._code_too_long else b""),
        ).encode()

    @property
    def _code_too_long(self) -> bool:
        sun = "sun20" in self.faults and SUITES[self.suite_number].authentication == 1
        return sun or "supermicro20" in self.faults

    def rakp3(self, payload: bytes) -> tuple[Lan20 | None, bytes | None]:
        """RAKP 4, and the open session where the console proved the password and may have what it wants."""
        ask = Rakp3.decode(payload)
        agreement = self.agreement
        if agreement is None or ask.status:
            return None, None
        if self.account is None or not same(agreement.rakp3_code(), ask.code):
            return None, self.refuse(ask.tag, Status.INVALID_INTEGRITY_CHECK_VALUE)
        if self.wanted > self.limit:
            return None, self.refuse(ask.tag, Status.UNAUTHORIZED_ROLE_OR_PRIVILEGE)
        integrity, confidentiality = agreement.ciphers(self.random)
        wrapping = Lan20(
            local_id=self.bmc_id,
            remote_id=self.console_id,
            integrity=integrity,
            confidentiality=confidentiality,
            window=window20(),
        )
        check_value = agreement.check_value()
        if "integritycheckvalue" in self.faults and not agreement.suite.integrity:
            check_value = self.random(16)
        answer = Rakp4(tag=ask.tag, status=Status.NO_ERROR, console_id=self.console_id, check_value=check_value)
        return wrapping, answer.encode()

    @property
    def limit(self) -> Privilege:
        """The most that this user may become here."""
        if self.account is None:
            raise RemoteError("nobody is known yet")
        return Privilege(min(self.account.limit, self.accounts.limit()))

    @property
    def wanted(self) -> Privilege:
        """What the console asked for; 0 stands for all that the user may have."""
        assert self.agreement is not None
        return Privilege(self.agreement.role & 0x0F or self.limit)

    def refuse(self, tag: int, status: Status) -> bytes:
        """Any answer with another status than 0: tag, status, and the console's session id."""
        return Refusal(tag=tag, status=status).encode() + bytes(2) + self.console_id.to_bytes(4, "little")
