"""Takes down which messaging commands really crossed over in a test: what went over the wire and was answered with 00.

A command counts for a peer that made its bytes itself (raw bytes of a test prove nothing), and once the test passed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ipmi_lab.commands import byname
from ipmi_lab.commands.session import ActivateSession, GetSessionChallenge
from ipmi_lab.packets import ipmb
from ipmi_lab.sessions.events import Exchanged, Observed
from ipmi_lab.sessions.table import BmcSession
from tests.interop.ours import VirtualBmc
from tests.proofs import MESSAGING, Proves


@contextmanager
def asked_by(peer: str, bmc: VirtualBmc, proves: Proves) -> Iterator[list[tuple[str, int]]]:
    """What a client of another make asks of our BMC: names and completion codes, as they come."""
    seen: list[tuple[str, int]] = []
    machine = bmc.served.bmc
    answer, add = machine.data, machine.sessions.add

    def watched(frame: ipmb.Frame) -> bytes | None:
        data, (command, _) = answer(frame), machine.slot(frame)
        if command is not None and data is not None:
            seen.append((command.__name__, data[0]))
        return data

    def opened(session: BmcSession) -> None:
        if session.version == "1.5":
            seen.append((ActivateSession.__name__, 0))
        add(session)

    machine.data, machine.sessions.add = watched, opened  # type: ignore[method-assign]  # to listen
    try:
        yield seen
    finally:
        machine.data, machine.sessions.add = answer, add  # type: ignore[method-assign]
    _take_down(peer, seen, proves)


class Listener:
    """What our client asked, as ``observe`` of a link gets it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def __call__(self, event: Observed) -> None:
        if isinstance(event, Exchanged) and event.code is not None:
            command = byname.find_number(event.netfn, event.command, event.request)
            if command is not None:
                self.seen.append((command.__name__, event.code))


@contextmanager
def answered_by(peer: str, proves: Proves) -> Iterator[Listener]:
    """What our client asks of a BMC of another make; give the listener as ``observe``."""
    listener = Listener()
    yield listener
    _take_down(peer, listener.seen, proves)


def _take_down(peer: str, seen: list[tuple[str, int]], proves: Proves) -> None:
    done = {name for name, code in seen if code == 0}
    if ActivateSession.__name__ in done:
        done.add(GetSessionChallenge.__name__)
    for name in sorted(done & set(MESSAGING)):
        with proves(name, peer):
            pass
