"""The tree of errors: by what the caller can do about it. Plain values only, so every floor may raise them.

``exit_code`` is what the shell returns. Every message names the target and the request: who raises an error
deep inside knows neither, so a link fills in ``target`` and ``request`` on the way out.
"""

import re


class IpmiLabError(Exception):
    """Anything that goes wrong in ipmi-lab.

    ``target`` is the name or URL of the machine, ``request`` the command as the user knows it,
    ``hint`` what to try next; each may be empty.
    """

    exit_code = 1
    ROBOT_SUPPRESS_NAME = True  # Robot shows the sentence, not the class

    def __init__(self, message: str, *, target: str = "", request: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.request = request
        self.hint = hint

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.target, self.request, self.message) if part)
        return f"{where}. {self.hint}" if self.hint else where

    def about(self, *, target: str = "", request: str = "") -> "IpmiLabError":
        """Fill in what the raiser could not know, and return the same error."""
        self.target = self.target or target
        self.request = self.request or request
        return self


class LocalError(IpmiLabError, ValueError):
    """You asked for what the specification forbids, or wrote what cannot be read."""

    exit_code = 2


class InventoryError(LocalError):
    """An inventory or profile that cannot be used; the message has one ``file:line:column: …`` a line."""


class NoAnswer(IpmiLabError, TimeoutError):
    """Nothing came: after how many tries, for which request, from where."""

    exit_code = 3


class OutcomeUnknown(NoAnswer):
    """Nothing came as answer to a change, which may have happened."""


class SessionError(IpmiLabError):
    """The BMC refused the session, or the session was lost or closed."""

    exit_code = 4


class NoSlot(SessionError):
    """All session slots of the BMC, or those of this user or privilege, are taken by others."""


class NotAllowed(IpmiLabError):
    """A guard said no: which permission is missing, and who could give it."""

    exit_code = 4


class NotSent(NotAllowed):
    """A dry run held a change back; the message says which bytes it would have sent."""

    exit_code = 0


class RemoteError(IpmiLabError):
    """The BMC sent what makes no sense."""

    exit_code = 5


class TooShort(RemoteError):
    """Fewer bytes came than the layout needs."""


class BadChecksum(RemoteError):
    """The bytes do not add up."""


class BadSignature(RemoteError):
    """An authentication code does not fit: damaged, forged, or made with another key."""


class CompletionError(IpmiLabError):
    """The BMC answered, and said no.

    ``code`` is the completion code as a number, ``data`` what came behind it.
    """

    exit_code = 5

    def __init__(
        self, code: int, meaning: str, *, target: str = "", request: str = "", hint: str = "", data: bytes = b""
    ) -> None:
        super().__init__(f"the BMC answered 0x{code:02X}, {meaning}", target=target, request=request, hint=hint)
        self.code = code
        self.meaning = meaning
        self.data = data


def fold(name: str) -> str:
    """A name as it is looked up: case, spaces, underscores and hyphens do not count."""
    return re.sub(r"[\s_\-]", "", name).lower()


def did_you_mean(word: str, known: list[str]) -> str:
    """A sentence that offers the nearest known words, or lists a few; empty where nothing is known."""
    import difflib  # only who made a mistake waits for it

    folded = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(word), folded, n=3)
    if near:
        return f"Did you mean {' or '.join(folded[name] for name in near)}?"
    if not known:
        return ""
    return f"Known are: {', '.join(known[:24])}{', …' if len(known) > 24 else ''}."
