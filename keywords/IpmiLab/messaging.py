"""Keywords for the messaging commands of IPMI, each under its own name, made from the methods of a device.

A keyword does what the method of its name does, and gives what that gives. The method's parameters are its arguments;
the fields of the command say what each may be. So none can be missing, and none can be another thing than in Python.
"""

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_origin

from robot.api.deco import keyword

from ipmi_lab.commands import channel, i2c, messaging, session, systeminfo, user
from ipmi_lab.commands.command import BY_NAME, Request, Response, title
from ipmi_lab.device.device import Device
from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import OpenEnum
from IpmiLab.context import Context
from IpmiLab.types import Hex, Password, choices

SUBJECTS = (messaging, session, channel, user, systeminfo, i2c)
SOMETIMES_SECRET = {("GetAuthCode", "data")}
WRITTEN_BY_HAND = {
    "CloseSession",
    "GetChannelAuthenticationCapabilities",
    "GetChannelCipherSuites",
    "GetSessionInfo",
    "SetSessionPrivilegeLevel",
}
IN_ROBOT = {"``send_message_with_name``": "`Send Command`", "``ipmi.session.establish()``": "`Establish Session`"}
"""What the texts of the methods speak of, as it is called here."""

SHOWN = {bytes: Hex, Secret: Password}
SAMPLES = {bool: "yes", bytes: "0x00", str: "bench", Secret: "${PASSWORD}"}


def commands() -> list[type[Request[Any]]]:
    """The commands that become keywords here."""
    modules = {subject.__name__ for subject in SUBJECTS}
    found = {command for command in BY_NAME.values() if command.__module__ in modules}
    return sorted((c for c in found if c.__name__ not in WRITTEN_BY_HAND), key=lambda command: command.__name__)


class MessagingKeywords:
    """One keyword a command."""

    def __init__(self, context: Context) -> None:
        self.context = context


class Made:
    """What is known of a keyword that is made: its name, its arguments by name, and what each may be."""

    def __init__(self, command: type[Request[Any]]) -> None:
        self.command = command
        self.name = title(command.__name__)
        self.method = self.name.lower().replace(" ", "_")
        self.function: Any = getattr(Device, self.method).__wrapped__
        takes = list(inspect.signature(self.function).parameters.values())[1:]
        fields = command.plan().fields
        self.kinds: dict[str, type[Any]] = {
            p.name: fields[p.name].type if p.name in fields else p.annotation for p in takes
        }
        self.defaults = {p.name: p.default for p in takes if p.default is not p.empty}
        self.needed = [name for name in self.kinds if name not in self.defaults]

    def check(self, unnamed: tuple[Any, ...], given: dict[str, Any]) -> None:
        """LocalError where something was given without a name, by a wrong one, or not at all."""
        known = [*self.kinds, "session"]
        wrong = next((name for name in given if name not in known), None)
        missing = [name for name in self.needed if given.get(name) is None]
        if wrong is not None:
            hint = did_you_mean(wrong, known)
            raise LocalError(f"there is no argument {wrong!r}", request=self.name, hint=f"{hint} {self._takes(known)}")
        if unnamed:
            said = f"it takes its arguments by name, and {str(unnamed[0])!r} came without one"
            raise LocalError(said, request=self.name, hint=self._takes(known))
        if missing:
            raise LocalError(f"{missing[0]}= is needed", request=self.name, hint=self._takes(known))

    @staticmethod
    def _takes(known: list[str]) -> str:
        return f"It takes {', '.join(f'{name}=' for name in known)}."

    @property
    def signature(self) -> inspect.Signature:
        """As people and Robot see it."""
        arguments = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        for name, kind in self.kinds.items():
            usual = self.defaults.get(name, inspect.Parameter.empty)
            shown = SHOWN.get(kind, kind)
            either = (self.command.__name__, name) in SOMETIMES_SECRET
            arguments.append(_argument(name, shown | Password if either else shown, usual))
        return inspect.Signature([*arguments, _argument("session", str | None, None)])

    @property
    def documentation(self) -> str:
        text = inspect.cleandoc(self.function.__doc__)
        for ours, theirs in IN_ROBOT.items():
            text = text.replace(ours, theirs)
        lines = [text, ""]
        if self.command.needs:
            lines += [f"Needs the permission ``{self.command.needs}``.", ""]
        lines += [self._returns(), "", "Args:"]
        lines += [f"    {name}: {self._range(name)}" for name in self.kinds]
        lines += ["    session: The alias of the session; else the current one.", "", "Example:"]
        samples = [f"{name}={self._sample(name)}" for name in self.needed]
        return "\n".join([*lines, f"| ${{answer}}= | {' | '.join([self.name, *samples])} |"])

    def _returns(self) -> str:
        result = inspect.signature(self.function).return_annotation
        result = get_args(result)[0] if get_origin(result) is Request else result
        if result is None:
            return "Returns nothing but that it was done."
        if not issubclass(result, Response):
            return {bytes: "Returns bytes.", str: "Returns a text.", bool: "Returns yes or no."}[result]
        return f"Returns {', '.join(f'``{name}``' for name in result.plan().fields if not name.startswith('_'))}."

    def _range(self, name: str) -> str:
        kind = self.kinds[name]
        if issubclass(kind, OpenEnum):
            return choices(kind)
        plain = {bool: "Yes or no.", bytes: "Bytes in hex.", str: "A text.", Secret: "A variable of type ``Secret``."}
        return plain.get(kind) or f"A number from 0 to {self.command.plan().fields[name].limit}."

    def _sample(self, name: str) -> str:
        kind = self.kinds[name]
        return [each.words for each in kind][-1] if issubclass(kind, OpenEnum) else SAMPLES.get(kind, "1")


def _argument(name: str, kind: Any, usual: Any) -> inspect.Parameter:
    """By name only. One that is usually None is of no union: of that, Robot would not tell what is wrong."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=usual, annotation=kind)


def by_any_name(arguments: list[Any]) -> list[Any]:
    """The arguments of a keyword as Robot should see them in a run: it lets all through, and the keyword itself says
    what is wrong and which there are. Robot would say of a mistyped one only how many it expected."""
    optional = [each if isinstance(each, tuple) else (each, None) for each in arguments if each != "*"]
    return ["*unnamed", *optional, "**others"]


def _keyword(made: Made) -> Callable[..., Any]:
    def send(self: MessagingKeywords, *unnamed: Any, session: str | None = None, **given: Any) -> Any:
        made.check(unnamed, given)
        ipmi = self.context.ipmi(session)
        values = {name: value for name, value in given.items() if value is not None}
        values |= {name: Password.from_secret(values[name]) for name in made.command.hidden(values)}
        try:
            return getattr(ipmi, made.method)(**{name: _plain(value) for name, value in values.items()})
        except LocalError as error:
            raise error.about(target=ipmi.name) from None

    send.__doc__ = made.documentation
    send.__signature__ = made.signature  # type: ignore[attr-defined]  # what Robot reads
    named = made.signature.parameters.values()
    send.__annotations__ = {each.name: each.annotation for each in named if each.annotation is not each.empty}
    send.__name__ = send.__qualname__ = made.method
    changes = ["Setter", "Destructive"] if made.command.needs else ["Getter"]
    marked: Callable[..., Any] = keyword(name=made.name, tags=changes)(send)
    return marked


def _plain(value: Any) -> Any:
    return Secret(value) if isinstance(value, Password) else value


MADE = {made.name: made for made in map(Made, commands())}
for _made in MADE.values():
    setattr(MessagingKeywords, _made.method, _keyword(_made))
