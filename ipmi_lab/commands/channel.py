"""Channels: what they are, who may use them, which cipher suites they take."""

from typing import Annotated, Any, NamedTuple

from ipmi_lab.commands.command import CommandCode, Done, Permission, Request, Response
from ipmi_lab.errors import LocalError, RemoteError
from ipmi_lab.secret import HasValue, Secret
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, U24, Bit, Bits, Bits2, Bits3, Bits4, Bits6, Key, Rest, Unsigned


class PayloadType(OpenEnum):
    """What the suites are for."""

    IPMI = 0
    SOL = 1


class CipherSuiteBlock(Response):
    """Up to 16 bytes of the list; fewer where it ends."""

    channel: U8
    data: Rest = b""


class GetChannelCipherSuites(Request[CipherSuiteBlock], netfn=NetFn.APP, command=0x54, sessionless=True, privilege=0):
    """Ask for a block of the list of cipher suites that a channel takes; without ``list_suites`` of the list of their
    algorithms. IPMI 2.0 §22.15."""

    _1: Bits4 = 0
    channel: Bits4 = 0x0E
    _2: Bits2 = 0
    payload_type: Annotated[PayloadType, Bits(6)] = PayloadType.IPMI
    list_suites: Bit = True
    _3: Bit = False
    index: Bits6 = 0


class CipherSuite(NamedTuple):
    """One suite of the list. ``maker`` is None for the standard's own."""

    number: int
    maker: int | None
    authentication: int
    integrity: int
    confidentiality: int


def cipher_suites(data: bytes) -> list[CipherSuite]:
    """The suites in the joined blocks. A record may leave out algorithms that are none; the next tag ends it."""
    found = []
    at = 0
    while at < len(data):
        tag = data[at]
        size = {0xC0: 2, 0xC1: 5}.get(tag)
        if size is None or at + size > len(data):
            raise RemoteError(f"the list of cipher suites is garbled at byte {at}: {data.hex(' ')}")
        maker = int.from_bytes(data[at + 2 : at + 5], "little") if tag == 0xC1 else None
        number = data[at + 1]
        at += size
        algorithms = [0, 0, 0]
        while at < len(data) and data[at] < 0xC0:
            algorithms[data[at] >> 6] = data[at] & 0x3F
            at += 1
        found.append(CipherSuite(number, maker, *algorithms))
    return found


class Medium(OpenEnum):
    """What a channel runs over. IPMI 2.0 table 6-3."""

    IPMB = 0x01
    ICMB_1_0 = 0x02
    ICMB_0_9 = 0x03
    LAN = 0x04
    SERIAL = 0x05
    OTHER_LAN = 0x06
    PCI_SMBUS = 0x07
    SMBUS_1 = 0x08
    SMBUS_2 = 0x09
    USB_1 = 0x0A
    USB_2 = 0x0B
    SYSTEM_INTERFACE = 0x0C


class Protocol(OpenEnum):
    """What a channel speaks. IPMI 2.0 table 6-2."""

    IPMB = 0x01
    ICMB = 0x02
    SMBUS = 0x04
    KCS = 0x05
    SMIC = 0x06
    BT_10 = 0x07
    BT_15 = 0x08
    TERMINAL_MODE = 0x09


class SessionSupport(OpenEnum):
    """How many sessions a channel can have."""

    NONE = 0
    SINGLE = 1
    MULTIPLE = 2
    SESSION_BASED = 3


class ChannelInfo(Response):
    """What a channel is."""

    _1: Bits4 = 0
    channel: Bits4
    _2: Bit = False
    medium: Annotated[Medium, Bits(7)]
    _3: Bits3 = 0
    protocol: Annotated[Protocol, Bits(5)]
    session_support: Annotated[SessionSupport, Bits(2)]
    active_sessions: Bits6
    vendor: U24
    auxiliary: Rest = b""


class GetChannelInfo(Request[ChannelInfo], netfn=NetFn.APP, command=0x42):
    """Ask what a channel is; 0x0E is the one that the question comes by. IPMI 2.0 §22.24."""

    _1: Bits4 = 0
    channel: Bits4 = 0x0E


class AccessMode(OpenEnum):
    """When a channel may be used."""

    DISABLED = 0
    PRE_BOOT_ONLY = 1
    ALWAYS_AVAILABLE = 2
    SHARED = 3


class Change(OpenEnum):
    """Which copy of a setting is written."""

    NONE = 0
    NON_VOLATILE = 1
    VOLATILE = 2


class AccessCode(CommandCode):
    """What only the channel access commands answer."""

    NOT_SUPPORTED_ON_THIS_CHANNEL = 0x82
    ACCESS_MODE_NOT_SUPPORTED = 0x83


class SetChannelAccess(
    Request[Done], netfn=NetFn.APP, command=0x40, needs="write", repeat=True, privilege=4, codes=AccessCode
):
    """Say when and how a channel may be used. Writing the same twice is once. IPMI 2.0 §22.22."""

    _1: Bits4 = 0
    channel: Bits4
    change_access: Annotated[Change, Bits(2)] = Change.NONE
    alerting_disabled: Bit = False
    per_message_authentication_disabled: Bit = False
    user_level_authentication_disabled: Bit = False
    access_mode: Annotated[AccessMode, Bits(3)] = AccessMode.ALWAYS_AVAILABLE
    change_privilege: Annotated[Change, Bits(2)] = Change.NONE
    _2: Bits2 = 0
    privilege_limit: Annotated[Privilege, Bits(4)] = Privilege.ADMINISTRATOR


class ChannelAccess(Response):
    """When and how a channel may be used."""

    _1: Bits2 = 0
    alerting_disabled: Bit
    per_message_authentication_disabled: Bit
    user_level_authentication_disabled: Bit
    access_mode: Annotated[AccessMode, Bits(3)]
    _2: Bits4 = 0
    privilege_limit: Annotated[Privilege, Bits(4)]


class GetChannelAccess(Request[ChannelAccess], netfn=NetFn.APP, command=0x41, codes=AccessCode):
    """Ask when and how a channel may be used: ``copy`` is the non-volatile (1) or the volatile (2) setting.
    IPMI 2.0 §22.23."""

    _1: Bits4 = 0
    channel: Bits4 = 0x0E
    copy: Annotated[Change, Bits(2)] = Change.VOLATILE
    _2: Bits6 = 0


KEY_SIZE = 20


def read_key(given: Secret | str | bytes | HasValue, name: str = "the key") -> Secret:
    """A key as people write it for a login or to set it: text as it is, or ``0x`` and up to 40 hex digits, which may
    spell any bytes. LocalError where it is none; the key never stands in it."""
    found = Secret(given)
    if not isinstance(given, bytes) and found.reveal()[:2].lower() == b"0x":
        try:
            found = Secret(bytes.fromhex(found.reveal()[2:].decode("ascii")))
        except ValueError:
            hint = "Write 0x and an even number of hex digits."
            raise LocalError(f"{name} begins with 0x and is no hex", hint=hint) from None
    if len(found) > KEY_SIZE:
        hint = f"Write a text, or 0x and up to {2 * KEY_SIZE} hex digits."
        raise LocalError(f"{name} has {len(found)} bytes, at most {KEY_SIZE} fit", hint=hint)
    return found


class KeyOperation(OpenEnum):
    """What is done with a channel's key."""

    READ = 0
    SET = 1
    LOCK = 2


class KeyId(OpenEnum):
    """Which key: K_R is for single links, K_G is what RMCP+ sessions are made with."""

    K_R = 0
    K_G = 1


class KeyLock(OpenEnum):
    """Whether a key can still be changed."""

    NOT_LOCKABLE = 0
    LOCKED = 1
    UNLOCKED = 2


class KeyCode(CommandCode):
    """What only Set Channel Security Keys answers."""

    KEY_LOCKED = 0x80
    TOO_FEW_BYTES = 0x81
    TOO_MANY_BYTES = 0x82
    KEY_DOES_NOT_MEET_CRITERIA = 0x83
    RANDOM_KEY_NOT_USED = 0x84


class ChannelSecurityKey(Response):
    """Whether the key is locked, where the BMC says so, and the key where it was read; all zero if it was never set."""

    _1: Bits6 | None = None
    lock: Annotated[KeyLock, Bits(2)] | None = None
    key: Key = Secret(b"")


class SetChannelSecurityKeys(
    Request[ChannelSecurityKey], netfn=NetFn.APP, command=0x56, needs="write", repeat=True, privilege=4, codes=KeyCode
):
    """Read, set or lock a key of a channel, which is written as for a login: text, or ``0x`` and hex digits. It is
    filled up with zeros to its 20 bytes. IPMI 2.0 §22.25."""

    _1: Bits4 = 0
    channel: Bits4 = 0x0E
    _2: Bits6 = 0
    operation: Annotated[KeyOperation, Bits(2)]
    key_id: Annotated[KeyId, Unsigned(1)] = KeyId.K_G
    key: Key | None = None

    def __init__(self, **fields: Any) -> None:
        if isinstance(fields.get("key"), (Secret, str, bytes, HasValue)):
            fields["key"] = self._whole(fields["key"])
        super().__init__(**fields)

    def _whole(self, given: Secret | str | bytes | HasValue) -> Secret:
        try:
            key = read_key(given)
        except LocalError as error:
            raise error.about(request=type(self).__name__) from None
        if not len(key):
            raise LocalError("the key is empty", request=type(self).__name__, hint="To take a key back write 0x00.")
        return Secret(key.reveal().ljust(KEY_SIZE, b"\0"))

    def permission(self) -> Permission:
        return "" if self.operation == KeyOperation.READ else self.needs

    def secret(self) -> bool:
        return self.operation != KeyOperation.LOCK
