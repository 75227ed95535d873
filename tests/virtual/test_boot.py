"""The boot options of a virtual BMC: what is kept, and how long it counts."""

import pytest

from ipmi_lab.commands.boot import (
    BootDevice,
    BootFlags,
    BootParameter,
    GetSystemBootOptions,
    SetSystemBootOptions,
    SystemBootOption,
)
from ipmi_lab.commands.chassis import ChassisControl, Power
from ipmi_lab.virtual.profile import UserProfile
from ipmi_lab.wire.codes import CompletionCode, Privilege
from tests.sessions.pair import Pair, profile
from tests.virtual.test_machines import answer, code

FLAGS, MAILBOX = BootParameter.BOOT_FLAGS, BootParameter.INITIATOR_MAILBOX


def written(pair: Pair, parameter: int, data: str, *, invalid: bool = False) -> int:
    asked = SetSystemBootOptions(parameter=BootParameter(parameter), data=bytes.fromhex(data), invalid=invalid)
    return code(pair, asked)


def kept(pair: Pair, parameter: int, block: int = 0) -> str:
    option: SystemBootOption = answer(
        pair, GetSystemBootOptions(parameter=BootParameter(parameter), set_selector=block)
    )
    return option.data.hex()


def flags(pair: Pair) -> BootFlags:
    return BootFlags.decode(bytes.fromhex(kept(pair, FLAGS)))


def wait(pair: Pair, seconds: int) -> None:
    """Let time pass in steps that keep the session."""
    for _ in range(seconds // 30):
        pair.now += 30
        assert pair.works()


@pytest.mark.parametrize("action", [Power.CYCLE, Power.HARD_RESET])
def test_flags_hold_for_one_start(action: Power) -> None:
    pair = Pair().opened()
    assert written(pair, FLAGS, "a004000000") == 0
    assert (flags(pair).valid, flags(pair).efi, flags(pair).device) == (True, True, BootDevice.PXE)

    assert code(pair, ChassisControl(action=action)) == 0

    assert (flags(pair).valid, flags(pair).device) == (False, BootDevice.PXE)


def test_power_off_uses_nothing_up_and_power_on_does() -> None:
    pair = Pair().opened()
    written(pair, FLAGS, "8018000000")

    assert code(pair, ChassisControl(action=Power.OFF)) == 0
    assert flags(pair).valid
    assert code(pair, ChassisControl(action=Power.ON)) == 0
    assert not flags(pair).valid


def test_persistent_flags_stay() -> None:
    pair = Pair().opened()
    written(pair, FLAGS, "c014000000")

    assert code(pair, ChassisControl(action=Power.CYCLE)) == 0
    wait(pair, 90)

    assert (flags(pair).valid, flags(pair).persistent, flags(pair).device) == (True, True, BootDevice.CD)


def test_flags_that_nobody_uses_end_after_a_minute() -> None:
    pair = Pair().opened()
    written(pair, FLAGS, "8004000000")
    wait(pair, 30)
    assert flags(pair).valid
    wait(pair, 30)
    assert not flags(pair).valid

    written(pair, BootParameter.VALID_BIT_CLEARING, "08")  # do not clear after a time
    written(pair, FLAGS, "8004000000")
    wait(pair, 300)
    assert flags(pair).valid


def test_who_handled_the_flags_says_so_bit_by_bit() -> None:
    pair = Pair().opened()
    assert written(pair, BootParameter.ACKNOWLEDGE, "ffff") == 0
    assert written(pair, BootParameter.ACKNOWLEDGE, "0100") == 0
    assert kept(pair, BootParameter.ACKNOWLEDGE) == "00fe"  # the mask is not kept

    pair.bmc.boot.reset()
    assert kept(pair, BootParameter.ACKNOWLEDGE) == "0000"


def test_only_one_writes_at_a_time() -> None:
    pair = Pair().opened()
    assert written(pair, BootParameter.SET_IN_PROGRESS, "01") == 0
    assert written(pair, BootParameter.SET_IN_PROGRESS, "01") == 0x81
    assert kept(pair, BootParameter.SET_IN_PROGRESS) == "01"
    assert written(pair, BootParameter.SET_IN_PROGRESS, "02") == 0
    assert kept(pair, BootParameter.SET_IN_PROGRESS) == "00"
    assert written(pair, BootParameter.SET_IN_PROGRESS, "03") == CompletionCode.INVALID_DATA_FIELD


def test_the_mailbox_has_five_blocks() -> None:
    pair = Pair().opened()
    assert written(pair, MAILBOX, "04 570100 01") == 0

    assert kept(pair, MAILBOX, 4) == "0457010001" + "00" * 12
    assert kept(pair, MAILBOX, 0) == "00" * 17
    assert written(pair, MAILBOX, "05 01") == CompletionCode.PARAMETER_OUT_OF_RANGE
    assert written(pair, MAILBOX, "04") == CompletionCode.REQUEST_DATA_LENGTH_INVALID
    assert code(pair, GetSystemBootOptions(parameter=MAILBOX, set_selector=5)) == CompletionCode.PARAMETER_OUT_OF_RANGE


def test_a_parameter_is_marked_invalid_and_valid_again_without_data() -> None:
    pair = Pair().opened()
    ask = GetSystemBootOptions(parameter=FLAGS)
    assert written(pair, FLAGS, "", invalid=True) == 0
    assert answer(pair, ask).invalid
    assert written(pair, FLAGS, "") == 0
    assert not answer(pair, ask).invalid


def test_what_is_not_kept_or_has_another_size_is_refused() -> None:
    pair = Pair().opened()

    assert written(pair, 0x60, "00") == 0x80
    assert code(pair, GetSystemBootOptions(parameter=BootParameter(0x60))) == 0x80
    assert written(pair, FLAGS, "80040000") == CompletionCode.REQUEST_DATA_LENGTH_INVALID


def test_only_an_administrator_has_the_password_passed_over() -> None:
    users = [UserProfile(user="admin", privilege="operator")]
    pair = Pair(machine=profile(users=users), privilege=Privilege.OPERATOR).opened()

    assert written(pair, FLAGS, "8004080000") == CompletionCode.INSUFFICIENT_PRIVILEGE
    assert written(pair, FLAGS, "8004000000") == 0
    assert written(Pair().opened(), FLAGS, "8004080000") == 0
