"""The boot device is written, and read back."""

import asyncio
from collections.abc import Iterator

import pytest

import ipmi_lab.aio
from ipmi_lab.commands.boot import BootDevice, BootFlags, BootParameter, GetSystemBootOptions, SetSystemBootOptions
from ipmi_lab.commands.command import Done
from ipmi_lab.device.device import Device
from ipmi_lab.errors import CompletionError, NotAllowed, RemoteError
from ipmi_lab.lab.open import Lab, connect
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.farm import Farm, Served


@pytest.fixture
def served() -> Iterator[Served]:
    with Farm() as farm:
        yield farm.open("rack-server")


@pytest.fixture
def ipmi(served: Served) -> Iterator[Device[Blocking]]:
    with connect(served.url, password=served.password) as ipmi:
        yield ipmi


def progress(ipmi: Device[Blocking]) -> bytes:
    return ipmi.link.ask(GetSystemBootOptions(parameter=BootParameter.SET_IN_PROGRESS)).data


def test_a_device_is_chosen_and_taken_back(ipmi: Device[Blocking]) -> None:
    assert not ipmi.boot.flags().valid

    kept = ipmi.boot.set_device(BootDevice.PXE, persistent=True, efi=True)

    assert kept == ipmi.boot.flags() == BootFlags(valid=True, persistent=True, efi=True, device=BootDevice.PXE)
    assert progress(ipmi) == b"\0"
    assert ipmi.boot.set_device(BootDevice.NONE).device == BootDevice.NONE


def test_where_another_wrote_and_died_it_is_written_all_the_same(ipmi: Device[Blocking]) -> None:
    ipmi.link.ask(SetSystemBootOptions(parameter=BootParameter.SET_IN_PROGRESS, data=b"\1"))

    assert ipmi.boot.set_device(BootDevice.CD).device == BootDevice.CD
    assert progress(ipmi) == b"\0"


def test_a_bmc_that_refuses_is_told_that_nothing_is_under_way(
    served: Served, ipmi: Device[Blocking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.bmc.boot, "_choose", lambda data: 0xD5)

    with pytest.raises(CompletionError, match="0xD5"):
        ipmi.boot.set_device(BootDevice.CD)
    assert progress(ipmi) == b"\0"


def test_a_bmc_that_keeps_something_else_is_found_out(
    served: Served, ipmi: Device[Blocking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.bmc.boot, "_choose", lambda data: 0)

    with pytest.raises(RemoteError) as caught:
        ipmi.boot.set_device(BootDevice.REMOTE_CD, efi=True)
    assert "the BMC accepted remote cd efi, but keeps none. It may not offer this device" in str(caught.value)


def test_a_short_answer_names_target_and_command(
    served: Served, ipmi: Device[Blocking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(served.bmc.boot.kept, BootParameter.BOOT_FLAGS, b"\x80")
    monkeypatch.setattr(served.bmc.boot, "flags", lambda now: Done())

    with pytest.raises(RemoteError, match=r"^lanplus://\S+: Get System Boot Options \(0x00 0x09\): BootFlags needs"):
        ipmi.boot.flags()


def test_it_needs_the_permission_to_write(served: Served) -> None:
    with Lab() as lab, lab.open(served.url, password=served.password) as ipmi:
        with pytest.raises(NotAllowed, match="'write'"):
            ipmi.boot.set_device(BootDevice.PXE)
        assert not ipmi.boot.flags().valid


def test_it_does_so_with_asyncio_too() -> None:
    async def chosen() -> BootFlags:
        async with ipmi_lab.aio.connect("virtual:rack-server") as ipmi:
            await ipmi.boot.set_device(BootDevice.DISK)
            return await ipmi.boot.flags()

    assert asyncio.run(chosen()) == BootFlags(valid=True, device=BootDevice.DISK)
