"""What a session tells its owner, and what it tells whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError


@dataclass(slots=True)  # the one event that comes with every command: made and read in half the time of a tuple
class Answered:
    """The answer to request ``number``: its completion code and the data behind it.

    ``way`` says which command a controller on the way refused with that code; empty where the one that was asked
    answered.
    """

    number: int
    code: int
    data: bytes
    way: str = ""


@dataclass(slots=True)
class GaveUp:
    """Request ``number`` stays without an answer after so many tries in so many seconds.

    ``lost`` where the BMC still answers outside the session, so that it must have dropped the session; ``refused`` says
    why it was never sent, where the machine itself did not take it.
    """

    number: int
    tries: int
    elapsed: float
    lost: bool
    refused: str = ""


class Opened(NamedTuple):
    """The session is open; ``how`` says with what: ``IPMI 2.0, suite 17 (…), administrator``."""

    how: str


class Refused(NamedTuple):
    """The session could not be opened, or did not get so far."""

    error: IpmiLabError


class Closed(NamedTuple):
    """The session is given back; ``acknowledged`` unless the BMC never said so."""

    acknowledged: bool


class Ponged(NamedTuple):
    """The BMC answered the ping; ``ipmi`` where it says that it speaks IPMI."""

    ipmi: bool


class Said(NamedTuple):
    """A text command of terminal mode and what came back; None where nothing did. Passwords are struck out."""

    text: str
    reply: str | None
    tries: int
    elapsed: float
    purpose: str  # "command" or "session"


class Failed(NamedTuple):
    """An observer raised, of something that is the answer to nobody's question: whoever waits must be told."""

    error: Exception


Event = Answered | GaveUp | Failed | Opened | Refused | Closed | Ponged | Said


class Exchanged(NamedTuple):
    """One command from question to answer, for traces and journals; ``code`` is None where no answer came.

    Its bytes may carry a password, and a traceback may show it among a test's locals: so ``repr`` only counts them.
    """

    netfn: int
    command: int
    lun: int
    request: bytes
    code: int | None
    response: bytes
    tries: int
    elapsed: float
    purpose: str  # "command", "session" or "keep-alive"

    def __repr__(self) -> str:
        said = "no answer" if self.code is None else f"0x{self.code:02X} and {len(self.response)} bytes"
        asked = f"0x{self.netfn:02X} 0x{self.command:02X} with {len(self.request)} bytes"
        return f"<{asked}: {said}, {self.elapsed * 1000:.1f} ms, {self.tries} tries, {self.purpose}>"


def exchanged(
    request: Request[Any], code: int | None, data: bytes, tries: int, elapsed: float, purpose: str
) -> Exchanged:
    """What is told of a request that was answered, or given up."""
    encoded = request.encode()
    return Exchanged(request.netfn, request.command, request.lun, encoded, code, data, tries, elapsed, purpose)


class Dropped(NamedTuple):
    """A datagram that was not taken, and why."""

    reason: str
    datagram: bytes


Observed = Exchanged | Dropped | Ponged | Opened | Refused | Closed | Said
Observe = Callable[[Observed], None]
