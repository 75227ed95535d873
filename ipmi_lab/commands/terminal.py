"""The text commands of terminal mode, and the commands that they stand for. IPMI 2.0 §14.7.5."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ipmi_lab.commands.boot import BootParameter, GetSystemBootOptions, SetSystemBootOptions
from ipmi_lab.commands.chassis import ChassisControl, ChassisIdentify, Power
from ipmi_lab.commands.command import Permission, Request
from ipmi_lab.errors import LocalError, did_you_mean

VALID = 0x80
LONGEST = 122


class TextCommand(NamedTuple):
    """A text command: its line, its name, the bytes behind it, and the command that it stands for, if for one."""

    text: str
    command: str
    data: bytes
    request: Request[Any] | None
    needs: Permission

    def label(self) -> str:
        """How errors call it."""
        return f"[{self.text}]"

    def permission(self) -> Permission:
        """What this very command needs."""
        return self.needs

    def secret(self) -> bool:
        """Whether it carries a password: never, since these are refused."""
        return False

    def repeatable(self) -> bool:
        """Whether it may be sent twice when its reply is lost."""
        return not self.needs and (self.request is None or self.request.repeatable())


class Kind(NamedTuple):
    """What makes the command of the bytes behind a text command's words, how many these are, and what it needs where
    the command itself does not say."""

    make: Callable[[bytes], Request[Any]] | None = None
    least: int = 0
    most: int = 0
    needs: Permission = ""


def _boot(data: bytes) -> Request[Any]:
    return SetSystemBootOptions(parameter=BootParameter.BOOT_FLAGS, data=bytes((data[0] | VALID,)) + data[1:])


KINDS = {
    "TMODE": Kind(),
    "RESET": Kind(lambda data: ChassisControl(action=Power.HARD_RESET), needs="power"),
    "POWER ON": Kind(lambda data: ChassisControl(action=Power.ON), needs="power"),
    "POWER OFF": Kind(lambda data: ChassisControl(action=Power.OFF), needs="power"),
    "HEALTH QUERY": Kind(),
    "HEALTH QUERY -V": Kind(),
    "IDENTIFY": Kind(lambda data: ChassisIdentify()),
    "IDENTIFY -ON": Kind(lambda data: ChassisIdentify.decode(data), 0, 1),
    "IDENTIFY -OFF": Kind(lambda data: ChassisIdentify(seconds=0)),
    "SET BOOT": Kind(_boot, 5, 5, "write"),
    "SET BOOTOPT": Kind(lambda data: SetSystemBootOptions.decode(data), 1, 18, "write"),
    "GET BOOTOPT": Kind(lambda data: GetSystemBootOptions.decode(data), 3, 3),
    "SET TCFG": Kind(),
    "SET TCFG -V": Kind(None, 2, 2, "write"),
    "SET TCFG -N": Kind(None, 2, 2, "write"),
}
"""The text commands by their words."""


def text_command(text: str) -> TextCommand:
    """A text command as people write it, ``POWER ON`` or ``[SYS POWER ON]``; LocalError where it is none.

    What a maker added (six hex digits, then words) needs the permission ``raw``.
    """
    line = text.strip().removeprefix("[").removesuffix("]").strip()
    if len(line) > LONGEST or not all(" " <= letter <= "~" and letter not in "[]\\" for letter in line):
        raise LocalError(f"{line[:40]!r} is no line of text", hint="Write HEALTH QUERY.")
    words = line.upper().split()
    if words[:1] == ["SYS"]:
        words = words[1:]
    if words[:1] == ["PWD"]:
        raise LocalError(
            "a password does not belong into a text command, where logs would show it",
            hint="Open the session with login=text.",
        )
    whole = " ".join(["SYS", *words])
    if words and len(words[0]) == 6 and all(letter in "0123456789ABCDEF" for letter in words[0]):
        return TextCommand(whole, words[0], b"", None, "raw")
    for count in range(len(words), 0, -1):
        command = " ".join(words[:count])
        if command in KINDS:
            data = _bytes(command, words[count:])
            make = KINDS[command].make
            request = None if make is None else make(data)
            return TextCommand(whole, command, data, request, KINDS[command].needs)
    hint = did_you_mean(" ".join(words), list(KINDS))
    raise LocalError(f"{' '.join(words)!r} is no text command of terminal mode", hint=hint)


def _bytes(command: str, words: list[str]) -> bytes:
    """The hex bytes behind a command's words."""
    least, most = KINDS[command].least, KINDS[command].most
    fits = least <= len(words) <= most and all(len(word) <= 2 for word in words)
    try:
        if fits:
            return bytes(int(word, 16) for word in words)
    except ValueError:
        pass
    behind = "nothing" if not most else f"{least} to {most} hex bytes" if least < most else f"{most} hex bytes"
    raise LocalError(f"{command} takes {behind} behind it, not {' '.join(words)!r}")
