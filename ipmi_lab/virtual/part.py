"""A part of a virtual BMC answers the commands of one subject."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ipmi_lab.commands.command import Request, Response

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc
    from ipmi_lab.virtual.controller import Controller

Q = TypeVar("Q", bound=Request[Any])
Answer = Response | int | None
"""A typed answer, or the completion code that refuses; None where the answer comes later, by itself."""


class Refuse(Exception):
    """Ends a command with a completion code, from wherever it is found out."""

    def __init__(self, code: int, data: bytes = b"") -> None:
        super().__init__(code)
        self.code, self.data = code, data


class Silent(Exception):
    """The command is done, and nothing is answered."""


def answers(command: type[Q]) -> Callable[[Callable[[Any, Q], Answer]], Callable[[Any, Q], Answer]]:
    """Mark the method of a part that answers ``command``."""

    def mark(method: Callable[[Any, Q], Answer]) -> Callable[[Any, Q], Answer]:
        method.answers = command  # type: ignore[attr-defined]  # a mark, read by ``Part.slots``
        return method

    return mark


class ControllerPart:
    """One subject of any controller: of a virtual BMC, or of one behind it. ``self.bmc.asking`` is who asks at this
    moment. ``keeps`` are its attributes that outlive the power, each with its type in a state file."""

    keeps: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, bmc: "Controller") -> None:
        self.bmc = bmc

    def reset(self) -> None:
        """Forget what is volatile, as at a cold reset."""

    def slots(self) -> Iterator[tuple[type[Request[Any]], Callable[[Any], Answer]]]:
        """The commands that this part answers, each with its method."""
        for name in dir(type(self)):
            command = getattr(getattr(type(self), name), "answers", None)
            if command is not None:
                yield command, getattr(self, name)


class Part(ControllerPart):
    """One subject of a virtual BMC."""

    bmc: "VirtualBmc"

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
