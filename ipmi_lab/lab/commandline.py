"""What the user typed, without what may be a secret in it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from ipmi_lab.errors import IpmiLabError
from ipmi_lab.trace.hidden import STARS
from ipmi_lab.trace.text import struck
from ipmi_lab.wire.fields import to_bytes

SECRET = re.compile(
    r"pass(?!ed|ing|ive|es\b)|secret|credential|token|(?:^|[^a-z])(?:pw|pwd|key|kg|psk|pin|auth)(?:[^a-z]|$)",
    re.IGNORECASE,
)
"""Names of options and variables whose values are nobody's business."""
VARIABLE = re.compile(r"(-v|--variable|-V|--variablefile)(=.*)?", re.IGNORECASE)
PAIR = re.compile(r"([^=:/\s]+)([=:])(.+)", re.DOTALL)
USER = re.compile(r"(://[^/@\s:]*):[^/@\s]+@")
BYTE = re.compile(r"(?:0x)?[0-9a-fA-F]{1,2}")


def command_line(words: list[str], *, robot: bool = False) -> str:
    """The program and its arguments as a line for a shell, without the path of the program.

    Values of Robot's variables are stars, and those of options and fields that are called like a secret, passwords in
    URLs, and bytes of raw commands that carry one.
    """
    program = Path(words[0] if words else "")
    name = f"python -m {program.parent.name}" if program.stem == "__main__" else program.name
    return " ".join([name, *map(shlex.quote, _shown(_bytes_struck(words[1:]), robot))])


def _shown(words: list[str], robot: bool) -> Iterator[str]:
    after = None  # what the next word is the value of
    for word in words:
        if after == "variable":
            after = None
            yield _variable(word)
        elif after == "secret" and not word.startswith("-"):
            after = None
            yield STARS
        elif robot and (found := VARIABLE.fullmatch(word)):
            after = None if found[2] else "variable"
            yield found[1] + ("=" + _variable(found[2][1:]) if found[2] else "")
        elif robot and re.match(r"-[vV].*:", word):
            after = None
            yield word[:2] + _variable(word[2:])
        else:
            name = word.partition("=")[0]
            after = "secret" if word == name and name.startswith("-") and SECRET.search(name) else None
            yield _without_secret(word)


def _variable(text: str) -> str:
    """Robot's ``NAME:value``, or ``file.py:arguments``, of which only the name is shown."""
    name, colon, _ = text.partition(": " if ": Secret:" in text else ":")
    return name + (colon.strip() + STARS if colon else "")


def _without_secret(word: str) -> str:
    word = USER.sub(rf"\1:{STARS}@", word)
    pair = PAIR.fullmatch(word)
    return pair[1] + pair[2] + STARS if pair and SECRET.search(pair[1]) else word


def _bytes_struck(words: list[str]) -> list[str]:
    """Raw commands in hex, which may set a password: its bytes become stars."""
    shown: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        parts = word.replace(":", " ").replace(",", " ").split()
        if parts and all(BYTE.fullmatch(part) for part in parts):
            run.append(word)
            continue
        shown += _raw(run)
        run = []
        shown.append(word)
    return shown[:-1]


def _raw(words: list[str]) -> list[str]:
    try:
        data = to_bytes(" ".join(words))
    except IpmiLabError:
        return words
    for start in range(len(data) - 2):  # --lun 1 and the like may stand before
        shown = struck(data[start] & ~1, data[start + 1], data[start + 2 :], b"")[0]
        if "*" in shown:
            return [f"{byte:02x}" for byte in data[: start + 2]] + shown.split()
    return words
