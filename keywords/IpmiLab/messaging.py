"""Keywords for the messaging commands of IPMI, each under its own name, made from their declarations.

A command's fields are the keyword's arguments: their types convert and document them, the command's docstring is the
keyword's. So none can be missing, and none can say something else than the command does.
"""

import inspect
from collections.abc import Callable
from typing import Any, Union

from robot.api.deco import keyword

from ipmi_lab.commands import channel, i2c, messaging, session, systeminfo, user
from ipmi_lab.commands.command import BY_NAME, Request, title
from ipmi_lab.errors import LocalError
from ipmi_lab.links.worlds import run
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import OpenEnum
from ipmi_lab.wire.fields import Field
from IpmiLab.context import Context
from IpmiLab.types import Hex, Password

SUBJECTS = (messaging, session, channel, user, systeminfo, i2c)
SOMETIMES_SECRET = {("GetAuthCode", "data")}
WRITTEN_BY_HAND = {
    "CloseSession",
    "GetChannelAuthenticationCapabilities",
    "GetChannelCipherSuites",
    "GetSessionInfo",
    "SetSessionPrivilegeLevel",
}


def commands() -> list[type[Request[Any]]]:
    """The commands that become keywords here."""
    modules = {subject.__name__ for subject in SUBJECTS}
    found = {command for command in BY_NAME.values() if command.__module__ in modules}
    return sorted((c for c in found if c.__name__ not in WRITTEN_BY_HAND), key=lambda command: command.__name__)


class MessagingKeywords:
    """One keyword a command."""

    def __init__(self, context: Context) -> None:
        self.context = context


def _keyword(command: type[Request[Any]]) -> Callable[..., Any]:
    fields = [field for field in command.plan().fields.values() if not field.reserved]

    def send(self: MessagingKeywords, *, session: str | None = None, **given: Any) -> Any:
        values = {key: value for key, value in given.items() if value is not None}
        values |= {key: Password.from_secret(values[key]) for key in command.hidden(values)}
        try:
            request = command(**{key: _plain(value) for key, value in values.items()})
        except LocalError as error:
            raise error.about(target=self.context.held(session).target.name) from None
        return run(self.context.ipmi(session).link.send(request))

    send.__doc__ = _documentation(command, fields)
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    needed = [field for field in fields if field.name not in command.plan().defaults]
    for field in [*needed, *(field for field in fields if field not in needed)]:
        usual = command.plan().defaults.get(field.name, inspect.Parameter.empty)
        kind = _type(field) | Password if (command.__name__, field.name) in SOMETIMES_SECRET else _type(field)
        parameters.append(inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=usual, annotation=kind))
    parameters.append(inspect.Parameter("session", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=str | None))
    send.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Robot reads
    send.__annotations__ = {p.name: p.annotation for p in parameters if p.annotation is not inspect.Parameter.empty}
    send.__name__ = send.__qualname__ = title(command.__name__).lower().replace(" ", "_")
    changes = ["Setter", "Destructive"] if command.needs else ["Getter"]
    marked: Callable[..., Any] = keyword(name=title(command.__name__), tags=changes)(send)
    return marked


def _type(field: Field) -> Any:
    if field.type is bytes:
        kind: Any = Hex
    elif field.type is Secret:
        kind = Password
    else:
        kind = Union[field.type, int] if issubclass(field.type, OpenEnum) else field.type  # noqa: UP007  # of a variable
    return kind | None if field.optional and field.type is not Secret else kind


def _plain(value: Any) -> Any:
    return Secret(value) if isinstance(value, Password) else value


def _documentation(command: type[Request[Any]], fields: list[Field]) -> str:
    lines = [inspect.cleandoc(command.__doc__ or ""), ""]
    if command.needs:
        lines += [f"Needs the permission ``{command.needs}``.", ""]
    answer = ", ".join(f"``{name}``" for name in command.response.plan().fields if not name.startswith("_"))
    lines += [f"Returns {answer}." if answer else "Returns nothing but that it was done.", "", "Args:"]
    lines += [f"    {field.name}: {_range(field)}" for field in fields]
    lines += ["    session: The alias of the session; else the current one.", "", "Example:"]
    needed = [f"{f.name}={_sample(f)}" for f in fields if f.name not in command.plan().defaults]
    lines += [f"| ${{answer}}= | {' | '.join([title(command.__name__), *needed])} |"]
    return "\n".join(lines)


def _range(field: Field) -> str:
    if issubclass(field.type, OpenEnum):
        return f"One of {', '.join(member.words for member in field.type)}; or its number."
    if field.type is bool:
        return "Yes or no."
    if field.type is bytes:
        return "Bytes in hex."
    if field.type is Secret:
        return "A variable of type ``Secret``."
    return "A text." if field.type is str else f"A number from 0 to {field.limit}."


def _sample(field: Field) -> str:
    if issubclass(field.type, OpenEnum):
        return list(field.type)[-1].words
    return {bool: "yes", bytes: "0x00", str: "bench", Secret: "${PASSWORD}"}.get(field.type, "1")


for _command in commands():
    _made = _keyword(_command)
    setattr(MessagingKeywords, _made.__name__, _made)
