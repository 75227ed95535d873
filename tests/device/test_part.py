"""Features in both worlds: what may be done with a device's class and its objects."""

import asyncio
import copy
from typing import Any
from unittest import mock

import ipmi_lab
import ipmi_lab.aio
from ipmi_lab.commands.bmc import DeviceId
from ipmi_lab.device.device import Device
from ipmi_lab.device.part import feature


class Twice(Device[Any]):
    """A device of somebody's own, with one feature changed and one added."""

    @feature
    async def get_device_id(self) -> DeviceId:
        """Ask twice."""
        await super().get_device_id()
        return await super().get_device_id()

    @feature
    async def address(self) -> int:
        """A new feature that is made of an old one."""
        return (await self.get_device_id()).device_id


def test_a_device_of_ones_own_may_add_and_change_features() -> None:
    with ipmi_lab.connect("virtual:rack-server") as ipmi:
        assert Twice(ipmi.link).address() == ipmi.get_device_id().device_id


async def _asked() -> int:
    async with ipmi_lab.aio.connect("virtual:rack-server") as ipmi:
        return await Twice(ipmi.link).address()


def test_it_does_so_with_asyncio_too() -> None:
    assert asyncio.run(_asked()) == 0x20


def test_a_class_may_be_patched_while_devices_exist() -> None:
    with ipmi_lab.connect("virtual:rack-server") as ipmi:
        ipmi.get_device_id()
        with mock.patch.object(Device, "get_device_id", return_value="patched"):
            assert ipmi.get_device_id() == "patched"


def test_a_copy_works_and_a_device_says_what_it_is() -> None:
    with ipmi_lab.connect("virtual:rack-server") as ipmi:
        assert copy.copy(ipmi).get_device_id() == ipmi.get_device_id()
        assert type(ipmi) is Device
        assert (ipmi.raw.__name__, "by its numbers" in (ipmi.raw.__doc__ or "")) == ("raw", True)
