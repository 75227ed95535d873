"""Users of a BMC: their names, passwords and rights, and what the BMC signs with a password."""

from collections.abc import Mapping
from typing import Annotated, Any

from ipmi_lab.commands.command import CommandCode, Done, Permission, Request, Response
from ipmi_lab.commands.session import AuthenticationType
from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import Bit, Bits, Bits2, Bits4, Bits6, Bytes16, Password, Rest, Text16


class EnableStatus(OpenEnum):
    """Whether a user is enabled, as Set User Password last said."""

    UNSPECIFIED = 0
    ENABLED = 1
    DISABLED = 2


class UserAccess(Response):
    """What a user may do on a channel, and how many users the BMC has."""

    _1: Bits2 = 0
    most_users: Bits6
    enable_status: Annotated[EnableStatus, Bits(2)]
    enabled_users: Bits6
    _2: Bits2 = 0
    fixed_names: Bits6
    _3: Bit = False
    callback_only: Bit
    link_authentication: Bit
    ipmi_messaging: Bit
    privilege_limit: Annotated[Privilege, Bits(4)]


class GetUserAccess(Request[UserAccess], netfn=NetFn.APP, command=0x44, privilege=Privilege.OPERATOR):
    """Ask what a user may do on a channel. IPMI 2.0 §22.27."""

    _1: Bits4 = 0
    channel: Bits4 = 0x0E
    _2: Bits2 = 0
    user_id: Bits6


class SetUserAccess(
    Request[Done], netfn=NetFn.APP, command=0x43, needs="write", repeat=True, privilege=Privilege.ADMINISTRATOR
):
    """Say what a user may do on a channel; without ``change_rights`` only the privilege limit is written.
    ``session_limit`` is how many sessions he may have at once, 0 for any number; BMCs may know none.
    IPMI 2.0 §22.26."""

    change_rights: Bit = True
    callback_only: Bit = False
    link_authentication: Bit = False
    ipmi_messaging: Bit = True
    channel: Bits4 = 0x0E
    _1: Bits2 = 0
    user_id: Bits6
    _2: Bits4 = 0
    privilege_limit: Annotated[Privilege, Bits(4)]
    _3: Bits4 | None = None
    session_limit: Bits4 | None = None


class SetUserName(
    Request[Done], netfn=NetFn.APP, command=0x45, needs="write", repeat=True, privilege=Privilege.ADMINISTRATOR
):
    """Name a user; user 1 has the null name for good. IPMI 2.0 §22.28."""

    _1: Bits2 = 0
    user_id: Bits6
    user_name: Text16


class UserName(Response):
    """The name of a user; empty where he has none."""

    user_name: Text16


class GetUserName(Request[UserName], netfn=NetFn.APP, command=0x46, privilege=Privilege.OPERATOR):
    """Ask for the name of a user. IPMI 2.0 §22.29."""

    _1: Bits2 = 0
    user_id: Bits6


SHORT, LONG = 16, 20


class PasswordOperation(OpenEnum):
    """What is done with a user's password."""

    DISABLE_USER = 0
    ENABLE_USER = 1
    SET_PASSWORD = 2
    TEST_PASSWORD = 3


class PasswordCode(CommandCode):
    """What only Set User Password answers."""

    TEST_FAILED = 0x80
    TEST_FAILED_WRONG_SIZE = 0x81


class SetUserPassword(
    Request[Done],
    netfn=NetFn.APP,
    command=0x47,
    needs="write",
    repeat=True,
    privilege=Privilege.ADMINISTRATOR,
    codes=PasswordCode,
):
    """Set or test a user's password, or enable or disable the user; ``long`` sends 20 bytes instead of 16.
    IPMI 2.0 §22.30."""

    long: Bit = False
    _1: Bit = False
    user_id: Bits6
    _2: Bits6 = 0
    operation: Annotated[PasswordOperation, Bits(2)]
    password: Password | None = None

    @property
    def size(self) -> int:
        """How many bytes a password has on the wire."""
        return LONG if self.long else SHORT

    def _check(self) -> None:
        if self.password is not None and len(self.password) > self.size:
            hint = "Say long=true, which takes 20 bytes and serves IPMI 2.0 only." if not self.long else ""
            raise LocalError(f"password: {len(self.password)} bytes are given, at most {self.size} fit", hint=hint)

    def encode(self) -> bytes:
        data = super().encode()
        return data if self.password is None else data.ljust(2 + self.size, b"\0")

    def permission(self) -> Permission:
        return "" if self.operation == PasswordOperation.TEST_PASSWORD else self.needs

    def secret(self) -> bool:
        return self.password is not None


class AuthCodeKind(OpenEnum):
    """What the algorithm of Get AuthCode is a number of."""

    IPMI_1_5 = 0
    RMCP_PLUS = 1


class AuthCode(Response):
    """What the BMC makes of the data with the user's password; nothing for a straight password that fits."""

    code: Rest = b""


class GetAuthCode(Request[AuthCode], netfn=NetFn.APP, command=0x3F, privilege=Privilege.OPERATOR):
    """Have the BMC sign 16 bytes with a user's password: ``algorithm`` is an IPMI 1.5 authentication type, or by
    ``kind`` an integrity algorithm of RMCP+. A straight password (4) is only compared: then ``data`` is the password,
    a secret like any other, and is filled up with zeros. IPMI 2.0 §22.21."""

    kind: Annotated[AuthCodeKind, Bits(2)] = AuthCodeKind.IPMI_1_5
    algorithm: Bits6
    _1: Bits4 = 0
    channel: Bits4 = 0x0E
    _2: Bits2 = 0
    user_id: Bits6
    data: Bytes16

    def __init__(self, **fields: Any) -> None:
        data = fields.get("data")
        if not isinstance(data, Secret) or not self.hidden(fields):
            super().__init__(**fields)
            return
        if len(data) > SHORT:
            message = f"data: {len(data)} bytes are given, a straight password has at most {SHORT}"
            raise LocalError(message, request=type(self).__name__)
        super().__init__(**fields | {"data": bytes(SHORT)})  # what goes wrong in there shows no password
        self.__dict__["data"] = data.reveal().ljust(SHORT, b"\0")

    def secret(self) -> bool:
        return self.kind == AuthCodeKind.IPMI_1_5 and self.algorithm == AuthenticationType.STRAIGHT

    @classmethod
    def hidden(cls, given: Mapping[str, Any]) -> set[str]:
        how = {name: given[name] for name in ("kind", "algorithm") if name in given}
        try:
            straight = cls(**how, user_id=0, data=bytes(SHORT)).secret()
        except LocalError:  # the request itself will tell it
            return set()
        return {"data"} & given.keys() if straight else set()
