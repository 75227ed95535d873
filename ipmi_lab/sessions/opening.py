"""The way into a session, from the first question to the wanted privilege, for IPMI 1.5 and 2.0 alike."""

from collections.abc import Callable

from ipmi_lab.commands.session import (
    ChannelAuthenticationCapabilities,
    CloseSession,
    GetChannelAuthenticationCapabilities,
    SetSessionPrivilegeLevel,
)
from ipmi_lab.errors import NoAnswer, SessionError
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.handshake15 import open15
from ipmi_lab.sessions.handshake20 import THIS_CHANNEL, ask_suites, open20
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.steps import Ask, Say, Steps, patiently
from ipmi_lab.sessions.wrapping import SessionWrapping
from ipmi_lab.wire.codes import CompletionCode, Privilege


def opening(login: Login, random: Random, ponged: Callable[[], bool]) -> Steps[tuple[SessionWrapping, str]]:
    """Find out what the BMC speaks, open a session with it, and rise to the wanted privilege."""
    capabilities = yield from ask_capabilities(login, lambda: _heard(ponged()), ponged)
    wrapping: SessionWrapping
    if _speaks20(login, capabilities):
        listed: list[int] = []
        if login.cipher is None and "sun20" not in login.quirks:  # there the list is garbled
            listed = yield from ask_suites()
        wrapping, how = yield from open20(login, random, listed)
    else:
        wrapping, how = yield from open15(login, random, capabilities)
    if login.privilege > Privilege.USER:
        yield from rise(login, wrapping, closing(wrapping))
    return wrapping, f"{how}, {login.privilege.words}"


def _heard(ponged: bool) -> str:
    heard = "It answered the RMCP ping, so something listens there;" if ponged else "Nor did a ping come back;"
    return f"{heard} check host and port, the cable, and that IPMI over LAN is enabled in the BMC."


def ask_capabilities(
    login: Login, unheard: Callable[[], str], alive: Callable[[], bool] = lambda: False
) -> Steps[ChannelAuthenticationCapabilities]:
    """What the BMC's channel can do. Old BMCs refuse the bit that asks for IPMI 2.0: they are asked again without.

    ``unheard`` is what to try where nothing answers; where something is ``alive`` all the same, it is asked longer.
    """
    for extended in (True, False) if login.version != "1.5" else (False,):
        ask = Ask(
            GetChannelAuthenticationCapabilities(extended=extended, channel=THIS_CHANNEL, privilege=login.privilege)
        )
        answer = yield ask
        if answer is None and alive():
            answer = yield ask
        if answer is None:
            raise NoAnswer("nothing answers Get Channel Authentication Capabilities", hint=unheard())
        if not answer.code:
            return ChannelAuthenticationCapabilities.decode(answer.data)
        if answer.code != CompletionCode.INVALID_DATA_FIELD:
            break
    raise SessionError(
        f"the BMC refuses Get Channel Authentication Capabilities for {login.privilege.words}: "
        f"{CompletionCode(answer.code).words} (0x{answer.code:02X})",
        hint="The channel's privilege limit may be lower: ask for a lower privilege.",
    )


def _speaks20(login: Login, capabilities: ChannelAuthenticationCapabilities) -> bool:
    if login.version == "1.5":
        return False
    doubted = "authcap" in login.quirks and (capabilities.extended or login.version == "2.0")
    speaks = capabilities.ipmi20 or doubted
    if login.version == "2.0" and not speaks:
        raise SessionError(
            "the BMC says that this channel speaks only IPMI 1.5",
            hint="Use lan:// or auto://, or say the quirk authcap where the BMC's answer is known to be wrong.",
        )
    return speaks


def closing(wrapping: SessionWrapping) -> Ask:
    """Give a session back that was just opened."""
    return Ask(CloseSession(session_id=wrapping.bmc_session_id), wrapping)


def rise(login: Login, wrapping: SessionWrapping, give_back: Ask | Say) -> Steps[None]:
    """Become what the login wants to be; where the BMC refuses, nobody will use the session."""
    answer = yield from patiently(Ask(SetSessionPrivilegeLevel(privilege=login.privilege), wrapping))
    if answer is None:
        raise NoAnswer(
            "the session was opened, but Set Session Privilege Level is not answered",
            hint="The two ends may have made different keys.",
        )
    if answer.code:
        yield give_back  # else it would keep its slot for a minute
        raise SessionError(
            f"the session was opened, but not as {login.privilege.words}: "
            f"{SetSessionPrivilegeLevel.codes(answer.code).words} (0x{answer.code:02X})",
            hint="Ask for a lower privilege, or raise the user's limit on this channel.",
        )
