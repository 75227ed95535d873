"""What a program owes the BMCs when it ends: the sessions that it has not closed."""

import atexit
import os
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from ipmi_lab.errors import IpmiLabError
from ipmi_lab.sessions.login import Timing
from ipmi_lab.signals import end_well

if TYPE_CHECKING:
    from ipmi_lab.links.holding import Holding

AT_EXIT = 5.0  # seconds that all sessions together may take to be given back
HURRIED = Timing(timeout=0.5, retries=1)

_HELD: dict["Holding", int] = {}
"""The links with an open session, each with the process that opened it: kept here even where nobody else does."""
_ends_well = False
"""Whether the signals that end a program do so the way of exceptions: said once, with the first session."""


def hold(link: "Holding") -> None:
    """However the program ends, give this session back then, so that the BMC's slot is free."""
    global _ends_well
    _ends_well = _ends_well or end_well()
    _HELD[link] = os.getpid()


def let_go(link: "Holding") -> None:
    """The session is given back, or lost."""
    _HELD.pop(link, None)


@atexit.register
def _leave() -> None:
    until = monotonic() + AT_EXIT
    for link, process in list(_HELD.items()):
        if process == os.getpid() and monotonic() < until:
            link.session.timing = HURRIED
            with suppress(IpmiLabError, OSError):  # nobody is left to tell
                link.leave()
