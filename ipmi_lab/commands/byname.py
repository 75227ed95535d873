"""Finds a command by its name or its numbers, and makes a request from words."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ipmi_lab.commands.command import BY_NAME, BY_NUMBER, Request
from ipmi_lab.errors import LocalError, did_you_mean, fold
from ipmi_lab.secret import HasValue, Secret
from ipmi_lab.wire.codes import NetFn

BODIES: dict[int, int] = {NetFn.GROUP: 1, NetFn.OEM_GROUP: 3}
"""How many bytes of the data belong to the number of a command, by network function."""


@cache
def load() -> None:
    """Import every subject, so that the registry is whole. Done at the first look-up, not at import."""
    import importlib
    import pkgutil

    package = importlib.import_module("ipmi_lab.commands")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"ipmi_lab.commands.{module.name}")


def commands() -> list[type[Request[Any]]]:
    """Every command that is known, by network function and number."""
    load()
    return [BY_NUMBER[key] for key in sorted(BY_NUMBER)]


def find(name: str) -> type[Request[Any]]:
    """The command of that name; case, spaces, underscores and hyphens do not count."""
    load()
    found = BY_NAME.get(fold(name))
    if found is None:
        known = sorted(command.__name__ for command in BY_NAME.values())
        raise LocalError(f"there is no command {name!r}", hint=did_you_mean(name, known))
    return found


def find_number(netfn: int, command: int, data: bytes = b"") -> type[Request[Any]] | None:
    """The command with these numbers, or None; ``data`` tells the body of group and OEM network functions."""
    body = data[: BODIES[netfn]] if netfn in BODIES else b""
    found = BY_NUMBER.get((netfn, command, body))
    if found is None:
        load()
        found = BY_NUMBER.get((netfn, command, body))
    return found


def request(name: str, /, **fields: Any) -> Request[Any]:
    """A request from a name and its fields; values may be words, numbers or hex text."""
    command = find(name)
    fields = hide(command, fields)
    return command(**fields)


def hide(command: type[Request[Any]], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request with its passwords and keys as secrets: a traceback may show them among its locals."""
    hidden = command.hidden(fields)
    return {
        name: Secret(value) if name in hidden and isinstance(value, (str, bytes, HasValue)) else value
        for name, value in fields.items()
    }
