"""The table of the sessions that a BMC has open, and who gets a place in it.

The sessions of consoles that died keep nobody out: who proves his password takes the place of the one that was silent
the longest, after as long a silence as the accounts say. A change that is asked for again is answered from a cache, so
that it is done exactly once.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from ipmi_lab.sessions.accounts import Account, Accounts
from ipmi_lab.sessions.userlevel import UserLevel15
from ipmi_lab.sessions.wrapping import SessionWrapping
from ipmi_lab.wire.codes import Privilege

REMEMBERED = 16
REMEMBERED_FOR = 5.0  # seconds
HANDLES = 0x100

Address = Hashable


@dataclass(eq=False)
class BmcSession:
    """One open session as the BMC keeps it; ``version`` is ``1.5`` or ``2.0``."""

    bmc_id: int
    handle: int
    address: Address
    account: Account
    limit: Privilege
    wrapping: SessionWrapping
    version: str
    last_heard: float
    privilege: Privilege = Privilege.USER
    used: bool = False
    opening: tuple[bytes, bytes] = (b"", b"")  # the console's last message of the handshake, and our answer
    _answers: "OrderedDict[bytes, tuple[float, bytes]]" = field(default_factory=OrderedDict)

    @property
    def rights(self) -> Privilege:
        """What the request in hand may do: one that came unsigned in a signed session no more than a user."""
        unsigned = isinstance(self.wrapping, UserLevel15) and self.wrapping.unsigned
        return min(self.privilege, Privilege.USER) if unsigned else self.privilege

    def remember(self, request: bytes, answer: bytes, now: float) -> None:
        """Keep the answer to a change, in case it is asked for again."""
        self._answers[request] = now, answer
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)

    def remembered(self, request: bytes, now: float) -> bytes | None:
        """The answer to the same change, if it was asked for just now."""
        known = self._answers.get(request)
        return None if known is None or now - known[0] > REMEMBERED_FOR else known[1]


class SessionTable:
    """The open sessions by their ids."""

    def __init__(self, accounts: Accounts, faults: frozenset[str]) -> None:
        self.accounts, self.faults = accounts, faults
        self.open: dict[int, BmcSession] = {}

    def add(self, session: BmcSession) -> None:
        """Take a new session into the table, in the place of the one silent the longest where it is full."""
        spare = self._spare(session.last_heard)
        if self.full and spare is not None:
            self.close(spare)
        self.open[session.bmc_id] = session

    def close(self, session: BmcSession) -> None:
        """End a session."""
        self.open.pop(session.bmc_id, None)

    @property
    def full(self) -> bool:
        """Whether all slots are taken."""
        return len(self.open) >= (1 if "fewslots" in self.faults else self.accounts.session_slots)

    def full_for(self, account: Account) -> bool:
        """Whether a user has as many sessions as he may."""
        held = sum(session.account.user_id == account.user_id for session in self.open.values())
        return 0 < account.session_limit <= held

    def no_room(self, now: float) -> bool:
        """Whether all slots are taken, and by consoles that were heard of lately."""
        return self.full and self._spare(now) is None

    def new_handle(self) -> int:
        """A session handle that no other session has."""
        taken = {session.handle for session in self.open.values()}
        return next(handle for handle in range(1, HANDLES) if handle not in taken)

    def _spare(self, now: float) -> BmcSession | None:
        """The session that was silent the longest, if for so long that a login may take its place."""
        oldest = min(self.open.values(), key=lambda session: session.last_heard, default=None)
        return oldest if oldest is not None and now - oldest.last_heard >= self.accounts.spare_after else None
