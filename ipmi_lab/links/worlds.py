"""The two worlds: what is written once, as coroutines that wait only for their link, serves both."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Blocking:
    """The world in which a call returns when the BMC has answered."""


class Asyncio:
    """The world in which a call gives a coroutine."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what is written for both worlds to its end, in the caller's own thread: in the blocking world it never waits
    but inside of its link."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the coroutine's own type says what it is
    coroutine.close()
    raise RuntimeError("a feature of a blocking device waited for something that is not its link")
