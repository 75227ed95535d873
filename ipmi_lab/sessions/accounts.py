"""What the BMC's end of a session must know of its users and channel; whoever plays the BMC provides it."""

from dataclasses import dataclass, field
from typing import Protocol

from ipmi_lab.wire.codes import Privilege


@dataclass(slots=True)
class Account:
    """A user as a login sees him. ``long_password`` was set with 20 bytes and does not serve IPMI 1.5;
    ``session_limit`` is how many sessions he may have at once, 0 for any number."""

    user_id: int
    user_name: bytes
    password: bytes = field(repr=False)
    limit: Privilege
    long_password: bool = False
    session_limit: int = 0


class Accounts(Protocol):
    """The users, keys and rules of one channel, as they are now: changes take effect at the next login.

    A session that was silent for ``spare_after`` seconds makes room for a login where all slots are taken, and one that
    was silent for ``session_timeout`` ends in any case."""

    guid: bytes
    session_slots: int
    spare_after: float
    session_timeout: float

    def find(self, user_name: bytes, privilege: Privilege | None) -> Account | None:
        """The enabled user of that name (and of exactly that limit, where one is given)."""

    def suites(self) -> frozenset[int]:
        """The numbers of the cipher suites that the channel takes."""

    def authentications(self) -> frozenset[int]:
        """The IPMI 1.5 authentication types that the channel takes; empty where it speaks only 2.0."""

    def kg(self) -> bytes:
        """The BMC's key; empty where it has none."""

    def limit(self) -> Privilege:
        """The most that anybody may become on the channel."""

    def signs_every_packet(self) -> bool:
        """Whether IPMI 1.5 packets are authenticated one by one, and not only the login."""

    def signs_as_user(self) -> bool:
        """Whether that also holds for what a user may ask; without it, unsigned packets have the rights of a user."""

    def takes_sessions(self) -> bool:
        """Whether anybody may log in; a channel that is off is silent."""
