"""Commands by name and number, and requests from words."""

import pytest

from ipmi_lab.commands import byname
from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.chassis import ChassisControl, Power
from ipmi_lab.commands.i2c import MasterWriteRead
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.user import SetUserPassword
from ipmi_lab.errors import CompletionError, LocalError


@pytest.mark.parametrize("name", ["GetDeviceId", "get device id", "GET_DEVICE_ID", "get-deviceId"])
def test_a_command_is_found_however_its_name_is_written(name: str) -> None:
    assert byname.find(name) is GetDeviceId


def test_a_name_that_is_nearly_right_is_offered() -> None:
    with pytest.raises(LocalError, match="Did you mean GetDeviceId"):
        byname.find("GetDeviceIdd")


def test_a_request_is_made_of_words() -> None:
    assert byname.request("chassis control", action=["power", "cycle"][1]) == ChassisControl(action=Power.CYCLE)


def test_a_refusal_is_told_in_the_words_of_its_command() -> None:
    with pytest.raises(CompletionError, match=r"Master Write Read \(0x06 0x52\): the BMC answered 0x83, nak on write"):
        MasterWriteRead.answer(0x83, b"")


@pytest.mark.parametrize(
    ("netfn", "command", "data", "needs", "repeats"),
    [
        (0x06, 0x01, b"", "", True),
        (0x00, 0x02, b"\x01", "power", False),
        (0x06, 0x52, b"\x03\xa0\x04\x00", "", True),
        (0x06, 0x52, b"\x03\xa0\x00\x00\x01\x02", "write", False),
        (0x06, 0x52, b"\x03", "write", False),
        (0x06, 0x47, b"\x02\x03" + bytes(16), "", True),
        (0x30, 0x01, b"", "raw", False),
    ],
)
def test_a_raw_command_needs_what_its_bytes_mean(
    netfn: int, command: int, data: bytes, needs: str, repeats: bool
) -> None:
    raw = Raw(netfn, command, data)

    assert raw.permission() == needs
    assert raw.repeatable() is repeats
    assert raw.encode() == data


@pytest.mark.parametrize(("netfn", "command", "lun"), [(7, 1, 0), (0x40, 1, 0), (6, 256, 0), (6, 1, 4)])
def test_numbers_that_no_command_can_have_are_refused(netfn: int, command: int, lun: int) -> None:
    with pytest.raises(LocalError):
        Raw(netfn, command, b"", lun)


def test_a_password_is_padded_to_the_size_that_is_announced() -> None:
    long = byname.request("SetUserPassword", user_id=3, operation="set password", password="x" * 20, long=True)

    assert isinstance(long, SetUserPassword)
    assert long.encode() == b"\x83\x02" + b"x" * 20
