"""What a conversation that opens a session may ask of its owner, step by step."""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

from ipmi_lab.commands.command import Request
from ipmi_lab.sessions.wrapping import Wrapping


class Ask(NamedTuple):
    """Send a command, in this wrapping or outside any session; the reply is an ``Answered``, or None."""

    request: Request[Any]
    wrapping: Wrapping | None = None


class Say(NamedTuple):
    """Send a set-up message that is no command; the reply is the payload that ``make`` said would fit, or None.

    ``make`` is called for each of ``tries`` (None: as many as the session's timing allows) and gives the payload
    and what its answer must fulfil. The types are those of RMCP+; a line of terminal mode has none.
    """

    payload_type: int
    make: Callable[[], tuple[bytes, Callable[[bytes], bool]]]
    answer_type: int
    tries: int | None = None


ROUNDS = 2
"""How often a step of a BMC that is known to live is begun; each round has all the tries of the session's timing."""

T = TypeVar("T")
Steps = Generator[Ask | Say, Any, T]


def patiently(step: Ask | Say) -> Steps[Any]:
    """The reply to a step, begun anew where a bad network may have swallowed a whole round; None where it stays out."""
    for _ in range(ROUNDS):
        reply = yield step
        if reply is not None:
            return reply
    return None
