"""What a program owes the BMCs when it ends: the sessions that it has not closed."""

import atexit
import os
import weakref
from contextlib import suppress
from time import monotonic

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.sessions.login import Timing

AT_EXIT = 5.0  # seconds that all sessions together may take to be given back
HURRIED = Timing(timeout=0.5, retries=1)

_OPENED: "weakref.WeakKeyDictionary[Device[Blocking], int]" = weakref.WeakKeyDictionary()  # with the process


def give_back_at_exit(device: Device[Blocking]) -> None:
    """Where a program ends without closing its sessions, they are given back, so that the BMC's slots are free."""
    _OPENED[device] = os.getpid()


@atexit.register
def _give_back() -> None:
    until = monotonic() + AT_EXIT
    for device, process in list(_OPENED.items()):
        if device.session.is_open and process == os.getpid() and monotonic() < until:
            device.link.session.timing = HURRIED
            with suppress(IpmiLabError, OSError):  # nobody is left to tell
                device.session.close()
