"""Messages through controllers: Send Message inside Send Message, and the answers that come back in pieces.

IPMI 2.0 §6.13, §22.7. Each hop is an address on a channel of the controller before it; the first one is the BMC's. The
answer to Send Message comes first, the bridged answer behind it, or inside it at controllers that put it there; with
several hops both again, level by level.
"""

from itertools import pairwise
from typing import NamedTuple

from ipmi_lab.errors import RemoteError
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.events import Observe

APP, SEND_MESSAGE = 0x06, 0x34
TRACKED = 0x40
SOFTWARE_LUN = 2  # answers to it go into the receive message queue
SHORTEST_ANSWER = 8


class Hop(NamedTuple):
    """A controller: its address, on this channel of the one before it."""

    address: int
    channel: int

    def __str__(self) -> str:
        return f"0x{self.address:02x}@{self.channel}"


Route = tuple[Hop, ...]


class Branch(NamedTuple):
    """Who asks over a session that others may share: the way to his controller, and who hears of his exchanges."""

    route: Route
    observe: Observe | None = None


class Found(NamedTuple):
    """What came of a bridged question: completion code and data, and which hop was refused, counted from 0; None
    where the controller at the end answered."""

    code: int
    data: bytes
    refused: int | None = None


def wrapped(
    route: Route,
    netfn_lun: int,
    sequence_lun: int,
    command: int,
    data: bytes,
    *,
    requester: int = ipmb.BMC,
    tracked: bool = True,
) -> bytes:
    """The data of the Send Message that the BMC gets; every level carries the same request number.

    Without tracking the BMC puts the answer into its queue, if the message comes from the LUN of software.
    """
    message = (route[-1].address, netfn_lun, command, data)
    for transit, hop in reversed(list(pairwise(route))):
        to, netfn_lun, command, data = message
        inside = ipmb.pack(to, netfn_lun, requester, sequence_lun, command, data)
        message = (transit.address, APP << 2, SEND_MESSAGE, bytes((TRACKED | hop.channel,)) + inside)
    to, netfn_lun, command, data = message
    outer = sequence_lun if tracked else sequence_lun | SOFTWARE_LUN
    first = (TRACKED if tracked else 0) | route[0].channel
    return bytes((first,)) + ipmb.pack(to, netfn_lun, requester, outer, command, data)


def answered(route: Route, answer_netfn: int, command: int, message: bytes, *, passed: int = 0) -> Found | None:
    """The innermost answer, or the no of a level; None while more must come. ``passed`` says how many levels have
    accepted the question before.

    RemoteError where the message belongs to no level of this question.
    """
    for depth in range(len(route) + 1):
        code, data = message[6], message[7:-1]
        sender = message[3]
        inner = message[1] >> 2 == answer_netfn and message[5] == command
        if inner and sender in (route[-1].address, ipmb.BMC) and not _is_send(message, answer_netfn, command, data):
            return Found(code, data)
        if message[1] >> 2 != APP + 1 or message[5] != SEND_MESSAGE:
            raise RemoteError("an answer came that fits no level of the bridged question")
        addresses = [hop.address for hop in route]
        if sender not in (ipmb.BMC, *addresses):
            raise RemoteError(f"an answer came from 0x{sender:02X}, which is not on the route")
        if code:
            level = passed + depth if sender == ipmb.BMC else addresses.index(sender) + 1
            return Found(code, data, min(level, len(route) - 1))
        embedded = _embedded(data)
        if embedded is None:
            return None
        message = embedded
    raise RemoteError("answers are nested deeper than the route is long")


def _is_send(message: bytes, answer_netfn: int, command: int, data: bytes) -> bool:
    """Whether an answer to Send Message is one of the way there, when Send Message itself was asked at its end."""
    return (answer_netfn, command) == (APP + 1, SEND_MESSAGE) and message[3] == ipmb.BMC


def _embedded(data: bytes) -> bytes | None:
    """The whole message inside an answer to Send Message, or None where there is none; some leave out its first byte,
    which is the requester's own address."""
    for head in (b"", bytes((ipmb.BMC,)), bytes((ipmb.CONSOLE,))):
        frame = head + data
        if len(frame) >= SHORTEST_ANSWER and not sum(frame[:3]) & 0xFF and not sum(frame) & 0xFF:
            return frame
    return None
