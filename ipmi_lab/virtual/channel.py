"""The channels of a virtual BMC: what they are, and who may do what on them."""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, ClassVar

from ipmi_lab.commands.channel import (
    AccessCode,
    AccessMode,
    Change,
    ChannelAccess,
    ChannelInfo,
    ChannelSecurityKey,
    CipherSuiteBlock,
    GetChannelAccess,
    GetChannelCipherSuites,
    GetChannelInfo,
    KeyCode,
    KeyId,
    KeyLock,
    KeyOperation,
    Medium,
    Protocol,
    SessionSupport,
    SetChannelAccess,
    SetChannelSecurityKeys,
)
from ipmi_lab.commands.command import Done
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.crypto import SUITES
from ipmi_lab.virtual.accounts import ChannelAccounts
from ipmi_lab.virtual.part import Answer, Part, Refuse, answers
from ipmi_lab.virtual.state import Hex
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

IPMB, THIS_CHANNEL, SYSTEM_INTERFACE = 0x00, 0x0E, 0x0F
IPMI_FORUM = 7154
NO_INTERRUPTS = b"\xff\xff"
KEY_SIZE = 20
INTERFACES = {"kcs": Protocol.KCS, "bt": Protocol.BT_15, "smic": Protocol.SMIC, "ssif": Protocol.SMBUS}
STANDARD_SUITE = 0xC0


class Channels(Part):
    """Channel 0 is the IPMB, 1 the LAN, 2 the serial line where the machine has one, 15 the system interface. The
    settings that a login sees are the volatile ones; a cold reset takes the non-volatile ones again. ``accounts`` are
    what a login sees on each channel that has sessions."""

    keeps: ClassVar = {"non_volatile": dict[int, Hex], "key_locked": bool}
    lan, serial = 1, 2

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
        profile = bmc.profile
        self.accounts = {
            self.lan: ChannelAccounts(bmc, self.lan, profile.suites, profile.authentication_types),
            self.serial: ChannelAccounts(bmc, self.serial, (), profile.serial.authentication_types),
        }
        self._access: dict[int, dict[Change, ChannelAccess]] = {}
        for channel in self.accounts:
            unsigned = channel == self.serial
            usual = ChannelAccess(
                alerting_disabled=True,
                per_message_authentication_disabled=unsigned or not profile.per_message_authentication,
                user_level_authentication_disabled=unsigned or not profile.user_level_authentication,
                access_mode=AccessMode.ALWAYS_AVAILABLE,
                privilege_limit=Privilege.ADMINISTRATOR,
            )
            self._access[channel] = {Change.NON_VOLATILE: usual, Change.VOLATILE: usual}
        self.key_locked = False

    def reset(self) -> None:
        """As after power came: what was volatile is gone."""
        for access in self._access.values():
            access[Change.VOLATILE] = access[Change.NON_VOLATILE]

    @property
    def non_volatile(self) -> dict[int, bytes]:
        """The settings that last, as they stand in the answer of Get Channel Access."""
        return {channel: access[Change.NON_VOLATILE].encode() for channel, access in self._access.items()}

    @non_volatile.setter
    def non_volatile(self, kept: dict[int, bytes]) -> None:
        for channel, data in kept.items():
            self._access[channel][Change.NON_VOLATILE] = ChannelAccess.decode(data)

    def now(self, channel: int) -> ChannelAccess:
        """How a channel with sessions is set at the moment."""
        return self._access[channel][Change.VOLATILE]

    def of(self, address: Hashable) -> int:
        """The channel that somebody at an address comes by."""
        return self.serial if self.bmc.line is not None and address is self.bmc.line else self.lan

    def number(self, channel: int) -> int:
        """The real number of a channel with sessions, where 0x0E is the one that the question came by."""
        if channel == THIS_CHANNEL:
            return self.of(self.bmc.asking.address)
        self.check(channel)
        return channel

    def check(self, channel: int) -> None:
        """Refuse a number that is of no channel with sessions."""
        if channel != self.lan and (channel != self.serial or self.bmc.line is None):
            raise Refuse(CompletionCode.INVALID_DATA_FIELD)

    def _number_with_access(self, channel: int) -> int:
        """The same for the commands about access, which channels without sessions do not have."""
        if channel in (IPMB, SYSTEM_INTERFACE):
            raise Refuse(AccessCode.NOT_SUPPORTED_ON_THIS_CHANNEL)
        return self.number(channel)

    def _number_with_rmcp_plus(self, channel: int) -> int:
        """The same for the commands about suites and keys, which a line does not have: it says so, where an empty list
        would look like a channel that is set to take nobody."""
        if self.number(channel) != self.lan:
            raise Refuse(CompletionCode.INVALID_DATA_FIELD)
        return self.lan

    @answers(GetChannelInfo)
    def info(self, ask: GetChannelInfo) -> ChannelInfo:
        none = SessionSupport.NONE
        if ask.channel == SYSTEM_INTERFACE:
            protocol = INTERFACES[self.bmc.profile.system_interface]
            return self._info(SYSTEM_INTERFACE, Medium.SYSTEM_INTERFACE, protocol, none, 0, NO_INTERRUPTS)
        if ask.channel == IPMB:
            return self._info(IPMB, Medium.IPMB, Protocol.IPMB, none, 0)
        channel, line = self.number(ask.channel), self.bmc.line
        active = sum(self.of(session.address) == channel for session in self.bmc.sessions.open.values())
        if line is not None and channel == self.serial:
            protocol = Protocol.TERMINAL_MODE if line.mode.name == "terminal" else Protocol.IPMB
            return self._info(channel, Medium.SERIAL, protocol, SessionSupport.SINGLE, active)
        return self._info(channel, Medium.LAN, Protocol.IPMB, SessionSupport.MULTIPLE, active)

    @staticmethod
    def _info(
        channel: int,
        medium: Medium,
        protocol: Protocol,
        support: SessionSupport,
        active: int,
        auxiliary: bytes = bytes(2),
    ) -> ChannelInfo:
        return ChannelInfo(
            channel=channel,
            medium=medium,
            protocol=protocol,
            session_support=support,
            active_sessions=active,
            vendor=IPMI_FORUM,
            auxiliary=auxiliary,
        )

    @answers(GetChannelAccess)
    def access(self, ask: GetChannelAccess) -> Answer:
        channel = self._number_with_access(ask.channel)
        return self._access[channel].get(ask.copy) or CompletionCode.INVALID_DATA_FIELD

    @answers(SetChannelAccess)
    def set_access(self, ask: SetChannelAccess) -> Answer:
        channel = self._number_with_access(ask.channel)
        if ask.change_access > Change.VOLATILE or ask.change_privilege > Change.VOLATILE:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.change_access and ask.access_mode not in (AccessMode.DISABLED, AccessMode.ALWAYS_AVAILABLE):
            return AccessCode.ACCESS_MODE_NOT_SUPPORTED
        if ask.change_privilege and not Privilege.CALLBACK <= ask.privilege_limit <= Privilege.OEM:
            return CompletionCode.INVALID_DATA_FIELD
        unsigned = channel == self.serial  # its messages have no room for a code, whatever is asked for
        changed = {
            "alerting_disabled": ask.alerting_disabled,
            "per_message_authentication_disabled": unsigned or ask.per_message_authentication_disabled,
            "user_level_authentication_disabled": unsigned or ask.user_level_authentication_disabled,
            "access_mode": ask.access_mode,
        }
        if ask.change_access:
            self._write(channel, ask.change_access, changed)
        if ask.change_privilege:
            self._write(channel, ask.change_privilege, {"privilege_limit": ask.privilege_limit})
        return Done()

    def _write(self, channel: int, copy: Change, changed: Mapping[str, object]) -> None:
        access = self._access[channel]
        access[copy] = ChannelAccess(**{**access[copy].asdict(), **changed})

    @answers(GetChannelCipherSuites)
    def cipher_suites(self, ask: GetChannelCipherSuites) -> Answer:
        if not self.bmc.profile.speaks20:
            return CompletionCode.INVALID_COMMAND
        channel = self._number_with_rmcp_plus(ask.channel)
        numbers = sorted(self.accounts[channel].suites())
        if ask.list_suites:
            start = 0x40 if "sun20" in self.bmc.profile.quirks else STANDARD_SUITE
            records = b"".join(bytes((start, number)) + _algorithms(number) for number in numbers)
        else:
            records = bytes(sorted({byte for number in numbers for byte in _algorithms(number)}))
        return CipherSuiteBlock(channel=channel, data=records[16 * ask.index : 16 * ask.index + 16])

    @answers(SetChannelSecurityKeys)
    def security_keys(self, ask: SetChannelSecurityKeys) -> Answer:
        self._number_with_rmcp_plus(ask.channel)
        if ask.key_id == KeyId.K_R:
            return KeyCode.RANDOM_KEY_NOT_USED
        if not self.bmc.profile.speaks20 or ask.key_id != KeyId.K_G or ask.operation > KeyOperation.LOCK:
            return CompletionCode.INVALID_DATA_FIELD
        if ask.operation != KeyOperation.READ and self.key_locked:
            return KeyCode.KEY_LOCKED
        if ask.operation == KeyOperation.SET:
            given = b"" if ask.key is None else ask.key.reveal()
            if len(given) != KEY_SIZE:
                return KeyCode.TOO_FEW_BYTES if len(given) < KEY_SIZE else KeyCode.TOO_MANY_BYTES
            self.bmc.users.key = given
        if ask.operation == KeyOperation.LOCK:
            self.key_locked = True
        shown = self.bmc.users.key.ljust(KEY_SIZE, b"\0") if ask.operation == KeyOperation.READ else b""
        lock = KeyLock.LOCKED if self.key_locked else KeyLock.UNLOCKED
        return ChannelSecurityKey(lock=lock, key=Secret(shown))


def _algorithms(number: int) -> bytes:
    """All three, none written too: some clients read records of a fixed length."""
    suite = SUITES[number]
    return bytes((suite.authentication, 0x40 | suite.integrity, 0x80 | suite.confidentiality))
