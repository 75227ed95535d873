"""How one gets in over a serial line: without a login, by Get Session Challenge, or by a line of text.

IPMI 2.0 §14.5 (sessions), §14.7.5 (text commands).
"""

from collections.abc import Callable
from enum import Enum

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.session import ActivateSession, AuthenticationType
from ipmi_lab.errors import LocalError, NoAnswer, SessionError
from ipmi_lab.packets.serial import Mode, is_reply
from ipmi_lab.sessions.crypto import Random, digest15
from ipmi_lab.sessions.handshake15 import ask_activation, ask_challenge, choose, not_activated
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.opening import ask_capabilities, closing, rise
from ipmi_lab.sessions.steps import Ask, Say, Steps
from ipmi_lab.wire.codes import CompletionCode, Privilege

LOGOUT = "SYS PWD -X"


class Entry(Enum):
    """How to get in."""

    NONE = "none"
    CHALLENGE = "challenge"
    TEXT = "text"


class OnLine:
    """Messages as a mode frames them; a line has no session header, so all sessions look alike."""

    def __init__(self, mode: Mode, session_id: int = 0) -> None:
        self.mode, self.bmc_session_id = mode, session_id

    def wrap(self, message: bytes) -> bytes:
        return self.mode.wrap(message)

    def unwrap(self, datagram: bytes) -> bytes:
        """What the mode read is a message already."""
        return datagram


def enter(
    login: Login, mode: Mode, entry: Entry, random: Random, unheard: Callable[[], str]
) -> Steps[tuple[OnLine, str]]:
    """Get in as is wanted; ``unheard`` is what to try where nothing answers."""
    if entry is Entry.CHALLENGE:
        session_id, how = yield from _by_challenge(login, random, unheard)
    elif entry is Entry.TEXT:
        session_id, how = yield from _by_text(login, unheard)
    else:
        session_id, how = yield from _as_nobody(unheard)
    wrapping = OnLine(mode, session_id)
    if entry is not Entry.NONE and login.privilege > Privilege.USER:
        logout = Say(0, lambda: (LOGOUT.encode(), lambda text: is_reply(text.decode())), 0, tries=1)
        yield from rise(login, wrapping, closing(wrapping) if session_id else logout)
    return wrapping, f"serial line, {mode.name} mode, {how}"


def _as_nobody(unheard: Callable[[], str]) -> Steps[tuple[int, str]]:
    answer = yield Ask(GetDeviceId())
    if answer is None:
        raise NoAnswer("nothing answers Get Device ID", hint=unheard())
    if answer.code == CompletionCode.INSUFFICIENT_PRIVILEGE:
        raise SessionError(
            "the BMC answers only those who log in", hint="Give a user and a password, serial://USER@/dev/…?mode=…."
        )
    return 0, "no session"


def _by_challenge(login: Login, random: Random, unheard: Callable[[], str]) -> Steps[tuple[int, str]]:
    kind = choose(login, (yield from ask_capabilities(login, unheard)))
    if len(login.password) > 16:
        raise SessionError(f"the password has {len(login.password)} bytes, a serial line takes at most 16")
    challenge = yield from ask_challenge(login, kind)
    request = ActivateSession(
        authentication=kind,
        privilege=login.privilege,
        challenge=proof(kind, login.password.reveal(), challenge.session_id, challenge.challenge),
        outbound_sequence=int.from_bytes(random(4), "little") or 1,
    )
    active = yield from ask_activation(login, request, None)
    if active is None:
        raise not_activated()
    return active.session_id, f"authentication {AuthenticationType(kind).words}, {login.privilege.words}"


def proof(kind: int, password: bytes, session_id: int, challenge: bytes) -> bytes:
    """What stands in Activate Session in place of the challenge, since a line has no header for a code: the password
    itself, or the digest of it with the challenge. IPMI 2.0 §22.17."""
    secret = password.ljust(16, b"\0")
    if kind == AuthenticationType.STRAIGHT:
        return secret
    if kind == AuthenticationType.NONE:
        return challenge
    return digest15(kind, secret + session_id.to_bytes(4, "little") + challenge + secret)


def _by_text(login: Login, unheard: Callable[[], str]) -> Steps[tuple[int, str]]:
    who = f"-U {login.user}" if login.user else "-N"
    word = login.password.reveal().decode("latin-1")
    for what, text in (("user name", login.user), ("password", word)):
        if not all("!" <= letter <= "~" and letter not in "[]\\" for letter in text):
            raise LocalError(
                f"a {what} with spaces, brackets or letters beyond ASCII does not fit into a line",
                hint="Use login=challenge.",
            )
    line = f"SYS PWD {who} {word}".rstrip().encode()
    reply = yield Say(0, lambda: (line, lambda text: is_reply(text.decode())), 0)
    if reply is None:
        raise NoAnswer("nothing answers [SYS PWD]", hint=unheard())
    if reply[:3].upper() == b"ERR":
        raise SessionError(
            f"the BMC refused the login of user {login.user!r}: it said [{reply.decode()}]",
            hint="Check the user name and the password.",
        )
    return 0, f"logged in by text, {login.privilege.words}"
