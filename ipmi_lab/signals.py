"""How a program ends that is told to: by SIGTERM (a service manager, CI), or SIGHUP (its terminal has gone)."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType


def _exit(number: int) -> None:
    sys.exit(128 + number)


def end_well(end: Callable[[int], None] = _exit) -> bool:
    """Have both end the program by ``end``, on the way that exceptions go, so that sessions are given back; False where
    that cannot be said here.

    Python would die of them at once. Whoever handles them already, or ignores them (nohup), is left alone; and a child
    that was forked dies of them as it would have.
    """
    if threading.current_thread() is not threading.main_thread():
        return False  # only the main thread may say what signals do
    process = os.getpid()

    def told(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        end(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, told)
    return True
