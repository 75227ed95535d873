"""Targets by name, permissions, verdicts."""

from pathlib import Path
from typing import Any

import pytest

from ipmi_lab.commands.bmc import DeviceId
from ipmi_lab.errors import IpmiLabError, LocalError, NotAllowed
from ipmi_lab.inventory.target import ExpectedDeviceId
from ipmi_lab.lab.guard import permissions
from ipmi_lab.lab.identity import firmware_fits, mismatches
from ipmi_lab.lab.open import Lab
from ipmi_lab.lab.run import Run

LAB = """\
targets:
  free: {transport: "virtual:rack-server", allow: [power, write]}
  plain: {transport: "virtual:rack-server"}
  shut: {transport: "virtual:rack-server", allow: [power], protect: true}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB)
    return file


def power(lab: Lab, name: str) -> None:
    with lab.open(name) as ipmi:
        ipmi.send_message_with_name("ChassisControl", action="on")


def test_a_change_needs_a_permission_of_the_target_or_the_run(path: Path) -> None:
    with Lab(path) as lab:
        power(lab, "free")
        with pytest.raises(NotAllowed, match=r"plain: Chassis Control .*'power', which nobody gave"):
            power(lab, "plain")
        lab.extra.add("power")
        power(lab, "plain")
        lab.extra.clear()
        with pytest.raises(NotAllowed):
            power(lab, "plain")
    with Lab(path, allow={"power"}) as lab:
        power(lab, "plain")


def test_protection_is_overruled_by_nobody(path: Path) -> None:
    with Lab(path, allow={"power", "raw", "write"}) as lab:
        lab.extra.add("power")
        with pytest.raises(NotAllowed, match="the inventory protects this target"):
            power(lab, "shut")
        with lab.open("shut") as ipmi:
            assert ipmi.get_device_id().product == 0x0815
            assert ipmi.i2c_write_read(1, 1, 0, 0x50, 2, b"\0") == b"BO"
            with pytest.raises(NotAllowed):
                ipmi.raw(0x00, 0x02, b"\x01")
            with pytest.raises(NotAllowed):
                ipmi.raw(0x30, 0x01)


def test_raw_bytes_are_guarded_like_the_command_that_they_are(path: Path) -> None:
    with Lab(path) as lab, lab.open("plain") as ipmi:
        with pytest.raises(NotAllowed, match="'power'"):
            ipmi.raw(0x00, 0x02, b"\x00")
        with pytest.raises(NotAllowed, match="'write'"):
            ipmi.i2c_write_read(1, 1, 0, 0x50, 0, b"\0\1\2")
        with pytest.raises(NotAllowed, match="'raw'"):
            ipmi.raw(0x2E, 0x01, b"\x57\x01\x00")


def test_a_target_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(LocalError, match="Did you mean plain"):
        Lab(path).open("plane")
    with pytest.raises(LocalError, match="no inventory was given"):
        Lab().open("plain")


def test_every_target_can_be_replaced_by_a_virtual_one(path: Path) -> None:
    with Lab(path, virtual="legacy") as lab, lab.open("plain") as ipmi:
        assert ipmi.get_device_id().ipmi == "1.5"


def test_words_that_are_no_permission_are_told() -> None:
    assert permissions("power, write") == {"power", "write"}
    with pytest.raises(LocalError, match="Did you mean power"):
        permissions("pwoer")


@pytest.mark.parametrize(
    ("there", "wanted", "fits"),
    [
        ("2.09", "2.9", True),
        ("2.09", ">=2.9", True),
        ("2.09", ">=2.10", False),
        ("2.09", "<3", True),
        ("2.09", "> 2", True),
        ("2.09", "==2.08", False),
        ("2.09", "<=2.9", True),
    ],
)
def test_firmware_versions_compare_by_their_numbers(there: str, wanted: str, fits: bool) -> None:
    assert firmware_fits(there, wanted) is fits


def test_another_machine_than_expected_is_told() -> None:
    found = DeviceId.decode(bytes.fromhex("20010209028069c200150800000000"))

    assert mismatches(found, ExpectedDeviceId(manufacturer=49769, firmware=">=2.9")) == []
    assert mismatches(found, ExpectedDeviceId(manufacturer=1, product=2, firmware="3.0")) == [
        "manufacturer is 49769, expected 1",
        "product is 2069, expected 2",
        "firmware is 2.09, expected 3.0",
    ]


@pytest.mark.parametrize(
    ("value", "limits", "verdict"),
    [
        (5.0, {"low": 5.0, "high": 10.0}, "passed"),
        (4.9, {"low": 5.0}, "failed"),
        (11, {"high": 10}, "failed"),
        (1, {}, "passed"),
    ],
)
def test_limits_belong_to_what_is_allowed(value: float, limits: dict[str, Any], verdict: str) -> None:
    assert Run("robot").measure("x", value, **limits).verdict == verdict


@pytest.mark.parametrize(("value", "limits"), [(float("nan"), {}), (1.0, {"low": 2.0, "high": 1.0})])
def test_a_measurement_that_means_nothing_is_refused(value: float, limits: dict[str, Any]) -> None:
    with pytest.raises(LocalError):
        Run("robot").measure("x", value, **limits)


def test_a_relay_stands_before_a_target_for_the_sessions_opened_after_it(path: Path) -> None:
    with Lab(path) as lab:
        before = lab.real(lab.target("plain")).address.port
        relay = lab.relay("plain")
        with lab.open("plain") as ipmi:
            assert lab.real(lab.target("plain")).address.port == relay.port != before
            lab.faults("plain").set(loss=0.2, seed=5)
            assert {ipmi.get_device_id().manufacturer for _ in range(10)} == {49769}

            assert lab.end_relay("plain")

            assert relay.faults.none
            assert ipmi.get_device_id().manufacturer == 49769
            assert lab.real(lab.target("plain")).address.port == before
            assert not lab.end_relay("plain")
        assert lab.relay("plain") is relay


def test_a_relay_goes_with_the_virtual_bmc_behind_it(path: Path) -> None:
    with Lab(path) as lab:
        first = lab.relay("plain")
        assert lab.stop_virtual("plain")
        with lab.open("plain") as ipmi:
            assert ipmi.get_device_id().manufacturer == 49769
        assert lab.relay("plain") is not first


def test_where_nothing_can_go_wrong_on_purpose_is_told(path: Path) -> None:
    with Lab(path) as lab:
        with pytest.raises(LocalError, match=r"lan://127.0.0.1: nothing can go wrong on purpose here"):
            lab.faults("lan://127.0.0.1")
        with pytest.raises(IpmiLabError, match="cannot be found"):
            lab.relay("lan://no-such-host.invalid")
