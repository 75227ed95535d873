"""Virtual BMCs on pseudo terminals: through console servers, while they speak by themselves, and in place of others."""

import asyncio
import time

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.lab.open import Lab, connect, connect_asyncio
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import SerialProfile, load
from tests.ports.test_serial import Rfc2217Far

MODES = ["basic", "terminal"]


@pytest.mark.parametrize("mode", MODES)
def test_a_virtual_bmc_is_reached_through_rfc_2217(mode: str) -> None:
    with Farm() as farm:
        served = farm.open("rack-server", serial=mode)
        assert served.terminal is not None
        server = Rfc2217Far(served.terminal.path)
        with connect(f"{server.name}?mode={mode}&baud=57600", user="admin", password=served.password) as ipmi:
            assert ipmi.session.how.endswith("authentication md5, administrator")
            for _ in range(20):
                assert ipmi.get_device_id().firmware == "2.09"
            assert ipmi.i2c_write_read(1, 1, 0, 0x50, 32, b"\0")[:4] == bytes.fromhex("42 4f 31 01")
        assert not served.bmc.sessions.open
        server.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_bmc_that_speaks_by_itself_disturbs_nobody(mode: str) -> None:
    machine = load("rack-server").model_copy(update={"serial": SerialProfile(session=True, connection_active=True)})
    with Farm() as farm:
        served = farm.open(machine, serial=mode)
        line = served.bmc.line
        assert line is not None
        with connect(served.serial_url, password=served.password) as ipmi:
            end = time.monotonic() + 5
            while not line.heard and time.monotonic() < end:
                assert ipmi.get_device_id().firmware == "2.09"
            assert line.heard


@pytest.mark.parametrize("mode", MODES)
def test_a_session_that_the_bmc_forgot_is_opened_anew(mode: str) -> None:
    machine = load("rack-server").model_copy(update={"serial": SerialProfile(session=True)})
    with Farm() as farm:
        served = farm.open(machine, serial=mode)
        with connect(served.serial_url, password=served.password) as ipmi:
            served.bmc.reset()
            assert ipmi.get_device_id().firmware == "2.09"
            assert ipmi.link.session.openings == 2
            served.bmc.reset()
            with ipmi.expect(0xD4):  # a change is not done twice, and this one was not done at all
                ipmi.send_message_with_name("ChassisControl", action="off")
            assert ipmi.raw(0x00, 0x01)[0] & 1
            assert ipmi.link.session.openings == 3


def test_a_refusal_in_a_session_that_lives_is_a_refusal() -> None:
    machine = load("rack-server").model_copy(update={"serial": SerialProfile(session=True)})
    with Farm() as farm:
        served = farm.open(machine, serial="basic")
        how = {"user": "viewer", "password": served.passwords["viewer"], "privilege": "user"}
        with connect(served.serial_url, **how) as ipmi:
            with ipmi.expect(0xD4):
                ipmi.send_message_with_name("ChassisControl", action="off")
            assert ipmi.get_device_id().firmware == "2.09"
            assert ipmi.link.session.openings == 1


def test_a_lab_opens_lines_by_name_and_by_asyncio() -> None:
    async def ask(url: str) -> str:
        async with connect_asyncio(url) as ipmi:
            return (await ipmi.get_device_id()).firmware + await ipmi.send_text_command("TMODE")

    assert asyncio.run(ask("virtual:rack-server?way=serial-terminal")) == "2.09TMODE"
    with Lab() as lab:
        lab.open("virtual:rack-server?way=serial-basic").session.establish()
        served = lab.virtual_bmc("virtual:rack-server?way=serial-basic")
        assert served is not None
        assert served.serial_url.endswith("?mode=basic")
        assert lab.stop_virtual("virtual:rack-server?way=serial-basic")


def test_a_mode_that_is_none_is_told() -> None:
    with Farm() as farm:
        with pytest.raises(LocalError, match="Did you mean terminal"):
            farm.open("rack-server", serial="termial")
        with pytest.raises(LocalError, match="has no serial line"):
            _ = farm.open("rack-server").serial_url
