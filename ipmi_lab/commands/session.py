"""How a session is opened, raised, looked at and given back."""

import ipaddress
from typing import Annotated

from ipmi_lab.commands.command import CommandCode, Done, Request, Response
from ipmi_lab.errors import LocalError
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, U24, U32, Bit, Bits, Bits2, Bits3, Bits4, Bits6, Bytes16, Rest, Text16


class AuthenticationType(OpenEnum):
    """How IPMI 1.5 packets prove where they come from; 6 marks RMCP+ packets. IPMI 2.0 table 13-8."""

    NONE = 0
    MD2 = 1
    MD5 = 2
    STRAIGHT = 4
    OEM = 5
    RMCP_PLUS = 6


class ChannelAuthenticationCapabilities(Response):
    """What a channel takes of those who log in, at the privilege that was asked about.

    ``kg`` is the two-key login: the BMC has a key of its own. ``oem_maker`` says whose authentication ``oem`` is.
    """

    channel: U8
    extended: Bit
    _1: Bit = False
    oem: Bit
    straight: Bit
    _2: Bit = False
    md5: Bit
    md2: Bit
    none: Bit
    _3: Bits2 = 0
    kg: Bit
    per_message_authentication_disabled: Bit
    user_level_authentication_disabled: Bit
    named_users: Bit
    null_users: Bit
    anonymous_login: Bit
    _4: Bits6 = 0
    ipmi20_connections: Bit
    ipmi15_connections: Bit
    oem_maker: U24 = 0
    oem_auxiliary: U8 = 0

    @property
    def authentications(self) -> list[AuthenticationType]:
        """The IPMI 1.5 authentication types on offer, weakest first."""
        named = AuthenticationType
        offered = {
            named.NONE: self.none,
            named.STRAIGHT: self.straight,
            named.OEM: self.oem,
            named.MD2: self.md2,
            named.MD5: self.md5,
        }
        return [kind for kind, there in offered.items() if there]

    @property
    def ipmi20(self) -> bool:
        """Whether the channel takes RMCP+ sessions."""
        return self.extended and self.ipmi20_connections


class GetChannelAuthenticationCapabilities(
    Request[ChannelAuthenticationCapabilities], netfn=NetFn.APP, command=0x38, sessionless=True, privilege=0
):
    """Ask how one logs in on a channel, at a wanted privilege. IPMI 2.0 §22.13."""

    extended: Bit = True
    _1: Bits3 = 0
    channel: Bits4 = 0x0E
    _2: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)] = Privilege.ADMINISTRATOR


class ChallengeCode(CommandCode):
    """What only Get Session Challenge answers."""

    INVALID_USER_NAME = 0x81
    NULL_USER_NAME_NOT_ENABLED = 0x82


class SessionChallenge(Response):
    """A session id for the time until the session is active, and what has to be signed."""

    session_id: U32
    challenge: Bytes16


class GetSessionChallenge(
    Request[SessionChallenge], netfn=NetFn.APP, command=0x39, sessionless=True, privilege=0, codes=ChallengeCode
):
    """Begin an IPMI 1.5 session for a user. IPMI 2.0 §22.16."""

    _1: Bits4 = 0
    authentication: Annotated[AuthenticationType, Bits(4)]
    user_name: Text16 = ""


class ActivateCode(CommandCode):
    """What only Activate Session answers."""

    NO_SESSION_SLOT_AVAILABLE = 0x81
    NO_SLOT_FOR_THIS_USER = 0x82
    NO_SLOT_FOR_THIS_PRIVILEGE = 0x83
    SEQUENCE_NUMBER_OUT_OF_RANGE = 0x84
    INVALID_SESSION_ID = 0x85
    PRIVILEGE_EXCEEDS_USER_OR_CHANNEL_LIMIT = 0x86


class ActiveSession(Response):
    """The session as the BMC keeps it: its id, our first number, and the most that it may become."""

    _1: Bits4 = 0
    authentication: Annotated[AuthenticationType, Bits(4)]
    session_id: U32
    inbound_sequence: U32
    _2: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)]


class ActivateSession(
    Request[ActiveSession], netfn=NetFn.APP, command=0x3A, repeat=True, privilege=0, codes=ActivateCode
):
    """Prove the password and open an IPMI 1.5 session; a BMC takes it again until the session is used.
    IPMI 2.0 §22.17."""

    _1: Bits4 = 0
    authentication: Annotated[AuthenticationType, Bits(4)]
    _2: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)]
    challenge: Bytes16
    outbound_sequence: U32


class PrivilegeCode(CommandCode):
    """What only Set Session Privilege Level answers."""

    LEVEL_NOT_AVAILABLE_FOR_THIS_USER = 0x80
    LEVEL_EXCEEDS_USER_OR_CHANNEL_LIMIT = 0x81
    CANNOT_DISABLE_USER_LEVEL_AUTHENTICATION = 0x82


class SessionPrivilegeLevel(Response):
    """The privilege that the session has now."""

    _1: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)]


class SetSessionPrivilegeLevel(
    Request[SessionPrivilegeLevel], netfn=NetFn.APP, command=0x3B, privilege=Privilege.CALLBACK, codes=PrivilegeCode
):
    """Raise or lower the privilege of this session; ``highest`` (0) only reports it. IPMI 2.0 §22.18."""

    _1: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)] = Privilege.HIGHEST


class CloseCode(CommandCode):
    """What only Close Session answers."""

    INVALID_SESSION_ID = 0x87
    INVALID_SESSION_HANDLE = 0x88


class CloseSession(
    Request[Done],
    netfn=NetFn.APP,
    command=0x3C,
    needs="write",
    repeat=True,
    privilege=Privilege.CALLBACK,
    codes=CloseCode,
):
    """End a session, by its id, or by its handle where the id is 0. A repeated one finds it ended; one's own is given
    back by the session itself. IPMI 2.0 §22.19."""

    session_id: U32
    session_handle: U8 | None = None


class SessionProtocol(OpenEnum):
    """What the packets of a session are."""

    IPMI_1_5 = 0
    RMCP_PLUS = 1


class SerialActivity(OpenEnum):
    """What a session on a serial line is for."""

    MESSAGING = 0
    CALLBACK = 1
    DIAL_OUT_ALERT = 2
    TAP = 3


class SessionInfo(Response):
    """A session slot of the BMC; behind the third byte nothing comes where the slot is empty.

    What a LAN session adds is in ``peer``; BMCs may leave it out.
    """

    session_handle: U8
    _1: Bits2 = 0
    possible: Bits6
    _2: Bits2 = 0
    active: Bits6
    _3: Bits2 | None = None
    user_id: Bits6 | None = None
    _4: Bits4 | None = None
    privilege: Annotated[Privilege, Bits(4)] | None = None
    protocol: Annotated[SessionProtocol, Bits(4)] | None = None
    channel: Bits4 | None = None
    peer: Rest = b""

    @property
    def serial(self) -> bool:
        """Whether ``peer`` is what a serial session adds: 2 bytes, or 8 with PPP; a LAN session adds 12."""
        return len(self.peer) in (2, 8)

    @property
    def activity(self) -> "SerialActivity | None":
        """What a serial session does."""
        return SerialActivity(self.peer[0]) if self.serial else None

    @property
    def destination(self) -> int | None:
        """The destination selector of a serial session that calls out."""
        return self.peer[1] & 0x0F if self.serial else None

    @property
    def console_address(self) -> str:
        """The console's IPv4 address, or nothing where the BMC does not say."""
        at = 2 if self.serial else 0
        return str(ipaddress.IPv4Address(self.peer[at : at + 4])) if len(self.peer) >= 4 else ""

    @property
    def console_mac(self) -> str:
        """The console's hardware address."""
        return self.peer[4:10].hex(":") if len(self.peer) >= 12 else ""

    @property
    def console_port(self) -> int | None:
        """The console's UDP port."""
        if len(self.peer) == 8:
            return int.from_bytes(self.peer[6:8], "little")
        return int.from_bytes(self.peer[10:12], "little") if len(self.peer) >= 12 else None


BY_HANDLE, BY_ID = 0xFE, 0xFF


class GetSessionInfo(Request[SessionInfo], netfn=NetFn.APP, command=0x3D):
    """Look at a session: 0 is this one, 1 to 0xFD the n-th active one, 0xFE by handle, 0xFF by id; the handle
    (1 byte) or id (4 bytes) goes behind. IPMI 2.0 §22.20."""

    index: U8 = 0
    which: Rest = b""

    @classmethod
    def of(cls, *, session_handle: int | None = None, session_id: int | None = None) -> "GetSessionInfo":
        """By handle or by id, else this session."""
        try:
            if session_handle is not None:
                return cls(index=BY_HANDLE, which=session_handle.to_bytes(1, "little"))
            return cls() if session_id is None else cls(index=BY_ID, which=session_id.to_bytes(4, "little"))
        except (OverflowError, AttributeError):
            hint = "Both are numbers: Get Session Info and the login tell them."
            raise LocalError(
                "a session handle has one byte, a session id four", request=cls.label(), hint=hint
            ) from None
