"""Features are written once, as coroutines that wait only for their link, and serve both worlds.

A blocking device runs a feature to its end in the caller's own thread: its link never suspends, so one ``send``
finishes the coroutine. An asyncio device hands the coroutine out. There is no event loop, no helper thread and no
second text for the blocking world, and a traceback shows the feature's own lines.

What is one request is written as a method that gives it (``asks``); it is sent in either world.
"""

from collections.abc import Callable, Coroutine
from functools import cached_property, partial, wraps
from inspect import Parameter, Signature, signature
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar, get_args, overload

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.links.link import Link
from ipmi_lab.links.worlds import Asyncio, Blocking, run

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
        self._calls: dict[Any, Callable[..., Any]] = {}  # its features, made at their first use

    def view(self) -> "Part[Any]":
        """The same part with the same state, whose features give coroutines."""
        if self.inside:
            return self
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


class _Method(Generic[P, R]):
    """A method of a part, with the same parameters in both worlds. That of a blocking part is made once, and kept."""

    blocking: ClassVar[str]
    """What it does in the blocking world with what was written, in Python."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function

    @overload
    def __get__(self, part: "Part[Blocking]", owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, part: "Part[Any]", owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, part: None, owner: type) -> Self: ...
    def __get__(self, part: "Part[Any] | None", owner: type) -> Any:
        if part is None:
            return self
        return part._calls.get(self) or self._bound(part)

    def _bound(self, part: "Part[Any]") -> Callable[P, Any]:
        if part.inside or not part.link.blocking:
            asked = part._calls[self] = partial(self._coroutine, part.view())
            return asked
        call = part._calls[self] = self._make(part.view(), part.link)
        written = self.__wrapped__
        call.__name__, call.__qualname__ = written.__name__, written.__qualname__
        call.__doc__, call.__module__, call.__annotations__ = written.__doc__, written.__module__, self._annotations
        return call

    @property
    def _coroutine(self) -> Callable[..., Coroutine[Any, Any, R]]:
        """What the method is in the asyncio world, and inside of features."""
        raise NotImplementedError

    @property
    def _annotations(self) -> dict[str, Any]:
        return self.__wrapped__.__annotations__

    @cached_property
    def _make(self) -> Callable[["Part[Any]", Link], Callable[P, R]]:
        """Makes the function of a blocking part. It is compiled with the parameters of the one that was written: people
        see them, and to pass on whatever comes would take longer than anything else of the call."""
        takes, result, names = _passed_on(self.__wrapped__)
        source = (
            f"def make(_Part, _Link):\n"
            f"    def call{Signature(takes)}:\n"
            f"        try:\n"
            f"            return {self.blocking.format(result)}\n"
            f"        except _Error as error:\n"
            f"            error.about(target=_Link.name)\n"
            f"            raise\n"
            f"    return call\n"
        )
        names |= {"_Run": run, "_Error": IpmiLabError}
        exec(compile(source, f"<blocking {self.__wrapped__.__qualname__}>", "exec"), names)
        return names["make"]  # type: ignore[no-any-return]  # as it is written above


def _passed_on(function: Callable[..., Any]) -> tuple[list[Parameter], str, dict[str, Any]]:
    """The parameters of what was written, without types and ``self``; a call of it with them, as text; and the names
    that both use."""
    written = list(signature(function).parameters.values())[1:]
    takes = [each.replace(annotation=each.empty, default=_default(each)) for each in written]
    gives = ", ".join(["_Part", *(_PASSED_ON.get(each.kind, "{0}").format(each.name) for each in written)])
    names = {f"_Default_{each.name}": each.default for each in written}
    return takes, f"_Function({gives})", names | {"_Function": function, "__name__": function.__module__}


_PASSED_ON: dict[object, str] = {
    Parameter.KEYWORD_ONLY: "{0}={0}",
    Parameter.VAR_POSITIONAL: "*{0}",
    Parameter.VAR_KEYWORD: "**{0}",
}


def _default(parameter: Parameter) -> Any:
    """What stands for the default of a parameter where its signature is written as text: the name that it goes by."""
    return parameter.empty if parameter.default is parameter.empty else _Word(f"_Default_{parameter.name}")


class _Word(str):
    __repr__ = str.__str__


class feature(_Method[P, R]):  # noqa: N801  # it is used as a decorator, and those are written small
    """Makes a coroutine callable in both worlds."""

    blocking = "_Run({})"

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]) -> None:
        super().__init__(function)

    @cached_property
    def _coroutine(self) -> Callable[..., Coroutine[Any, Any, R]]:
        """What was written, but that a mistake in its arguments names the target too."""
        function = self.__wrapped__

        @wraps(function)
        async def naming(part: Part[Any], /, *given: Any, **by_name: Any) -> R:
            try:
                return await function(part, *given, **by_name)  # type: ignore[no-any-return]  # as it is written
            except IpmiLabError as error:
                error.about(target=part.link.name)
                raise

        return naming


class asks(_Method[P, R]):  # noqa: N801  # a decorator too
    """Makes a method that gives a request send it, in both worlds: what comes back is the answer."""

    blocking = "_Link.ask({})"

    def __init__(self, function: Callable[Concatenate[Any, P], Request[R]]) -> None:
        super().__init__(function)

    @cached_property
    def _coroutine(self) -> Callable[..., Coroutine[Any, Any, R]]:
        function = self.__wrapped__
        takes, result, names = _passed_on(function)
        part = Parameter("_Part", Parameter.POSITIONAL_ONLY)
        source = (
            f"async def send{Signature([part, *takes])}:\n"
            f"    try:\n"
            f"        return await _Part.link.send({result})\n"
            f"    except _Error as error:\n"
            f"        error.about(target=_Part.link.name)\n"
            f"        raise\n"
        )
        names["_Error"] = IpmiLabError
        exec(compile(source, f"<asyncio {function.__qualname__}>", "exec"), names)
        told: Any = wraps(function)(names["send"])
        told.__signature__ = signature(function).replace(return_annotation=self._annotations.get("return"))
        return told  # type: ignore[no-any-return]  # as it is written above

    @property
    def _annotations(self) -> dict[str, Any]:
        """As they are for whoever calls it: the answer comes back and not the request."""
        known = dict(self.__wrapped__.__annotations__)
        if args := get_args(known.get("return")):
            known["return"] = args[0]
        return known
