"""What attackers say to a BMC, packet by packet, and the list of their attacks."""

from collections.abc import Callable
from typing import Any

from ipmi_lab.packets import ipmb, lan15, lan20
from ipmi_lab.packets.rakp import OpenSessionRequest, Proposal, Rakp1, Rakp3
from ipmi_lab.sessions.crypto import SUITES
from tests.sessions.pair import CONSOLE, Pair, profile

ELSEWHERE = ("127.0.0.66", 40000)
ATTACKS: dict[str, Callable[[], None]] = {}


def attack(test: Callable[[], None]) -> Callable[[], None]:
    """Put an attack on the list, under its name in words."""
    ATTACKS[test.__name__.replace("_", " ")] = test
    return test


def say(pair: Pair, datagram: bytes, sender: Any = CONSOLE) -> list[bytes]:
    """What the BMC answers to a datagram."""
    pair.bmc.receive(datagram, sender, pair.now)
    return [answer for _, answer in pair.bmc.datagrams()]


def defaults(**login: Any) -> Pair:
    """A console at a BMC that takes what it takes without further words: no ``insecure``."""
    every = profile(suites=list(range(20)), authentications=["none", "md2", "md5", "straight"])
    return Pair(machine=every, **login)


def open_request(suite: int = 3, console_id: int = 0x01020304) -> bytes:
    algorithms = SUITES[suite]
    ask = OpenSessionRequest(
        tag=1,
        privilege=0,
        console_id=console_id,
        authentication=Proposal(kind=0, algorithm=algorithms.authentication).encode(),
        integrity=Proposal(kind=1, algorithm=algorithms.integrity).encode(),
        confidentiality=Proposal(kind=2, algorithm=algorithms.confidentiality).encode(),
    )
    return lan20.pack(lan20.OPEN_REQUEST, 0, 0, ask.encode())


def rakp1(bmc_id: int, user: bytes = b"admin", length: int | None = None, random: bytes = bytes(16)) -> bytes:
    ask = Rakp1(
        tag=2,
        bmc_id=bmc_id,
        console_random=random,
        role=0x14,
        name_length=len(user) if length is None else length,
        user_name=user,
    )
    return lan20.pack(lan20.RAKP1, 0, 0, ask.encode())


def rakp3(bmc_id: int, code: bytes = bytes(20)) -> bytes:
    return lan20.pack(lan20.RAKP3, 0, 0, Rakp3(tag=3, status=0, bmc_id=bmc_id, code=code).encode())


def begun(pair: Pair, sender: Any = CONSOLE) -> int:
    """The BMC's id of a login that has begun."""
    return int.from_bytes(say(pair, open_request(), sender)[0][24:28], "little")


def closed(pair: Pair) -> bool:
    """Whether nobody has a session."""
    return not pair.bmc.sessions.open


def sessionless(request: Any) -> bytes:
    message = ipmb.pack(ipmb.BMC, request.netfn << 2, ipmb.CONSOLE, 4, request.command, request.encode())
    return lan15.pack(0, 0, 0, b"", message)
