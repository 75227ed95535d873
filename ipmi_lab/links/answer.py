"""What a task awaits until its question is answered."""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

from ipmi_lab.sessions.events import Answered, GaveUp

Outcome = Answered | GaveUp


class Answer:
    """A future for one task, which goes on as soon as it is woken. With a future of asyncio the task would go on in the
    next pass of the event loop, and such a pass takes longer than all else that asyncio does for a command.

    ``come`` is called when the outcome has come, and sees to it that ``wake`` is called.
    """

    __slots__ = ("_asyncio_future_blocking", "_come", "_context", "_go_on", "_loop", "_outcome")

    def __init__(self, come: "Callable[[Answer], None]", loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False  # by this asyncio knows what a task may await
        self._come, self._loop = come, loop
        self._outcome: Outcome | BaseException | None = None
        self._go_on: Callable[[Answer], object] | None = None

    def __await__(self) -> Generator["Answer", None, Outcome]:
        if self._outcome is None:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    def hear(self, outcome: Outcome | BaseException) -> None:
        """Take the outcome, or what is to be raised instead."""
        if self._outcome is None:  # else who waited for it is about to go
            self._outcome = outcome
            self._come(self)

    def wake(self) -> None:
        """Let the task go on, now."""
        go_on, self._go_on = self._go_on, None
        if go_on is not None:
            self._context.run(go_on, self)

    # ------------------------------------------------------------------ what a task asks of what it awaits

    def result(self) -> Outcome:
        """The outcome; CancelledError where the task was cancelled."""
        outcome = self._outcome
        if isinstance(outcome, BaseException):
            try:
                raise outcome
            finally:
                del self, outcome  # they would keep each other alive by way of the traceback
        assert outcome is not None
        return outcome

    def add_done_callback(self, callback: "Callable[[Answer], object]", *, context: Context) -> None:
        """Call back when it is done; there is only one who waits."""
        self._go_on, self._context = callback, context

    def cancel(self, msg: Any = None) -> bool:
        """Stop waiting; False where the outcome has come already."""
        if self._outcome is not None:
            self._loop.call_soon(self.wake)  # whoever was to do it may have been interrupted
            return False
        self._outcome = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        self._loop.call_soon(self.wake)
        return True

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that it belongs to."""
        return self._loop


def wake(answers: list[Answer]) -> None:
    """Let the tasks go on that wait for these answers."""
    try:
        for answer in answers:
            answer.wake()
    except BaseException:  # Ctrl-C while one of them went on
        for answer in answers:
            answer.get_loop().call_soon(answer.wake)
        raise
