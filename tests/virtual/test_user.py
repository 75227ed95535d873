"""Users of a virtual BMC: what is set counts at the next login."""

import hashlib
import hmac

import pytest

from ipmi_lab.commands.session import GetChannelAuthenticationCapabilities
from ipmi_lab.commands.user import (
    AuthCodeKind,
    EnableStatus,
    GetAuthCode,
    GetUserAccess,
    GetUserName,
    PasswordOperation,
    SetUserAccess,
    SetUserName,
    SetUserPassword,
)
from ipmi_lab.errors import LocalError
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.client import State
from ipmi_lab.virtual.profile import Profile, UserProfile
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import PASSWORD, Pair, profile
from tests.virtual.test_machines import answer, code

BENCH = 5


def beside(pair: Pair, **login: object) -> Pair:
    """Another console at the same BMC."""
    other = Pair(**login)
    other.bmc, other.now = pair.bmc, pair.now
    return other


def with_bench(password: str = "bench pass", *, long: bool = False, **access: object) -> Pair:
    """An administrator's session, and a user more."""
    pair = Pair().opened()
    for request in (
        SetUserName(user_id=BENCH, user_name="bench"),
        SetUserPassword(user_id=BENCH, operation=PasswordOperation.SET_PASSWORD, password=Secret(password), long=long),
        SetUserAccess(**{"user_id": BENCH, "privilege_limit": Privilege.OPERATOR} | access),
        SetUserPassword(user_id=BENCH, operation=PasswordOperation.ENABLE_USER),
    ):
        assert code(pair, request) == 0, request
    return pair


def logs_in(pair: Pair, password: str = "bench pass", **login: object) -> bool:
    usual: dict[str, object] = {"user": "bench", "password": Secret(password), "privilege": Privilege.OPERATOR}
    console = beside(pair, **usual | login)
    console.open()
    return console.console.state is State.ACTIVE


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_user_has_as_many_sessions_as_he_may(version: str) -> None:
    pair = with_bench(session_limit=2)

    assert logs_in(pair, version=version)
    assert logs_in(pair, version=version)
    refused = beside(
        pair, user="bench", password=Secret("bench pass"), privilege=Privilege.OPERATOR, version=version
    ).refused()
    assert "slot" in refused or "resources" in refused
    assert code(pair, SetUserAccess(user_id=BENCH, privilege_limit=Privilege.OPERATOR, session_limit=0)) == 0
    assert logs_in(pair, version=version)


def test_a_password_of_twenty_bytes_is_for_rmcp_plus_alone() -> None:
    pair = with_bench("x" * 16, long=True)

    assert logs_in(pair, "x" * 16, version="2.0")
    assert not logs_in(pair, "x" * 16, version="1.5")


def test_a_password_of_sixteen_bytes_is_for_both() -> None:
    pair = with_bench("x" * 16)

    assert logs_in(pair, "x" * 16, version="2.0")
    assert logs_in(pair, "x" * 16, version="1.5")


def test_a_password_of_the_wrong_size_is_refused_on_either_end() -> None:
    pair = Pair().opened()
    with pytest.raises(LocalError, match="17 bytes are given, at most 16 fit"):
        SetUserPassword(user_id=2, operation=PasswordOperation.SET_PASSWORD, password=Secret("x" * 17))
    with pytest.raises(LocalError, match="21 bytes are given, at most 20 fit"):
        SetUserPassword(user_id=2, operation=PasswordOperation.SET_PASSWORD, password=Secret("x" * 21), long=True)

    assert code(pair, SetUserPassword(user_id=2, operation=PasswordOperation.SET_PASSWORD)) == 0xC7
    assert code(pair, SetUserPassword(user_id=2, operation=PasswordOperation.TEST_PASSWORD)) == 0xC7


@pytest.mark.parametrize(
    "access",
    [{"ipmi_messaging": False}, {"privilege_limit": Privilege.NO_ACCESS}, {"callback_only": True}],
    ids=lambda access: next(iter(access)),
)
def test_a_user_without_the_right_gets_no_session(access: dict[str, object]) -> None:
    pair = with_bench(**access)

    assert not logs_in(pair)


def test_rights_stay_where_only_the_limit_is_written() -> None:
    pair = with_bench(ipmi_messaging=False)
    change = SetUserAccess(user_id=BENCH, change_rights=False, ipmi_messaging=True, privilege_limit=Privilege.USER)
    assert code(pair, change) == 0
    found = answer(pair, GetUserAccess(user_id=BENCH))

    assert (found.ipmi_messaging, found.privilege_limit) == (False, Privilege.USER)


def test_enabled_users_are_counted_and_the_null_name_is_fixed() -> None:
    pair = Pair().opened()
    found = answer(pair, GetUserAccess(user_id=2))
    assert (found.most_users, found.enabled_users, found.fixed_names) == (10, 2, 1)
    assert code(pair, SetUserPassword(user_id=3, operation=PasswordOperation.DISABLE_USER)) == 0
    found = answer(pair, GetUserAccess(user_id=3))
    assert (found.enabled_users, found.enable_status) == (1, EnableStatus.DISABLED)
    assert code(pair, SetUserName(user_id=1, user_name="root")) == CompletionCode.INVALID_DATA_FIELD
    assert answer(pair, GetUserName(user_id=1)).user_name == ""


# ---------------------------------------------------------------------- the null user


def flags(pair: Pair) -> tuple[bool, bool, bool]:
    """Named users, null user with a password, null user without."""
    found = answer(pair, GetChannelAuthenticationCapabilities(privilege=Privilege.USER))
    return found.named_users, found.null_users, found.anonymous_login


@pytest.mark.parametrize("version", ["1.5", "2.0"])
def test_a_profile_can_have_a_null_user(version: str) -> None:
    pair = Pair(machine=profile(users=[UserProfile(user="")]), user="", version=version).opened()

    assert flags(pair) == (False, True, False)
    assert answer(pair, GetUserAccess(user_id=1)).privilege_limit == Privilege.ADMINISTRATOR


def test_a_null_user_without_password_is_an_anonymous_login() -> None:
    users = [UserProfile(user="admin"), UserProfile(user="", privilege="user", password="none")]
    machine = profile(users=users, insecure=True, authentications=["none", "md5"])
    pair = Pair(machine=machine, user="", password=Secret(""), privilege=Privilege.USER).opened()

    assert flags(pair) == (True, False, True)


def test_a_user_without_password_needs_an_insecure_profile() -> None:
    with pytest.raises(ValueError, match="takes insecure: true"):
        Profile(users=[UserProfile(user="", password="none")])
    with pytest.raises(ValueError, match="one null user"):
        Profile(users=[UserProfile(user=""), UserProfile(user="")])


def test_the_flags_follow_what_users_become() -> None:
    pair = Pair().opened()
    assert flags(pair) == (True, False, False)
    secret = SetUserPassword(user_id=1, operation=PasswordOperation.SET_PASSWORD, password=Secret("null"))
    for request in (
        SetUserAccess(user_id=1, privilege_limit=Privilege.USER),
        SetUserPassword(user_id=1, operation=PasswordOperation.ENABLE_USER),
    ):
        assert code(pair, request) == 0
    assert flags(pair) == (True, False, True)
    assert code(pair, secret) == 0
    assert flags(pair) == (True, True, False)


# ---------------------------------------------------------------------- Get AuthCode


def test_an_auth_code_is_what_hashlib_makes_of_it() -> None:
    pair, data = Pair().opened(), bytes(range(16))
    short, long = PASSWORD.encode().ljust(16, b"\0"), PASSWORD.encode().ljust(20, b"\0")

    def code_of(algorithm: int, kind: AuthCodeKind = AuthCodeKind.RMCP_PLUS) -> bytes:
        found: bytes = answer(pair, GetAuthCode(kind=kind, algorithm=algorithm, user_id=2, data=data)).code
        return found

    assert code_of(2, AuthCodeKind.IPMI_1_5) == hashlib.md5(short + data + short).digest()
    assert code_of(1) == hmac.digest(long, data, "sha1")[:12]
    assert code_of(2) == hmac.digest(long, data, "md5")
    assert code_of(3) == hashlib.md5(long + data + long).digest()
    assert code_of(4) == hmac.digest(long, data, "sha256")[:16]
    assert code(pair, GetAuthCode(kind=2, algorithm=1, user_id=2, data=data)) == CompletionCode.INVALID_DATA_FIELD
