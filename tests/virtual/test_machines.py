"""What a virtual BMC answers, by the rules of a real one."""

import pytest

from ipmi_lab.commands.channel import (
    Change,
    GetChannelAccess,
    GetChannelCipherSuites,
    KeyOperation,
    SetChannelAccess,
    SetChannelSecurityKeys,
    cipher_suites,
)
from ipmi_lab.commands.chassis import ChassisControl, GetChassisStatus, Power
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.i2c import BusType, MasterWriteRead
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.session import CloseSession, GetSessionInfo
from ipmi_lab.commands.user import (
    GetUserAccess,
    PasswordOperation,
    SetUserAccess,
    SetUserName,
    SetUserPassword,
)
from ipmi_lab.errors import LocalError, RemoteError
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.crypto import authenticator
from ipmi_lab.sessions.events import Answered
from ipmi_lab.sessions.wrapping import Lan15
from ipmi_lab.virtual.profile import ChassisProfile, known, load
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import CONSOLE, Pair, profile


def code(pair: Pair, request: Request) -> int:  # type: ignore[type-arg]  # of any answer
    event = pair.ask(request)
    assert isinstance(event, Answered)
    return event.code


def answer(pair: Pair, request: Request):  # type: ignore[type-arg,no-untyped-def]  # of any answer
    event = pair.ask(request)
    assert isinstance(event, Answered)
    return request.answer(event.code, event.data)


def test_power_takes_the_time_that_the_profile_says() -> None:
    pair = Pair(machine=profile(chassis=ChassisProfile(power_up=5, power_down=3))).opened()

    assert code(pair, ChassisControl(action=Power.OFF)) == 0
    assert answer(pair, GetChassisStatus()).power_on
    pair.now += 3
    assert not answer(pair, GetChassisStatus()).power_on
    assert code(pair, ChassisControl(action=Power.CYCLE)) == CompletionCode.NOT_SUPPORTED_IN_PRESENT_STATE
    assert code(pair, ChassisControl(action=Power.ON)) == 0
    pair.now += 4.9
    assert not answer(pair, GetChassisStatus()).power_on
    pair.now += 0.2
    assert answer(pair, GetChassisStatus()).power_on


@pytest.mark.parametrize(
    ("netfn", "command", "data", "wanted"),
    [
        (0x06, 0x01, b"\0", CompletionCode.REQUEST_DATA_LENGTH_INVALID),
        (0x06, 0x44, b"\x01", CompletionCode.REQUEST_DATA_LENGTH_INVALID),
        (0x06, 0x3E, b"", CompletionCode.INVALID_COMMAND),
        (0x00, 0x02, b"\x0e", CompletionCode.INVALID_DATA_FIELD),
        (0x06, 0x42, b"\x09", CompletionCode.INVALID_DATA_FIELD),
        (0x06, 0x44, b"\x01\x3f", CompletionCode.PARAMETER_OUT_OF_RANGE),
    ],
)
def test_what_makes_no_sense_gets_its_code(netfn: int, command: int, data: bytes, wanted: int) -> None:
    assert code(Pair().opened(), Raw(netfn, command, data)) == wanted


def test_another_lun_is_refused() -> None:
    assert code(Pair().opened(), Raw(0x06, 0x01, b"", lun=1)) == CompletionCode.INVALID_COMMAND_FOR_LUN


def test_a_new_user_logs_in_with_what_was_set() -> None:
    pair = Pair().opened()
    for request in (
        SetUserName(user_id=5, user_name="bench"),
        SetUserPassword(user_id=5, operation=PasswordOperation.SET_PASSWORD, password=Secret("p" * 20), long=True),
        SetUserAccess(user_id=5, channel=1, privilege_limit=Privilege.OPERATOR),
        SetUserPassword(user_id=5, operation=PasswordOperation.ENABLE_USER),
    ):
        assert code(pair, request) == 0
    fresh = Pair(user="bench", password=Secret("p" * 20), privilege=Privilege.OPERATOR)
    fresh.bmc = pair.bmc

    assert fresh.opened().works()
    assert answer(pair, GetUserAccess(user_id=5)).privilege_limit == Privilege.OPERATOR


def test_a_password_is_tested_by_its_size() -> None:
    pair = Pair().opened()

    def tested(password: str, long: bool) -> int:
        test = PasswordOperation.TEST_PASSWORD
        return code(pair, SetUserPassword(user_id=2, operation=test, password=Secret(password), long=long))

    assert tested("a password", long=False) == 0
    assert tested("other", long=False) == 0x80
    assert tested("a password", long=True) == 0x81


def test_a_disabled_user_gets_no_session() -> None:
    pair = Pair().opened()
    assert code(pair, SetUserPassword(user_id=3, operation=PasswordOperation.DISABLE_USER)) == 0
    viewer = Pair(user="viewer", privilege=Privilege.USER, cipher=3)
    viewer.bmc = pair.bmc

    assert "knows another password" in viewer.refused()


def test_a_lower_limit_of_the_channel_holds_at_the_next_login() -> None:
    pair = Pair().opened()
    change = SetChannelAccess(channel=1, change_privilege=Change.VOLATILE, privilege_limit=Privilege.USER)
    assert code(pair, change) == 0
    assert answer(pair, GetChannelAccess(channel=1, copy=Change.NON_VOLATILE)).privilege_limit == 4
    fresh = Pair()
    fresh.bmc = pair.bmc

    assert "privilege limit may be lower" in fresh.refused()


def test_packets_need_no_code_where_the_channel_says_so_but_a_wrong_one_is_refused() -> None:
    pair = Pair().opened()
    change = SetChannelAccess(
        channel=1, change_access=Change.VOLATILE, per_message_authentication_disabled=True, alerting_disabled=True
    )
    assert code(pair, change) == 0
    fresh = Pair(version="1.5")
    fresh.bmc = pair.bmc
    fresh.opened()

    assert fresh.works()
    assert fresh.sent[-1][4] == 0, "unsigned, as the BMC allows"
    wrapping = fresh.console._wrapping
    assert isinstance(wrapping, Lan15)
    wrapping.authentication = 2  # from now on it signs all the same
    wrapping._code = authenticator(2, wrapping.password, wrapping.session_id)
    fresh.console.request(GetChassisStatus(), fresh.now)
    signed = fresh.console.datagrams()[0]
    dropped = pair.bmc.sessions.dropped
    pair.bmc.receive(signed[:13] + bytes(16) + signed[29:], CONSOLE, fresh.now)
    assert (pair.bmc.sessions.dropped, pair.bmc.datagrams()) == (dropped + 1, [])
    pair.bmc.receive(signed, CONSOLE, fresh.now)
    assert len(pair.bmc.datagrams()) == 1


def test_a_key_of_the_bmc_changes_the_login_and_can_be_locked() -> None:
    pair = Pair().opened()
    assert code(pair, SetChannelSecurityKeys(operation=KeyOperation.SET, key=Secret(b"k" * 20))) == 0
    read = answer(pair, SetChannelSecurityKeys(operation=KeyOperation.READ))
    assert read.key == Secret(b"k" * 20)
    assert code(pair, SetChannelSecurityKeys(operation=KeyOperation.LOCK)) == 0
    assert code(pair, SetChannelSecurityKeys(operation=KeyOperation.SET, key=Secret(b"x" * 20))) == 0x80
    fresh = Pair(kg=Secret(b"k" * 20))
    fresh.bmc = pair.bmc

    assert fresh.opened().works()


def test_the_list_of_suites_is_true() -> None:
    pair = Pair().opened()
    data = b"".join(answer(pair, GetChannelCipherSuites(index=index)).data for index in range(5))

    assert [suite.number for suite in cipher_suites(data)] == sorted(pair.bmc.sessions.accounts.suites())


@pytest.mark.parametrize("data", ["c0", "ff", "c1 01 02", "03 c0 03"])
def test_a_garbled_list_of_suites_is_our_own_error(data: str) -> None:
    with pytest.raises(RemoteError, match="garbled"):
        cipher_suites(bytes.fromhex(data))


def test_sessions_can_be_looked_at_and_closed_by_others() -> None:
    pair = Pair().opened()
    viewer = Pair(user="viewer", privilege=Privilege.USER)
    viewer.bmc = pair.bmc
    viewer.opened()
    assert answer(pair, GetSessionInfo(index=2)).user_id == 3
    assert answer(pair, GetSessionInfo(index=9)).session_handle == 0
    other = next(s for s in pair.bmc.sessions.open.values() if s.account.user_id == 3)

    assert code(pair, CloseSession(session_id=0x1234)) == 0x87
    assert code(pair, CloseSession(session_id=other.bmc_id)) == 0
    assert len(pair.bmc.sessions.open) == 1


def i2c(address: int, count: int = 0, data: bytes = b"", bus_id: int = 1) -> MasterWriteRead:
    return MasterWriteRead(bus_type=BusType.PRIVATE, bus_id=bus_id, address=address, count=count, data=data)


@pytest.fixture
def rack() -> Pair:
    machine = load("rack-server").model_copy(update={"users": profile().users})
    return Pair(machine=machine).opened()


def test_an_eeprom_wraps_inside_its_page_and_is_busy_while_it_writes(rack: Pair) -> None:
    assert answer(rack, i2c(0x50, 4, b"\0")).data == b"BO1\x01"
    assert code(rack, i2c(0x50, 0, b"\x1eABCD")) == 0
    assert code(rack, i2c(0x50, 1, b"\0")) == 0x83
    rack.now += 0.006
    assert answer(rack, i2c(0x50, 4, b"\x1e")).data == b"AB\xff\xff"
    assert answer(rack, i2c(0x50, 2, b"\x18")).data == b"CD"


def test_a_temperature_sensor_gives_half_degrees(rack: Pair) -> None:
    assert answer(rack, i2c(0x48, 2, b"\0")).data == bytes((36, 0x80))


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (i2c(0x22, 1), 0x83),
        (i2c(0x50, 1, b"", bus_id=5), 0xCC),
        (i2c(0x50, 200), 0xCA),
        (i2c(0x50, 0, bytes(60)), 0xC8),
    ],
)
def test_what_the_buses_cannot_do_gets_its_code(rack: Pair, request_: MasterWriteRead, wanted: int) -> None:
    assert code(rack, request_) == wanted


def test_every_profile_can_be_read() -> None:
    assert {"rack-server", "legacy"} <= set(known())
    for name in known():
        assert load(name).summary


def test_a_profile_that_is_not_there_is_told() -> None:
    with pytest.raises(LocalError, match="Did you mean rack-server"):
        load("rackserver")
