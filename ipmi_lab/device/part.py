"""Features are written once, as coroutines that wait only for their link, and serve both worlds.

A blocking device runs a feature to its end in the caller's own thread: its link never suspends, so one ``send``
finishes the coroutine. An asyncio device hands the coroutine out. There is no event loop, no helper thread and no
second text for the blocking world, and a traceback shows the feature's own lines.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from ipmi_lab.links.link import Asyncio, Blocking, Link

World = TypeVar("World", Blocking, Asyncio)
P = ParamSpec("P")
R = TypeVar("R")


class Part(Generic[World]):
    """What a BMC can do, by subject. Inside a feature ``self`` is the part's asyncio view, whatever its world."""

    __slots__ = ("__dict__", "__weakref__", "_calls")  # a slot is found at once, for each call of a feature
    inside: ClassVar[bool] = False

    def __init__(self, link: Link) -> None:
        self.link = link
        self._inside: Part[Any] | None = None
        self._calls: dict[Any, Callable[..., Any]] = {}  # the features of a blocking part, made at their first use

    def view(self) -> "Part[Any]":
        """The same part with the same state, whose features give coroutines."""
        if self._inside is None:
            view = object.__new__(_view(type(self)))
            view.__dict__, view._calls = self.__dict__, {}
            self._inside = view
        return self._inside


_views: dict[type, type[Part[Any]]] = {}


def _view(part: type[Part[Any]]) -> type[Part[Any]]:
    """The class whose features give coroutines; its objects share the state of those that they stand for."""
    if part not in _views:
        _views[part] = type(part.__name__, (part,), {"inside": True})
    return _views[part]


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
        if part is None:
            return self
        return part._calls.get(self) or self._bound(part)

    def _bound(self, part: "Part[Any]") -> Callable[P, Any]:
        """The feature of this very part; that of a blocking one is made once, and kept."""
        function = self.__wrapped__
        if part.inside or not part.link.blocking:
            return partial(function, part)
        view = part.view()

        def call(*args: Any, **kwargs: Any) -> R:
            return run(function(view, *args, **kwargs))

        call.__doc__, call.__name__ = self.__doc__, self.__name__
        part._calls[self] = call
        return call
