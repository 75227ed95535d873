"""Terminal mode at a virtual BMC: its text commands, its echo, and how it is set. IPMI 2.0 §14.7."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ipmi_lab.commands.boot import BootParameter, SetSystemBootOptions
from ipmi_lab.commands.terminal import KINDS, text_command
from ipmi_lab.errors import LocalError
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import DELETE, TerminalMode
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.state import Hex
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.virtual.serial import SerialLine

NEWLINES = {"cr-lf": b"\r\n", "nul": b"\0", "cr": b"\r", "lf-cr": b"\n\r", "lf": b"\n"}
OUTPUT = list(NEWLINES)  # in the order of their numbers, from 1
EDITING, ERASE, ECHO, HANDSHAKE = 0x20, 0x04, 0x02, 0x01
ERASED = b"\x08 \x08"
PARTS = ("H", "T", "V", "PS", "C", "D", "S", "O")
VERBOSE = ("Temperature", "Voltage", "PowerSystem", "Cooling", "Drives", "Security", "Other")


class Terminal:
    """What a person sees at the line. The configuration is the two bytes of serial parameter 29, volatile and not."""

    keeps: ClassVar[Mapping[str, Any]] = {"lasting": Hex}

    def __init__(self, line: "SerialLine") -> None:
        self.line = line
        profile = line.profile
        first = EDITING * profile.editing | ERASE * profile.editing | ECHO * profile.echo
        second = (OUTPUT.index(profile.newline) + 1) << 4 | 1
        self._volatile = self.lasting = bytes((first, second))
        self.mode = TerminalMode(ipmb.BMC, ipmb.CONSOLE)
        self._apply()

    def reset(self) -> None:
        """Take the settings that are kept."""
        self._volatile = self.lasting
        self._apply()

    def _apply(self) -> None:
        number = self._volatile[1] >> 4
        newline = NEWLINES[OUTPUT[number - 1]] if 1 <= number <= len(OUTPUT) else b""
        self.mode.set(newline=newline, editing=bool(self._volatile[0] & EDITING))

    @property
    def handshake(self) -> bool:
        """Whether the BMC says when it is ready for more."""
        return bool(self._volatile[0] & HANDSHAKE)

    def echo(self, data: bytes) -> None:
        """Show what is typed, where that is on."""
        if self._volatile[0] & ECHO:
            erased = ERASED if self._volatile[0] & ERASE else bytes((DELETE,))
            self.line.send(data.replace(bytes((DELETE,)), erased))

    def take(self, text: str, now: float) -> None:
        """Do what a line of text says, and reply."""
        words = text.split()
        self.line.send(self.mode.wrap_text(self._reply(words, now)))
        if self.handshake:
            self.line.ready()

    def _reply(self, words: list[str], now: float) -> str:
        if [word.upper() for word in words[:2]] == ["SYS", "PWD"]:
            return self._password(words[2:], now)
        session = self.line.session
        if session is None:
            return _error(CompletionCode.INSUFFICIENT_PRIVILEGE)
        session.last_heard = now
        return self._do(" ".join(words), session, now)

    def _password(self, words: list[str], now: float) -> str:
        switch, given = (words[0].upper(), words[1:]) if words else ("", [])
        if switch == "-X" and not given:
            self.line.logout()
            return "OK"
        if switch == "-U" and 1 <= len(given) <= 2:
            name, password = given[0], "".join(given[1:])
        elif switch == "-N" and len(given) <= 1:
            name, password = "", "".join(given)
        else:
            return _error(CompletionCode.INVALID_DATA_FIELD)
        if self.line.login(name.encode("latin-1"), password.encode("latin-1"), now):
            return "OK"
        return _error(CompletionCode.INSUFFICIENT_PRIVILEGE)

    def _do(self, text: str, session: BmcSession, now: float) -> str:
        try:
            command = text_command(text)
        except LocalError:
            known = any(text.upper().removeprefix("SYS ").startswith(word) for word in KINDS)
            return _error(CompletionCode.INVALID_DATA_FIELD if known else CompletionCode.INVALID_COMMAND)
        if command.command == "SET BOOT":  # all who may handle the flags have yet to do so
            unhandled = SetSystemBootOptions(parameter=BootParameter.ACKNOWLEDGE, data=b"\xff\xff")
            self.line.bmc.answer_to(unhandled, session, self.line, now)
        if command.request is not None:
            data = self.line.bmc.answer_to(command.request, session, self.line, now)
            return _error(data[0]) if data[0] else f"OK {data[1:].hex(' ').upper()}".rstrip()
        if command.command == "TMODE":
            return "OK TMODE"
        if command.command.startswith("HEALTH"):
            return self._health(command.command.endswith("-V"), now)
        if command.command.startswith("SET TCFG"):
            return self._configure(command.command, command.data)
        return _error(CompletionCode.INVALID_COMMAND)

    def _health(self, verbose: bool, now: float) -> str:
        """Power is known; of the rest this machine has no sensors."""
        on = self.line.bmc.chassis.is_on(now)
        if not verbose:
            return " ".join([f"PWR:{'ON' if on else 'OFF'}", *(f"{part}:{'ok' if on else '??'}" for part in PARTS)])
        newline = self.mode.newline.decode("latin-1") or " "
        state = "OK" if on else "Unknown"
        lines = [f"SYS Health:{state}", f"Power:{'ON' if on else 'OFF'}", *(f"{part}:{state}" for part in VERBOSE)]
        return newline.join([*lines, ""])

    def _configure(self, command: str, data: bytes) -> str:
        if command.endswith("-V"):
            self._volatile = data
            self._apply()
        elif command.endswith("-N"):
            self.lasting = data
        newline = self.mode.newline.decode("latin-1") or " "
        shown = (f"{name}:{value.hex(' ').upper()}" for name, value in (("V", self._volatile), ("N", self.lasting)))
        return newline.join([*shown, ""])


def _error(code: int) -> str:
    return f"ERR {code:02X}"
