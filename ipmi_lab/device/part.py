"""Features are written once, as coroutines that wait only for their link, and serve both worlds.

A blocking device runs a feature to its end in the caller's own thread: its link never suspends, so one ``send``
finishes the coroutine. An asyncio device hands the coroutine out. There is no event loop, no helper thread and no
second text for the blocking world, and a traceback shows the feature's own lines.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from ipmi_lab.links.link import Asyncio, Blocking, Link

World = TypeVar("World", Blocking, Asyncio)
P = ParamSpec("P")
R = TypeVar("R")


class Part(Generic[World]):
    """What a BMC can do, by subject: a class that declares features. What is made of it is of one of two classes, for
    the blocking world and for asyncio. Inside a feature ``self`` is always of the second."""

    __slots__ = ("_inside", "link")
    declared: ClassVar[type]

    def __new__(cls, link: Link, *args: Any, **kwargs: Any) -> Self:
        part: Self = object.__new__(_made(cls, blocking=link.blocking))
        return part

    def __init__(self, link: Link) -> None:
        self.link = link
        self._inside: Part[Any] | None = None

    def view(self) -> "Part[Any]":
        """A blocking part with the same state, whose features give coroutines."""
        if self._inside is None:
            view = object.__new__(_made(self.declared, blocking=False))
            view.link, view.__dict__ = self.link, self.__dict__
            self._inside = view
        return self._inside


_classes: dict[tuple[type, bool], type[Any]] = {}


def _made(part: type[Any], *, blocking: bool) -> type[Any]:
    """The class of a part's objects in one of the worlds: its features are functions that wait, or coroutines."""
    made = _classes.get((part, blocking))
    if made is None:
        features = [found for name in dir(part) if isinstance(found := getattr(part, name), feature)]
        functions = {each.__name__: each.in_place() if blocking else each.__wrapped__ for each in features}
        made = _classes[part, blocking] = type(part.__name__, (part,), functions | {"declared": part})
    return made


def run(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a feature of a blocking device to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the coroutine's own type says what it is
    coroutine.close()
    raise RuntimeError("a feature of a blocking device waited for something that is not its link")


class feature(Generic[P, R]):  # noqa: N801  # it is used as a decorator, and those are written small
    """Makes a coroutine method callable in both worlds, with the same parameters."""

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]) -> None:
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function

    @overload
    def __get__(self, part: "Part[Blocking]", owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, part: "Part[Any]", owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, part: None, owner: type) -> "feature[P, R]": ...
    def __get__(self, part: "Part[Any] | None", owner: type) -> Any:
        return self  # of the class that declares it; in what is made of that, a function stands in its place

    def in_place(self) -> Callable[..., R]:
        """The function of a blocking part: it runs the feature to its end."""
        function = self.__wrapped__

        @wraps(function)
        def call(part: Part[Blocking], /, *args: Any, **kwargs: Any) -> R:
            return run(function(part._inside or part.view(), *args, **kwargs))

        return call
