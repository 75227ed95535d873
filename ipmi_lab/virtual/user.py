"""The users of a virtual BMC; what is changed takes effect at the next login."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ipmi_lab.commands.command import Done
from ipmi_lab.commands.user import (
    AuthCode,
    AuthCodeKind,
    EnableStatus,
    GetAuthCode,
    GetUserAccess,
    GetUserName,
    PasswordCode,
    PasswordOperation,
    SetUserAccess,
    SetUserName,
    SetUserPassword,
    UserAccess,
    UserName,
)
from ipmi_lab.secret import same
from ipmi_lab.sessions.accounts import Account
from ipmi_lab.sessions.crypto import INTEGRITIES, digest15, integrity
from ipmi_lab.virtual.part import Answer, Part, Refuse, answers
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

MOST_USERS, NULL_USER = 10, 1
STRAIGHT, NO_AUTHENTICATION, SUITE_WITHOUT_ANY = 4, 0, 0


@dataclass
class User:
    """One user as the BMC keeps him."""

    user_name: bytes = b""
    password: bytes = field(default=b"", repr=False)
    long_password: bool = False
    enabled: bool = False
    messaging: bool = True
    callback_only: bool = False
    link_authentication: bool = False
    limit: Privilege = Privilege.NO_ACCESS
    session_limit: int = 0

    @property
    def can_log_in(self) -> bool:
        """Whether any session of his comes about."""
        return self.enabled and self.messaging and self.limit <= Privilege.OEM


class Users(Part):
    """User slots 1 to 10; the first has the null name for good, and is off unless the profile names such a user.
    Also what a login needs to know of the BMC."""

    def __init__(self, bmc: "VirtualBmc", passwords: dict[str, str]) -> None:
        super().__init__(bmc)
        self.users = {number: User() for number in range(1, MOST_USERS + 1)}
        self.key = b""
        self.guid = bmc.profile.guid_bytes
        self.session_slots = bmc.profile.session_slots
        named = [user for user in bmc.profile.users if user.user]
        numbered = [(NULL_USER, user) for user in bmc.profile.users if not user.user] + list(enumerate(named, start=2))
        for number, user in numbered:
            password = b"" if user.password == "none" else passwords[user.user].encode()
            self.users[number] = User(user.user.encode("latin-1"), password, len(password) > 16, True, limit=user.level)

    # ------------------------------------------------------------------ what a login asks (sessions.Accounts)

    def find(self, user_name: bytes, privilege: Privilege | None) -> Account | None:
        for number, user in self.users.items():
            fits = user.user_name == user_name and (privilege is None or user.limit == privilege)
            if fits and user.can_log_in:
                limit = min(user.limit, Privilege.CALLBACK) if user.callback_only else user.limit
                return Account(number, user_name, user.password, limit, user.long_password, user.session_limit)
        return None

    def suites(self) -> frozenset[int]:
        insecure = self.bmc.profile.insecure
        return frozenset(n for n in self.bmc.profile.suites if insecure or n != SUITE_WITHOUT_ANY)

    def authentications(self) -> frozenset[int]:
        insecure = self.bmc.profile.insecure
        weak = (NO_AUTHENTICATION, STRAIGHT)
        return frozenset(n for n in self.bmc.profile.authentication_types if insecure or n not in weak)

    def kg(self) -> bytes:
        return self.key

    def limit(self) -> Privilege:
        return self.bmc.channels.limit

    def signs_every_packet(self) -> bool:
        return not self.bmc.channels.per_message_authentication_disabled

    def signs_as_user(self) -> bool:
        return not self.bmc.channels.user_level_authentication_disabled

    def takes_sessions(self) -> bool:
        return self.bmc.channels.takes_sessions

    def kinds(self) -> tuple[bool, bool, bool]:
        """Whether somebody can log in with a name, without one, and with neither name nor password."""
        able = [user for user in self.users.values() if user.can_log_in]
        nameless = [user for user in able if not user.user_name]
        named, null = len(able) > len(nameless), any(user.password for user in nameless)
        return named, null, any(not user.password for user in nameless)

    # ------------------------------------------------------------------ commands

    def _user(self, number: int) -> User:
        if number not in self.users:
            raise Refuse(CompletionCode.PARAMETER_OUT_OF_RANGE)
        return self.users[number]

    @answers(GetUserAccess)
    def access(self, ask: GetUserAccess) -> UserAccess:
        user = self._user(ask.user_id)
        self.bmc.channels.number(ask.channel)
        return UserAccess(
            most_users=MOST_USERS,
            enable_status=EnableStatus.ENABLED if user.enabled else EnableStatus.DISABLED,
            enabled_users=sum(user.enabled for user in self.users.values()),
            fixed_names=1,
            callback_only=user.callback_only,
            link_authentication=user.link_authentication,
            ipmi_messaging=user.messaging,
            privilege_limit=user.limit,
        )

    @answers(SetUserAccess)
    def set_access(self, ask: SetUserAccess) -> Answer:
        user = self._user(ask.user_id)
        self.bmc.channels.number(ask.channel)
        if ask.privilege_limit not in (1, 2, 3, 4, 5, Privilege.NO_ACCESS):
            return CompletionCode.INVALID_DATA_FIELD
        if ask.session_limit is not None:
            user.session_limit = ask.session_limit
        if ask.change_rights:
            user.callback_only = ask.callback_only
            user.link_authentication = ask.link_authentication
            user.messaging = ask.ipmi_messaging
        user.limit = ask.privilege_limit
        return Done()

    @answers(GetUserName)
    def user_name(self, ask: GetUserName) -> UserName:
        return UserName(user_name=self._user(ask.user_id).user_name.decode("latin-1"))

    @answers(SetUserName)
    def set_user_name(self, ask: SetUserName) -> Answer:
        user = self._user(ask.user_id)
        if ask.user_id == NULL_USER:
            return CompletionCode.INVALID_DATA_FIELD
        user.user_name = ask.user_name.encode("latin-1")
        return Done()

    @answers(SetUserPassword)
    def set_password(self, ask: SetUserPassword) -> Answer:
        user = self._user(ask.user_id)
        if ask.operation in (PasswordOperation.ENABLE_USER, PasswordOperation.DISABLE_USER):
            user.enabled = ask.operation == PasswordOperation.ENABLE_USER
            return Done()
        size = 20 if ask.long else 16
        if ask.password is None or len(ask.password) != size:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        if ask.operation == PasswordOperation.SET_PASSWORD:
            user.password, user.long_password = ask.password.reveal().rstrip(b"\0"), ask.long
            return Done()
        if ask.operation != PasswordOperation.TEST_PASSWORD:
            return CompletionCode.INVALID_DATA_FIELD
        if user.long_password != ask.long:
            return PasswordCode.TEST_FAILED_WRONG_SIZE
        fits = same(user.password.ljust(size, b"\0"), ask.password.reveal())
        return Done() if fits else PasswordCode.TEST_FAILED

    @answers(GetAuthCode)
    def auth_code(self, ask: GetAuthCode) -> Answer:
        password = self._user(ask.user_id).password
        self.bmc.channels.number(ask.channel)
        rmcp_plus = ask.kind == AuthCodeKind.RMCP_PLUS
        if rmcp_plus and ask.algorithm in INTEGRITIES and ask.algorithm:
            signer = integrity(ask.algorithm, password.ljust(20, b"\0"), password)
            return AuthCode(code=signer.code(ask.data))
        if rmcp_plus or ask.kind != AuthCodeKind.IPMI_1_5 or ask.algorithm not in (1, 2, STRAIGHT):
            return CompletionCode.INVALID_DATA_FIELD
        padded = password[:16].ljust(16, b"\0")
        if ask.algorithm == STRAIGHT:
            return AuthCode() if same(padded, ask.data) else CompletionCode.INVALID_DATA_FIELD
        return AuthCode(code=digest15(ask.algorithm, padded + ask.data + padded))
