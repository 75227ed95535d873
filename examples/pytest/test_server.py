"""What every server of the lab must do; runs on hardware and on virtual BMCs alike:

pytest examples/pytest --ipmi-inventory my-lab.yaml --ipmi-report my-report
"""

import pytest

from ipmi_lab import CompletionCode
from ipmi_lab.commands.chassis import Power


def test_knows_who_it_is(ipmi):
    assert ipmi.get_device_id().manufacturer > 0


def test_rejects_a_request_that_is_too_short(ipmi):
    with ipmi.expect(CompletionCode.REQUEST_DATA_LENGTH_INVALID):
        ipmi.raw(0x06, 0x44, b"\x01")


def test_answers_by_name(ipmi):
    info = ipmi.send_message_with_name("Get Session Info", index=0)

    assert info.active >= 1


@pytest.mark.ipmi_targets(caps=["self-test"])
def test_passes_its_self_test(ipmi):
    assert ipmi.get_self_test_results().result.words == "passed"


@pytest.mark.ipmi_targets(tags="server", caps=["power"])
@pytest.mark.ipmi_allow("power")
def test_powers_down_and_up(ipmi, ipmi_measure):
    ipmi.chassis.control(Power.OFF)
    ipmi_measure("power down", ipmi.chassis.wait_until(False, interval=0.05), unit="s", high=10)
    ipmi.chassis.control(Power.ON)
    ipmi_measure("power up", ipmi.chassis.wait_until(True, interval=0.05), unit="s", high=30)


@pytest.mark.ipmi_targets(caps=["i2c"])
def test_eeprom_holds_the_board_id(ipmi, ipmi_report):
    data = ipmi.i2c_write_read(1, 1, 0, 0x50, 4, b"\x00")

    ipmi_report.note(f"Board id {data.hex(' ')}")
    assert data[:2] == b"BO"
