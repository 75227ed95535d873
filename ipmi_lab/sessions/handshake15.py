"""How an IPMI 1.5 session is opened: Get Session Challenge, then Activate Session. IPMI 2.0 §22.16, §22.17."""

from ipmi_lab.commands.session import (
    ActivateCode,
    ActivateSession,
    ActiveSession,
    AuthenticationType,
    ChannelAuthenticationCapabilities,
    GetSessionChallenge,
    SessionChallenge,
)
from ipmi_lab.errors import NoAnswer, NoSlot, SessionError
from ipmi_lab.packets import lan15
from ipmi_lab.sessions.crypto import Random
from ipmi_lab.sessions.login import Login
from ipmi_lab.sessions.steps import ROUNDS, Ask, Steps, patiently
from ipmi_lab.sessions.window import window15
from ipmi_lab.sessions.wrapping import Lan15, Wrapping
from ipmi_lab.wire.codes import Privilege

STRONGEST_FIRST = (AuthenticationType.MD5, AuthenticationType.MD2)
SLOTS = "close other sessions, or wait for them to time out after about a minute (wait_for_slot=…)"
NO_SLOT = {
    ActivateCode.NO_SESSION_SLOT_AVAILABLE,
    ActivateCode.NO_SLOT_FOR_THIS_USER,
    ActivateCode.NO_SLOT_FOR_THIS_PRIVILEGE,
}
HINTS = {
    0x81: f"All session slots of the BMC are taken: {SLOTS}.",
    0x82: f"All session slots of this user are taken: {SLOTS}.",
    0x83: f"All session slots of this privilege are taken: {SLOTS}, or ask for a lower privilege.",
    0x86: "Ask for a lower privilege, or raise the user's limit on this channel.",
}


def open15(login: Login, random: Random, offered: ChannelAuthenticationCapabilities) -> Steps[tuple[Lan15, str]]:
    """Open a session with the strongest authentication type that the BMC offers, or with the one that is wanted.

    Who asks for no more than a user's rights does not sign his packets where the BMC wants none of users signed.
    """
    kind = choose(login, offered)
    signs = login.privilege > Privilege.USER or not offered.user_level_authentication_disabled
    if len(login.password) > 16:
        raise SessionError(
            f"the password has {len(login.password)} bytes, IPMI 1.5 takes at most 16", hint="Use lanplus://."
        )
    for _ in range(ROUNDS):
        challenge = yield from ask_challenge(login, kind)
        opened = yield from _activate(login, random, kind, challenge, signs)
        if opened is not None:
            return opened
    raise not_activated()


def ask_challenge(login: Login, kind: AuthenticationType) -> Steps[SessionChallenge]:
    """A temporary session id, and what has to be signed."""
    answer = yield from patiently(Ask(GetSessionChallenge(authentication=kind, user_name=login.user)))
    if answer is None:
        raise NoAnswer("the BMC answers, but not to Get Session Challenge")
    if answer.code:
        raise SessionError(
            f"the BMC refused Get Session Challenge for user {login.user!r} with authentication {kind.words}: "
            f"{GetSessionChallenge.codes(answer.code).words} (0x{answer.code:02X})",
            hint="Check the user name, and that the user is enabled for this channel.",
        )
    return SessionChallenge.decode(answer.data)


def choose(login: Login, capabilities: ChannelAuthenticationCapabilities) -> AuthenticationType:
    """The type to use; straight password sends it readable over the wire, so it is never chosen by itself."""
    offered = capabilities.authentications
    if login.authentication == AuthenticationType.OEM:
        raise SessionError(
            f"authentication oem is a maker's own, and that of maker {capabilities.oem_maker} is not known here",
            hint="Ask for md5, md2, straight or none, or use lanplus://.",
        )
    if login.authentication is not None:
        wanted = AuthenticationType(login.authentication)
        if wanted in offered or "authcap" in login.quirks:
            return wanted
        raise SessionError(
            f"the BMC does not offer authentication {wanted.words} for {login.privilege.words}, only "
            f"{', '.join(kind.words for kind in offered) or 'none that is known'}",
            hint="Ask for another, or say the quirk authcap where the BMC's list is known to be wrong.",
        )
    for kind in STRONGEST_FIRST:
        if kind in offered:
            return kind
    if AuthenticationType.NONE in offered and not login.password.reveal():
        return AuthenticationType.NONE
    if "authcap" in login.quirks:
        return STRONGEST_FIRST[0]
    raise SessionError(
        f"the BMC offers no authentication that is safe for {login.privilege.words}, only "
        f"{', '.join(kind.words for kind in offered) or 'none at all'}",
        hint="Ask for authentication=straight (the password is then readable on the network) or none, or use lanplus://.",
    )


class _Activating(Lan15):
    """Until the session is open its answers may come under the temporary id or already under the new one."""

    def unwrap(self, datagram: bytes) -> bytes:
        packet = lan15.parse(datagram, lengths="nosdulength" not in self.quirks)
        if packet.authentication:
            self.check_code(packet)
        return packet.message


def _activate(
    login: Login, random: Random, kind: AuthenticationType, challenge: SessionChallenge, signs: bool
) -> Steps[tuple[Lan15, str] | None]:
    outbound = int.from_bytes(random(4), "little") or 1
    temporary = _Activating(
        authentication=kind,
        password=login.password.reveal(),
        session_id=challenge.session_id,
        sequence=0,
        window=None,
        quirks=login.quirks,
    )
    request = ActivateSession(
        authentication=kind, privilege=login.privilege, challenge=challenge.challenge, outbound_sequence=outbound
    )
    active = yield from ask_activation(login, request, temporary)
    if active is None:
        return None
    agreed = active.authentication if signs else AuthenticationType.NONE
    if "forcepermsg" in login.quirks:
        agreed = kind
    wrapping = Lan15(
        authentication=agreed,
        password=login.password.reveal(),
        session_id=active.session_id,
        sequence=active.inbound_sequence,
        window=window15(outbound),
        quirks=login.quirks,
    )
    return wrapping, f"IPMI 1.5, authentication {AuthenticationType(agreed).words}"


def not_activated() -> SessionError:
    """What an activation without an answer most likely means."""
    return SessionError(
        "the BMC does not answer Activate Session, which is how most BMCs refuse a wrong password",
        hint="Check user and password. Many BMCs are silent too for a while after wrong logins (a lock-out).",
    )


def ask_activation(login: Login, request: ActivateSession, wrapping: Wrapping | None) -> Steps[ActiveSession | None]:
    """The session that the BMC opened; SessionError says why it refused, None where nothing came: the password is
    wrong, or a bad network swallowed it all."""
    answer = yield Ask(request, wrapping)
    if answer is None:
        return None
    if answer.code:
        raise (NoSlot if answer.code in NO_SLOT else SessionError)(
            f"the BMC refused Activate Session for user {login.user!r} as {login.privilege.words}: "
            f"{ActivateSession.codes(answer.code).words} (0x{answer.code:02X})",
            hint=HINTS.get(answer.code, "Check the user name and the password."),
        )
    return ActiveSession.decode(answer.data)
