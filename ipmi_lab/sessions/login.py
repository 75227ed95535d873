"""How a session is wanted: as whom, how strongly, and with how much patience."""

from dataclasses import dataclass, field

from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import Privilege


@dataclass(frozen=True, slots=True)
class Timing:
    """The longest wait of one try, the further tries of a set-up step, and the budget of a read; all in seconds.

    The first wait is four smoothed round trips, but at least ``first``; each further one is twice as long.
    ``spacing`` is the least time between two datagrams.
    """

    timeout: float = 2.0
    retries: int = 3
    budget: float = 30.0
    first: float = 0.25
    spacing: float = 0.0

    def gentle(self) -> "Timing":
        """For weak BMCs: no early retry, and a pause between datagrams."""
        return Timing(self.timeout, self.retries, self.budget, first=self.timeout, spacing=0.05)


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks for a session and what of.

    ``version`` is ``2.0``, ``1.5`` or ``auto``; ``cipher`` the number of a suite or None for the strongest;
    ``authentication`` an IPMI 1.5 type or None for the strongest but straight password, which must be asked for.
    """

    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(b""))
    kg: Secret | None = None
    privilege: Privilege = Privilege.ADMINISTRATOR
    version: str = "auto"
    cipher: int | None = None
    authentication: int | None = None
    name_only: bool = True
    quirks: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        try:
            size = len(self.user.encode("latin-1"))
        except UnicodeEncodeError:
            raise LocalError(f"the user name {self.user!r} has characters outside Latin-1") from None
        if size > 16:
            raise LocalError(f"the user name {self.user!r} has {size} bytes, IPMI takes at most 16")
        if len(self.password) > 20:
            raise LocalError(f"the password has {len(self.password)} bytes, IPMI 2.0 takes at most 20")

    @property
    def user_bytes(self) -> bytes:
        """The name as it goes over the wire."""
        return self.user.encode("latin-1")
