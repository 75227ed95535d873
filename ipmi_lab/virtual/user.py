"""The users of a virtual BMC; what is changed takes effect at the next login."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from ipmi_lab.commands.command import Done
from ipmi_lab.commands.user import (
    SHORT,
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
from ipmi_lab.sessions.crypto import INTEGRITIES, digest15, integrity
from ipmi_lab.virtual.accounts import STRAIGHT
from ipmi_lab.virtual.part import Answer, Part, Refuse, answers
from ipmi_lab.virtual.state import Hex
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

MOST_USERS, NULL_USER = 10, 1


@dataclass
class Rights:
    """What a user may do on one channel."""

    limit: Privilege = Privilege.NO_ACCESS
    messaging: bool = True
    callback_only: bool = False
    link_authentication: bool = False


@dataclass
class User:
    """One user as the BMC keeps him: his rights go by channel, all else is his wherever he comes by."""

    rights: dict[int, Rights]
    user_name: Hex = b""
    password: Hex = field(default=b"", repr=False)
    long_password: bool = False
    enabled: bool = False
    session_limit: int = 0

    def can_log_in(self, channel: int) -> bool:
        """Whether any session of his comes about there."""
        rights = self.rights[channel]
        return self.enabled and rights.messaging and rights.limit <= Privilege.OEM


class Users(Part):
    """User slots 1 to 10; the first has the null name for good, and is off unless the profile names such a user.
    ``key`` is the BMC's own, K_g."""

    keeps: ClassVar = {"users": dict[int, User], "key": Hex}

    def __init__(self, bmc: "VirtualBmc", passwords: dict[str, str]) -> None:
        super().__init__(bmc)
        self.users = {number: User(self._everywhere()) for number in range(1, MOST_USERS + 1)}
        self.key = b""
        named = [user for user in bmc.profile.users if user.user]
        numbered = [(NULL_USER, user) for user in bmc.profile.users if not user.user] + list(enumerate(named, start=2))
        for number, user in numbered:
            password = b"" if user.password == "none" else passwords[user.user].encode()
            rights = self._everywhere(user.level)
            self.users[number] = User(rights, user.user.encode("latin-1"), password, len(password) > 16, enabled=True)

    def _everywhere(self, limit: Privilege = Privilege.NO_ACCESS) -> dict[int, Rights]:
        """The same rights on every channel that has sessions."""
        return {channel: Rights(limit) for channel in self.bmc.channels.accounts}

    def passwords(self) -> dict[str, bytes]:
        """The passwords of all users by their names."""
        named = [self.users[NULL_USER], *(user for user in self.users.values() if user.user_name)]
        return {user.user_name.decode("latin-1"): user.password for user in named}

    def give(self, passwords: dict[str, str]) -> None:
        """Give users other passwords, by their names."""
        for user in self.users.values():
            word = passwords.get(user.user_name.decode("latin-1")) if user.user_name else None
            if word is not None:
                user.password, user.long_password = word.encode(), len(word.encode()) > SHORT

    # ------------------------------------------------------------------ commands

    def _user(self, number: int) -> User:
        if number not in self.users:
            raise Refuse(CompletionCode.PARAMETER_OUT_OF_RANGE)
        return self.users[number]

    @answers(GetUserAccess)
    def access(self, ask: GetUserAccess) -> UserAccess:
        user = self._user(ask.user_id)
        rights = user.rights[self.bmc.channels.number(ask.channel)]
        return UserAccess(
            most_users=MOST_USERS,
            enable_status=EnableStatus.ENABLED if user.enabled else EnableStatus.DISABLED,
            enabled_users=sum(user.enabled for user in self.users.values()),
            fixed_names=1,
            callback_only=rights.callback_only,
            link_authentication=rights.link_authentication,
            ipmi_messaging=rights.messaging,
            privilege_limit=rights.limit,
        )

    @answers(SetUserAccess)
    def set_access(self, ask: SetUserAccess) -> Answer:
        user = self._user(ask.user_id)
        rights = user.rights[self.bmc.channels.number(ask.channel)]
        if ask.privilege_limit not in (1, 2, 3, 4, 5, Privilege.NO_ACCESS):
            return CompletionCode.INVALID_DATA_FIELD
        if ask.session_limit is not None:
            user.session_limit = ask.session_limit
        if ask.change_rights:
            rights.callback_only = ask.callback_only
            rights.link_authentication = ask.link_authentication
            rights.messaging = ask.ipmi_messaging
        rights.limit = ask.privilege_limit
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
