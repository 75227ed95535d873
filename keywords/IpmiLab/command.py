"""Keywords that send any command, by its bytes or by its name."""

from typing import Any, NamedTuple

from robot.api.deco import keyword

from ipmi_lab.commands import byname
from ipmi_lab.commands.command import Request, meaning
from ipmi_lab.commands.raw import Raw
from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.links.worlds import run
from ipmi_lab.wire.codes import CompletionCode, OpenEnum
from ipmi_lab.wire.fields import to_bytes
from IpmiLab.context import Context
from IpmiLab.types import Hex

Command = type[Request[Any]] | None
"""A command, or None where nobody knows which one it is."""


class RawResult(NamedTuple):
    """What came back: the completion code, the data behind it, and the seconds that it took."""

    completion: CompletionCode
    data: bytes
    elapsed: float


class CommandKeywords:
    """Any command."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Raw"])
    def send_raw_command(
        self,
        *request: Hex,
        lun: int = 0,
        expected: str | None = None,
        expected_completion: str = "ok",
        session: str | None = None,
    ) -> RawResult:
        """Sends network function, command and data as bytes; returns ``completion``, ``data`` and ``elapsed``.

        Args:
            request: The bytes in hex: network function, command, data.
            lun: The logical unit of the BMC.
            expected: A pattern that the data must fit, as in `Bytes Should Match`.
            expected_completion: The completion code that must come, as a number or in words.
            session: The alias of the session; else the current one.

        Example:
        | ${answer}= | Send Raw Command | 0x06 0x01 |
        | Send Raw Command | 0x06 0x01 0x00 | expected_completion=Request Data Length Invalid |
        """
        data = b"".join(request)
        if len(data) < 2:
            raise LocalError(
                f"a raw command has at least two bytes, {len(data)} came", hint="Write 0x06 0x01: netfn and command."
            )
        ipmi = self.context.ipmi(session)
        label, command = Raw(data[0], data[1], data[2:], lun).label(), byname.find_number(data[0], data[1], data[2:])
        wanted = completion(expected_completion, command, label)
        answer = ipmi.exchange(data[0], data[1], data[2:], lun=lun)
        self._expect(label, command, answer.completion, wanted)
        if expected is not None:
            match(answer.data, expected)
        return RawResult(answer.completion, answer.data, answer.elapsed)

    @keyword
    def send_command(
        self, name: str, /, *, expected_completion: str = "ok", session: str | None = None, **fields: Any
    ) -> Any:
        """Sends a command by its name; returns the decoded answer.

        Case, spaces and underscores of the name do not count. ``ipmi-lab commands`` lists all names and fields.

        Args:
            name: The name, such as ``GetDeviceId`` or ``Chassis Control``.
            expected_completion: The completion code that must come, as a number or in words.
            session: The alias of the session; else the current one.
            fields: The command's fields: numbers, words, or bytes in hex.

        Example:
        | ${id}= | Send Command | GetDeviceId |
        | Send Command | ChassisControl | action=power cycle |
        """
        ipmi = self.context.ipmi(session)
        ask = byname.request(name, **fields)
        wanted = completion(expected_completion, type(ask), ask.label())
        code, data = run(ipmi.link.exchange(ask))
        self._expect(ask.label(), type(ask), code, wanted)
        return ask.answer(0, data) if code == 0 else data

    @keyword
    def send_text_command(self, *words: str, session: str | None = None) -> str:
        """Sends a text command over a serial line in terminal mode; returns what the BMC replied behind its OK.

        Args:
            words: The command: ``POWER ON``, ``HEALTH QUERY``, ``IDENTIFY -ON 1E``, ``TMODE`` ….
            session: The alias of the session; else the current one.

        Example:
        | ${health}= | Send Text Command | HEALTH QUERY |
        | Should Start With | ${health} | PWR:ON |
        """
        return self.context.ipmi(session).send_text_command(" ".join(words))

    @staticmethod
    def _expect(label: str, command: Command, code: int, wanted: int) -> None:
        if code != wanted:
            raise AssertionError(
                f"{label}: the completion code is 0x{code:02X} ({meaning(command, code)}), "
                f"expected 0x{wanted:02X} ({meaning(command, wanted)})"
            )

    @keyword(tags=["Assertion"])
    def bytes_should_match(self, actual: Hex, pattern: str) -> None:
        """Fails unless the bytes fit a pattern: hex bytes, ``??`` for any byte, ``..`` at the end for any more.

        Args:
            actual: The bytes.
            pattern: What they should be, such as ``20 ?? 02 ..``.

        Example:
        | Bytes Should Match | ${answer.data} | 20 ?? 02 .. |
        """
        match(actual, pattern)


def completion(text: str, command: Command, label: str) -> int:
    """A completion code by number or words, also one that only this command defines."""
    tables: list[type[OpenEnum]] = [CompletionCode] if command is None else [command.codes, CompletionCode]
    for codes in tables:
        try:
            return int(codes.from_words(text))
        except LocalError:
            continue
    words = [name.lower().replace("_", " ") for codes in tables for name in codes.__members__]
    raise LocalError(f"{text!r} is no completion code", request=label, hint=did_you_mean(text, words))


def match(actual: bytes, pattern: str) -> None:
    """AssertionError unless the bytes fit the pattern."""
    words = pattern.split()
    more = bool(words) and words[-1] == ".."
    wanted = words[:-1] if more else words
    fits = len(actual) >= len(wanted) if more else len(actual) == len(wanted)
    fits = fits and all(
        word == "??" or to_bytes(word) == actual[index : index + 1] for index, word in enumerate(wanted)
    )
    if not fits:
        raise AssertionError(f"the bytes {actual.hex(' ').upper() or 'nothing'} do not fit {pattern}")
