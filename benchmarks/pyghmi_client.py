# mypy: disable-error-code="import-untyped"
"""pyghmi, as most call it (blocking) and as it wants to be called (callbacks)."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from pyghmi.ipmi.command import Command
from pyghmi.ipmi.private.session import Session

from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat, timed


@contextmanager
def _command(host: str, port: int) -> Iterator[Any]:
    command = Command(host, USER, PASSWORD, port=port, keepalive=False)
    yield command
    command.ipmi_session.logout()


@contextmanager
def blocking(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands that wait for their answer; most sleep until a retry, see ``callbacks``."""
    with _command(host, port) as command:
        netfn, number = GET_DEVICE_ID
        yield lambda seconds: repeat(lambda: command.xraw_command(netfn, number), seconds, batch=1)


@contextmanager
def callbacks(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands with a callback, one in flight.

    Polled without a wait: as soon as ``wait_for_rsp`` may wait, it often misses the answer and sleeps until a retry.
    """
    with fleet(host, port) as run:
        yield run


@contextmanager
def fleet(host: str, *ports: int) -> Iterator[Callable[[float], Lap]]:
    """The same at many BMCs: whoever has answered is asked again."""
    with ExitStack() as stack:
        asking = [_Asking(stack.enter_context(_command(host, port)).ipmi_session) for port in ports]

        def run(seconds: float) -> list[int]:
            end = time.perf_counter() + seconds
            for each in asking:
                each.commands = 0
            waiting = list(asking)
            while waiting:
                waiting = [each for each in waiting if each.busy or each.ask(end)]
                Session.wait_for_rsp(0)
            return [each.commands for each in asking]

        yield lambda seconds: timed(lambda: run(seconds))


class _Asking:
    """One command after the other at one BMC. pyghmi takes no new command inside a callback."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.commands, self.busy = 0, False

    def ask(self, end: float) -> bool:
        """Ask again, unless the time is over."""
        self.busy = time.perf_counter() < end
        if self.busy:
            self._session.raw_command(*GET_DEVICE_ID, callback=self._answered)
        return self.busy

    def _answered(self, response: object) -> None:
        self._session.incommand = False  # what pyghmi leaves to the owner of a callback
        while self._session.evq:
            self._session.evq.popleft().set()
        self.commands += 1
        self.busy = False
