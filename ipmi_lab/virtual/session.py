"""How one logs in to a virtual BMC, rises, looks around and leaves."""

import ipaddress

from ipmi_lab.commands.command import Done
from ipmi_lab.commands.session import (
    BY_HANDLE,
    BY_ID,
    ActivateCode,
    ActivateSession,
    ActiveSession,
    AuthenticationType,
    ChannelAuthenticationCapabilities,
    CloseCode,
    CloseSession,
    GetChannelAuthenticationCapabilities,
    GetSessionChallenge,
    GetSessionInfo,
    PrivilegeCode,
    SessionChallenge,
    SessionInfo,
    SessionPrivilegeLevel,
    SessionProtocol,
    SetSessionPrivilegeLevel,
)
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.sessions.wrapping import Lan15
from ipmi_lab.virtual.part import Answer, Part, Refuse, answers
from ipmi_lab.wire.codes import CompletionCode, Privilege


class Sessions(Part):
    """The commands of a session; the sessions themselves are ``sessions.BmcSessions``."""

    @answers(GetChannelAuthenticationCapabilities)
    def capabilities(self, ask: GetChannelAuthenticationCapabilities) -> Answer:
        profile, channel = self.bmc.profile, self.bmc.channels.number(ask.channel)
        on_lan, accounts = channel == self.bmc.channels.lan, self.bmc.channels.accounts[channel]
        if ask.extended and not profile.speaks20:
            return CompletionCode.INVALID_DATA_FIELD  # as BMCs do that have never heard of that bit
        if not Privilege.CALLBACK <= ask.privilege <= accounts.limit():
            return CompletionCode.INVALID_DATA_FIELD
        lies = "authcap" in profile.quirks and on_lan
        kinds = frozenset() if lies else accounts.authentications()
        oem = profile.oem_authentication if on_lan else None
        named, null, anonymous = accounts.kinds()
        return ChannelAuthenticationCapabilities(
            channel=channel,
            extended=ask.extended,
            oem=oem is not None,
            straight=4 in kinds,
            md5=2 in kinds,
            md2=1 in kinds,
            none=0 in kinds,
            kg=ask.extended and on_lan and bool(accounts.kg().strip(b"\0")) is not lies,
            per_message_authentication_disabled=not accounts.signs_every_packet() or self.bmc.sessions.says_unsigned,
            user_level_authentication_disabled=not accounts.signs_as_user(),
            named_users=named and not lies,
            null_users=null,
            anonymous_login=anonymous,
            ipmi20_connections=ask.extended and bool(accounts.suites()),
            ipmi15_connections=ask.extended and bool(kinds),
            oem_maker=oem.maker if oem is not None else 0,
            oem_auxiliary=oem.auxiliary if oem is not None else 0,
        )

    @answers(GetSessionChallenge)
    def challenge(self, ask: GetSessionChallenge) -> Answer:
        asking = self.bmc.asking
        data = self.bmc.sessions.challenge(ask, asking.address, asking.now)
        return SessionChallenge.decode(data[1:]) if not data[0] else data[0]

    @answers(ActivateSession)
    def activate(self, ask: ActivateSession) -> Answer:
        """Inside a session of IPMI 1.5 it only sets the number of our packets, from the next one on."""
        wrapping = self.session.wrapping
        if not isinstance(wrapping, Lan15):
            return CompletionCode.NOT_SUPPORTED_IN_PRESENT_STATE
        if not ask.outbound_sequence:
            return ActivateCode.SEQUENCE_NUMBER_OUT_OF_RANGE
        self.bmc.afterwards(lambda: setattr(wrapping, "sequence", ask.outbound_sequence))
        inbound = wrapping.window.highest if wrapping.window is not None else 0
        return ActiveSession(
            authentication=AuthenticationType(wrapping.authentication),
            session_id=wrapping.session_id,
            inbound_sequence=inbound,
            privilege=self.session.limit,
        )

    @answers(SetSessionPrivilegeLevel)
    def set_privilege(self, ask: SetSessionPrivilegeLevel) -> Answer:
        session = self.session
        if ask.privilege == Privilege.CALLBACK or ask.privilege > Privilege.OEM:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.privilege > session.account.limit:
            return PrivilegeCode.LEVEL_NOT_AVAILABLE_FOR_THIS_USER
        channels = self.bmc.channels
        if ask.privilege > min(session.limit, channels.accounts[channels.of(session.address)].limit()):
            return PrivilegeCode.LEVEL_EXCEEDS_USER_OR_CHANNEL_LIMIT
        if ask.privilege:
            session.privilege = ask.privilege
        return SessionPrivilegeLevel(privilege=session.privilege)

    @answers(CloseSession)
    def close(self, ask: CloseSession) -> Answer:
        sessions = self.bmc.sessions
        if ask.session_id:
            found = sessions.open.get(ask.session_id)
            code: int = CloseCode.INVALID_SESSION_ID
        else:
            found = next((s for s in sessions.open.values() if s.handle == ask.session_handle), None)
            code = CloseCode.INVALID_SESSION_HANDLE
        if found is None:
            return code
        if found is not self.session and self.session.privilege < Privilege.ADMINISTRATOR:
            return CompletionCode.INSUFFICIENT_PRIVILEGE
        self.bmc.afterwards(lambda: sessions.close(found))
        return Done()

    @answers(GetSessionInfo)
    def info(self, ask: GetSessionInfo) -> Answer:
        sessions = self.bmc.sessions
        possible, active = sessions.accounts.session_slots, len(sessions.open)
        size = {BY_HANDLE: 1, BY_ID: 4}.get(ask.index, 0)
        if len(ask.which) != size:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        found = self._find(ask)
        if found is None:
            return SessionInfo(session_handle=0, possible=possible, active=active)
        return SessionInfo(
            session_handle=found.handle,
            possible=possible,
            active=active,
            user_id=found.account.user_id,
            privilege=found.privilege,
            protocol=SessionProtocol.RMCP_PLUS if found.version == "2.0" else SessionProtocol.IPMI_1_5,
            channel=self.bmc.channels.of(found.address),
            peer=_peer(found),
        )

    def _find(self, ask: GetSessionInfo) -> BmcSession | None:
        active = list(self.bmc.sessions.open.values())
        if ask.index == 0:
            return self.session
        if ask.index == BY_HANDLE:
            return next((s for s in active if ask.which == bytes((s.handle,))), None)
        if ask.index == BY_ID:
            return next((s for s in active if ask.which == s.bmc_id.to_bytes(4, "little")), None)
        return active[ask.index - 1] if ask.index <= len(active) else None

    @property
    def session(self) -> BmcSession:
        """The session that asks."""
        if self.bmc.asking.session is None:
            raise Refuse(CompletionCode.NOT_SUPPORTED_IN_PRESENT_STATE)
        return self.bmc.asking.session


def _peer(session: BmcSession) -> bytes:
    """Address, hardware address (which UDP does not tell) and port of the console."""
    if not isinstance(session.address, tuple):
        return b""
    try:
        address = ipaddress.IPv4Address(session.address[0]).packed
    except ValueError:
        return b""  # the command has room for IPv4 only
    return address + bytes(6) + int(session.address[1]).to_bytes(2, "little")
