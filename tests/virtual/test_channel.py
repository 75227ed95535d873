"""The channels of a virtual BMC: access that counts at the next login, keys, suites that are true."""

import pytest

from ipmi_lab.commands.bmc import ColdReset
from ipmi_lab.commands.channel import (
    AccessMode,
    Change,
    GetChannelAccess,
    GetChannelCipherSuites,
    GetChannelInfo,
    KeyId,
    KeyLock,
    KeyOperation,
    Medium,
    Protocol,
    SessionSupport,
    SetChannelAccess,
    SetChannelSecurityKeys,
    cipher_suites,
)
from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import GetMessageFlags
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.session import GetChannelAuthenticationCapabilities, SetSessionPrivilegeLevel
from ipmi_lab.packets import lan15
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.client import State
from ipmi_lab.wire.codes import CompletionCode, NetFn, Privilege
from tests.sessions.pair import Pair, profile
from tests.virtual.test_machines import answer, code
from tests.virtual.test_user import beside

KEY = Secret(b"twenty bytes of key!")


def test_a_disabled_channel_is_silent_to_all_but_open_sessions() -> None:
    pair = Pair().opened()
    off = SetChannelAccess(channel=1, change_access=Change.VOLATILE, access_mode=AccessMode.DISABLED)
    assert code(pair, off) == 0

    assert "nothing answers" in beside(pair).refused()
    assert "nothing answers" in beside(pair, version="1.5").refused()
    assert pair.works()
    on = SetChannelAccess(channel=1, change_access=Change.VOLATILE)
    assert code(pair, on) == 0
    assert beside(pair).opened().works()


def test_volatile_settings_are_gone_after_a_cold_reset_and_the_others_count_from_then_on() -> None:
    pair = Pair().opened()
    for copy, limit in ((Change.VOLATILE, Privilege.USER), (Change.NON_VOLATILE, Privilege.OPERATOR)):
        assert code(pair, SetChannelAccess(channel=1, change_privilege=copy, privilege_limit=limit)) == 0
        assert answer(pair, GetChannelAccess(copy=copy)).privilege_limit == limit
    assert beside(pair, privilege=Privilege.USER).opened().works()
    assert not isinstance(beside(pair, privilege=Privilege.OPERATOR).refused(), bytes)
    assert code(pair, ColdReset()) == 0

    assert not pair.works(), "the session outlived the reset"
    fresh = beside(pair, privilege=Privilege.OPERATOR).opened()
    assert answer(fresh, GetChannelAccess(copy=Change.VOLATILE)).privilege_limit == Privilege.OPERATOR


def test_what_is_not_to_be_changed_stays() -> None:
    pair = Pair().opened()
    ask = SetChannelAccess(channel=1, access_mode=AccessMode.DISABLED, privilege_limit=Privilege.USER)
    assert code(pair, ask) == 0
    found = answer(pair, GetChannelAccess())

    assert (found.access_mode, found.privilege_limit) == (AccessMode.ALWAYS_AVAILABLE, Privilege.ADMINISTRATOR)


@pytest.mark.parametrize("channel", [0, 15])
def test_channels_without_sessions_have_no_access(channel: int) -> None:
    pair = Pair().opened()

    assert code(pair, GetChannelAccess(channel=channel)) == 0x82
    assert code(pair, SetChannelAccess(channel=channel)) == 0x82
    assert code(pair, SetChannelAccess(channel=9)) == CompletionCode.INVALID_DATA_FIELD


@pytest.mark.parametrize("mode", [AccessMode.PRE_BOOT_ONLY, AccessMode.SHARED])
def test_access_modes_that_a_lan_has_not_are_refused(mode: AccessMode) -> None:
    ask = SetChannelAccess(channel=1, change_access=Change.VOLATILE, access_mode=mode)

    assert code(Pair().opened(), ask) == 0x83


@pytest.mark.parametrize(
    ("interface", "protocol"),
    [("kcs", Protocol.KCS), ("bt", Protocol.BT_15), ("smic", Protocol.SMIC), ("ssif", Protocol.SMBUS)],
)
def test_each_channel_says_what_it_is(interface: str, protocol: Protocol) -> None:
    pair = Pair(machine=profile(system_interface=interface)).opened()
    ipmb, lan, machine = (answer(pair, GetChannelInfo(channel=channel)) for channel in (0, 14, 15))

    assert (ipmb.medium, ipmb.session_support) == (Medium.IPMB, SessionSupport.NONE)
    assert (lan.channel, lan.medium, lan.active_sessions) == (1, Medium.LAN, 1)
    assert lan.session_support == SessionSupport.MULTIPLE
    assert (machine.medium, machine.protocol, machine.auxiliary) == (Medium.SYSTEM_INTERFACE, protocol, b"\xff\xff")


# ---------------------------------------------------------------------- keys and suites


def test_a_key_counts_from_the_next_login_on_and_can_be_locked() -> None:
    pair = Pair().opened()

    def keys(operation: KeyOperation, key: Secret | None = None) -> SetChannelSecurityKeys:
        return SetChannelSecurityKeys(operation=operation, key=key)

    assert answer(pair, keys(KeyOperation.READ)).key == Secret(bytes(20))
    assert not answer(pair, GetChannelAuthenticationCapabilities()).kg
    assert answer(pair, keys(KeyOperation.SET, KEY)).lock == KeyLock.UNLOCKED
    assert answer(pair, GetChannelAuthenticationCapabilities()).kg
    assert "it has a K_g, and none was given" in beside(pair, cipher=3).refused()
    assert beside(pair, cipher=3, kg=KEY).opened().works()
    assert pair.works()

    assert answer(pair, keys(KeyOperation.LOCK)).lock == KeyLock.LOCKED
    assert code(pair, keys(KeyOperation.SET, KEY)) == 0x80
    found = answer(pair, keys(KeyOperation.READ))
    assert (found.lock, found.key) == (KeyLock.LOCKED, KEY)


@pytest.mark.parametrize(("size", "wanted"), [(0, 0x81), (19, 0x81), (21, 0x82)])
def test_a_key_of_another_size_is_refused(size: int, wanted: int) -> None:
    """Which our own client would not send: it fills keys up."""
    ask = bytes((0x0E, KeyOperation.SET, KeyId.K_G)) + b"k" * size

    assert code(Pair().opened(), Raw(NetFn.APP, SetChannelSecurityKeys.command, ask)) == wanted


def test_there_is_no_other_key_and_none_without_rmcp_plus() -> None:
    read = KeyOperation.READ
    assert code(Pair().opened(), SetChannelSecurityKeys(operation=read, key_id=KeyId.K_R)) == 0x84
    assert code(Pair().opened(), SetChannelSecurityKeys(operation=read, key_id=2)) == 0xCC
    legacy = Pair(machine=profile(suites=[])).opened()
    assert code(legacy, SetChannelSecurityKeys(operation=read)) == 0xCC


def test_every_suite_that_is_listed_opens_a_session_and_no_other_does() -> None:
    pair = Pair(machine=profile(suites=[0, 1, 2, 3, 17])).opened()
    data = b"".join(answer(pair, GetChannelCipherSuites(index=index)).data for index in range(2))
    listed = [suite.number for suite in cipher_suites(data)]

    assert listed == [1, 2, 3, 17], "suite 0 takes insecure: true"
    for number in range(20):
        console = beside(pair, cipher=number)
        console.open()
        assert (console.console.state is State.ACTIVE) == (number in listed), number


def test_the_list_of_algorithms_has_each_once() -> None:
    pair = Pair(machine=profile(suites=[2, 3, 17])).opened()

    found = answer(pair, GetChannelCipherSuites(list_suites=False)).data

    assert found == bytes((0x01, 0x03, 0x41, 0x44, 0x80, 0x81))


# ---------------------------------------------------------------------- IPMI 1.5 packets without codes


def kinds(pair: Pair, since: int) -> set[int]:
    """The authentication types of the packets that the console sent."""
    return {lan15.parse(datagram).authentication for datagram in pair.sent[since:]}


def test_a_user_signs_nothing_where_no_users_packets_need_to_be_signed() -> None:
    machine = profile(user_level_authentication=False)
    pair = Pair(machine=machine, version="1.5", user="viewer", privilege=Privilege.USER).opened()
    found = answer(pair, GetChannelAuthenticationCapabilities(extended=False, privilege=Privilege.USER))
    assert found.user_level_authentication_disabled
    assert not found.per_message_authentication_disabled
    since = len(pair.sent)

    assert pair.works()
    assert kinds(pair, since) == {0}
    assert lan15.parse(pair.answered[-1]).authentication == 0


def test_an_administrator_signs_all_the_same_and_an_unsigned_packet_of_his_has_a_users_rights() -> None:
    pair = Pair(machine=profile(user_level_authentication=False), version="1.5").opened()
    since = len(pair.sent)
    assert pair.works()
    assert kinds(pair, since) == {2}
    assert lan15.parse(pair.answered[-1]).authentication == 2
    event = PlatformEvent(sensor_type=1, sensor_number=1, event_type=1, data=b"\1")
    assert code(pair, event) == 0

    wrapping = pair.console._wrapping
    assert wrapping is not None
    wrapping.authentication = 0  # type: ignore[union-attr]  # of IPMI 1.5
    assert pair.works()
    assert code(pair, event) == CompletionCode.INSUFFICIENT_PRIVILEGE
    assert code(pair, GetMessageFlags()) == CompletionCode.INSUFFICIENT_PRIVILEGE


def test_a_code_that_came_is_verified_all_the_same() -> None:
    pair = Pair(machine=profile(user_level_authentication=False), version="1.5").opened()
    pair.to_bmc = lambda datagram: [datagram[:13] + bytes((datagram[13] ^ 1,)) + datagram[14:]]

    assert not pair.works()


def test_unsigned_packets_are_not_taken_where_the_channel_wants_codes() -> None:
    pair = Pair(version="1.5").opened()
    wrapping = pair.console._wrapping
    assert wrapping is not None
    wrapping.authentication = 0  # type: ignore[union-attr]  # of IPMI 1.5

    assert not pair.works()


def test_a_quirk_signs_all_the_same() -> None:
    machine = profile(user_level_authentication=False)
    signing = Pair(
        machine=machine, version="1.5", user="viewer", privilege=Privilege.USER, quirks=frozenset({"forcepermsg"})
    ).opened()
    since = len(signing.sent)
    assert signing.works()

    assert kinds(signing, since) == {2}


def test_no_packet_is_signed_where_the_profile_says_that_none_need_be() -> None:
    pair = Pair(machine=profile(per_message_authentication=False), version="1.5").opened()
    assert answer(pair, GetChannelAuthenticationCapabilities(extended=False)).per_message_authentication_disabled
    since = len(pair.sent)

    assert pair.works()
    assert kinds(pair, since) == {0}


def test_the_session_still_proves_the_password() -> None:
    machine = profile(user_level_authentication=False, per_message_authentication=False)

    assert "wrong password" in Pair(machine=machine, version="1.5", password=Secret("wrong")).refused()


def test_oem_authentication_is_named_with_its_maker() -> None:
    machine = profile(suites=[], oem_authentication={"maker": 343, "auxiliary": 7})
    pair = Pair(machine=machine, version="1.5").opened()
    found = answer(pair, GetChannelAuthenticationCapabilities(extended=False))

    assert (found.oem, found.oem_maker, found.oem_auxiliary) == (True, 343, 7)
    assert "oem" in [kind.words for kind in found.authentications]
    refused = Pair(machine=machine, version="1.5", authentication=5).refused()
    assert "maker 343" in refused
    only = Pair(machine=profile(suites=[], authentications=[], oem_authentication={"maker": 343}), version="1.5")
    assert "only oem" in only.refused()


def test_privilege_goes_down_and_up_again_but_not_over_what_was_asked_for() -> None:
    pair = Pair(privilege=Privilege.OPERATOR).opened()
    report = SetSessionPrivilegeLevel()

    assert answer(pair, report).privilege == Privilege.OPERATOR
    assert answer(pair, SetSessionPrivilegeLevel(privilege=Privilege.USER)).privilege == Privilege.USER
    assert code(pair, Raw(0x04, 0x02, b"\4\1\1\1\1")) == CompletionCode.INSUFFICIENT_PRIVILEGE
    assert answer(pair, report).privilege == Privilege.USER
    assert answer(pair, SetSessionPrivilegeLevel(privilege=Privilege.OPERATOR)).privilege == Privilege.OPERATOR
    assert code(pair, SetSessionPrivilegeLevel(privilege=Privilege.ADMINISTRATOR)) == 0x81
    viewer = beside(pair, user="viewer", privilege=Privilege.USER).opened()
    assert code(viewer, SetSessionPrivilegeLevel(privilege=Privilege.OPERATOR)) == 0x80
    assert code(viewer, SetSessionPrivilegeLevel(privilege=Privilege.CALLBACK)) == 0xCC
