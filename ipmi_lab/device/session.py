"""The session of a device, and the commands that are about sessions."""

from typing import Any

from ipmi_lab.commands.channel import (
    CipherSuite,
    GetChannelCipherSuites,
    PayloadType,
    cipher_suites,
)
from ipmi_lab.commands.session import (
    ActivateSession,
    ActiveSession,
    AuthenticationType,
    ChannelAuthenticationCapabilities,
    CloseSession,
    GetChannelAuthenticationCapabilities,
    GetSessionChallenge,
    GetSessionInfo,
    SessionChallenge,
    SessionInfo,
    SetSessionPrivilegeLevel,
)
from ipmi_lab.device.part import Part, World, feature
from ipmi_lab.errors import IpmiLabError, NoAnswer
from ipmi_lab.links.link import Link
from ipmi_lab.wire.codes import CompletionCode, Privilege

BLOCK, MOST_BLOCKS = 16, 64


class Session(Part[World]):
    """``ipmi.session``: opens and closes the one session of a device."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.holder = object()  # devices that share a session hold it one by one

    @feature
    async def establish(self) -> None:
        """Open the session: capabilities, challenge or RAKP, activation, privilege. While nobody answers, it pings.

        NoAnswer where nothing listens, SessionError where the BMC refuses; both say why and what to try.
        """
        await self.link.open(self.holder)

    @feature
    async def close(self) -> None:
        """Give the session back. One that is not open is no error."""
        await self.link.close(self.holder)

    @property
    def is_open(self) -> bool:
        """Whether the session was established and not closed."""
        return self.link.is_open

    @property
    def how(self) -> str:
        """With what it was opened: ``IPMI 2.0, cipher suite 17 (…), administrator``."""
        return self.link.session.how

    def __repr__(self) -> str:
        return f"<session with {self.link.name}: {self.how if self.is_open else 'closed'}>"


class SessionCommands(Part[World]):
    """Commands about sessions, under the names of the specification."""

    @feature
    async def ping(self) -> float:
        """Seconds until the RMCP pong came; needs no session. NoAnswer where none did, though a BMC may still be
        there: many do not answer pings. IPMI 2.0 §13.2.3."""
        return await self.link.ping()

    @feature
    async def wait_until_ready(self, timeout: float = 300.0, interval: float = 2.0, stable: int = 3) -> float:
        """Wait until the BMC answers Get Channel Authentication Capabilities ``stable`` times in a row; gives the
        seconds that it took, NoAnswer where it never does."""
        begun, row = self.link.clock(), 0
        ask = GetChannelAuthenticationCapabilities(extended=False, privilege=Privilege.USER)
        while True:
            try:
                code, _ = await self.link.exchange(ask)
                row = 0 if code in self.link.session.hints else row + 1
            except NoAnswer:
                row = 0
            elapsed = self.link.clock() - begun
            if row >= stable:
                return elapsed
            if elapsed >= timeout:
                raise NoAnswer(f"the BMC is not ready after {elapsed:.1f} s", target=self.link.name)
            await self.link.sleep(min(interval, timeout - elapsed))

    @feature
    async def wait_until_down(self, timeout: float = 300.0, interval: float = 1.0) -> float:
        """Wait until the BMC answers no more; gives the seconds that it took."""
        begun = self.link.clock()
        ask = GetChannelAuthenticationCapabilities(extended=False, privilege=Privilege.USER)
        while True:
            try:
                code, _ = await self.link.exchange(ask)
            except NoAnswer:
                return self.link.clock() - begun
            if code in self.link.session.hints:
                return self.link.clock() - begun
            elapsed = self.link.clock() - begun
            if elapsed >= timeout:
                raise IpmiLabError(f"the BMC still answers after {elapsed:.1f} s", target=self.link.name)
            await self.link.sleep(min(interval, timeout - elapsed))

    @feature
    async def get_channel_authentication_capabilities(
        self, channel: int = 0x0E, priv_lvl: Privilege | int | str = Privilege.CALLBACK
    ) -> ChannelAuthenticationCapabilities:
        """How one logs in on a channel at a privilege; needs no session. IPMI 2.0 §22.13.

        A BMC that does not know the question's IPMI 2.0 bit is asked again without it.
        """
        ask = GetChannelAuthenticationCapabilities(
            extended=True,
            channel=channel,
            privilege=priv_lvl,  # type: ignore[arg-type]  # the field reads words and numbers
        )
        code, data = await self.link.exchange(ask)
        if code == CompletionCode.INVALID_DATA_FIELD:
            return await self.link.send(
                GetChannelAuthenticationCapabilities(extended=False, channel=ask.channel, privilege=ask.privilege)
            )
        return ask.answer(code, data)

    @feature
    async def get_channel_cipher_suites(
        self, channel: int = 0x0E, payload_type: PayloadType = PayloadType.IPMI
    ) -> list[CipherSuite]:
        """The cipher suites that a channel takes, from all blocks of its list; needs no session. IPMI 2.0 §22.15."""
        data = b""
        for index in range(MOST_BLOCKS):
            ask = GetChannelCipherSuites(channel=channel, payload_type=payload_type, index=index)
            block = await self.link.send(ask)
            data += block.data
            if len(block.data) < BLOCK:
                break
        return cipher_suites(data)

    @feature
    async def get_session_challenge(
        self, user_name: str, authentication: AuthenticationType = AuthenticationType.MD5
    ) -> SessionChallenge:
        """Begin an IPMI 1.5 login by hand; ``ipmi.session.establish()`` does all of it. IPMI 2.0 §22.16."""
        return await self.link.send(GetSessionChallenge(authentication=authentication, user_name=user_name))

    @feature
    async def activate_session(
        self,
        challenge: bytes,
        outbound_sequence: int,
        *,
        authentication: AuthenticationType = AuthenticationType.MD5,
        privilege: Privilege | int | str = Privilege.ADMINISTRATOR,
    ) -> ActiveSession:
        """Inside a session a BMC takes it as a new outbound sequence number only. IPMI 2.0 §22.17."""
        return await self.link.send(
            ActivateSession(
                authentication=authentication,
                privilege=privilege,  # type: ignore[arg-type]  # as above
                challenge=challenge,
                outbound_sequence=outbound_sequence,
            )
        )

    @feature
    async def set_session_privilege_level(self, privilege: Privilege | int | str) -> Privilege:
        """Raise or lower the privilege of this session; gives the level that it has now. IPMI 2.0 §22.18."""
        ask = SetSessionPrivilegeLevel(privilege=privilege)  # type: ignore[arg-type]  # as above
        return (await self.link.send(ask)).privilege

    @feature
    async def get_session_info(
        self, index: int = 0, *, session_handle: int | None = None, session_id: int | None = None
    ) -> SessionInfo:
        """This session (0), the n-th active one, or one by its handle or by the id that the BMC gave it.
        IPMI 2.0 §22.20."""
        if session_handle is None and session_id is None:
            return await self.link.send(GetSessionInfo(index=index))
        return await self.link.send(GetSessionInfo.of(session_handle=session_handle, session_id=session_id))

    @feature
    async def close_session(self, session_id: int, session_handle: int | None = None) -> None:
        """End a session of the BMC, by its id, or by its handle where the id is 0. IPMI 2.0 §22.19."""
        fields: dict[str, Any] = {} if session_handle is None else {"session_handle": session_handle}
        await self.link.send(CloseSession(session_id=session_id, **fields))
