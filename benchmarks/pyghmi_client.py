# mypy: disable-error-code="import-untyped"
"""pyghmi, as most call it (blocking) and as it wants to be called (callbacks)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pyghmi.ipmi.command import Command
from pyghmi.ipmi.private.session import Session

from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat


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
    with _command(host, port) as command:
        session = command.ipmi_session
        netfn, number = GET_DEVICE_ID
        answers: list[object] = []

        def answered(response: object) -> None:
            session.incommand = False  # what pyghmi leaves to the owner of a callback
            while session.evq:
                session.evq.popleft().set()
            answers.append(response)

        def step() -> None:
            answers.clear()
            session.raw_command(netfn, number, callback=answered)
            while not answers:
                Session.wait_for_rsp(0)

        yield lambda seconds: repeat(step, seconds)
