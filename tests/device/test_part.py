"""Features in both worlds: what may be done with a device's class and its objects."""

import asyncio
import copy
import inspect
from typing import Any
from unittest import mock

import pytest

import ipmi_lab
import ipmi_lab.aio
from ipmi_lab.commands.bmc import DeviceId
from ipmi_lab.commands.channel import Change, ChannelInfo, GetChannelInfo, Medium
from ipmi_lab.commands.command import Request
from ipmi_lab.device.device import Device
from ipmi_lab.device.part import asks, feature
from ipmi_lab.errors import LocalError


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


class Changing(Device[Any]):
    """A device whose question hangs on what it is told before."""

    channel = 0x0E

    @asks
    def chosen(self) -> Request[ChannelInfo]:
        """The channel that was chosen."""
        return GetChannelInfo(channel=self.channel)


def test_a_question_is_made_anew_for_each_call() -> None:
    with ipmi_lab.connect("virtual:rack-server") as ipmi:
        own = Changing(ipmi.link)
        assert own.chosen().medium == Medium.LAN
        own.channel = 0x0F
        assert own.chosen().medium == Medium.SYSTEM_INTERFACE
        own.channel = 99
        assert callable(own.chosen)
        with pytest.raises(LocalError, match="99"):
            own.chosen()


def test_people_see_the_parameters_that_were_written() -> None:
    ipmi = ipmi_lab.connect("virtual:rack-server")
    asyncio_ipmi = ipmi_lab.aio.connect("virtual:rack-server")

    for raw in (ipmi.raw, asyncio_ipmi.raw):
        assert str(inspect.signature(raw)) == "(netfn: int, command: int, data: bytes = b'', *, lun: int = 0) -> bytes"
    assert inspect.iscoroutinefunction(asyncio_ipmi.raw)
    assert str(inspect.signature(ipmi.send_message_with_name)).startswith("(name: str, /, **fields: Any)")
    assert inspect.signature(ipmi.get_channel_access).parameters["copy"].default is Change.VOLATILE
    with pytest.raises(TypeError, match=r"^Device\.raw\(\) missing 2 required positional arguments"):
        ipmi.raw()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^ChannelCommands\.get_channel_info\(\) got an unexpected keyword argument"):
        ipmi.get_channel_info(chanel=1)  # type: ignore[call-arg]


def test_with_asyncio_a_wrong_argument_is_told_where_it_is_awaited() -> None:
    async def both() -> list[Any]:
        async with ipmi_lab.aio.connect("virtual:rack-server") as ipmi:
            return await asyncio.gather(ipmi.get_device_id(), ipmi.get_channel_info(99), return_exceptions=True)

    found, refused = asyncio.run(both())
    assert found.device_id == 0x20
    assert isinstance(refused, LocalError)


def test_a_feature_may_be_a_lambda() -> None:
    class Odd(Device[Any]):
        address = feature(lambda self: self.get_device_id())

    with ipmi_lab.connect("virtual:rack-server") as ipmi:
        assert Odd(ipmi.link).address() == ipmi.get_device_id()


def test_a_parameter_may_have_any_name_with_asyncio_too() -> None:
    class Named(Device[Any]):
        @feature
        async def shown(self, *, part: int, given: int) -> tuple[int, int]:
            return part, given

    async def shown() -> tuple[int, int]:
        return await Named(ipmi_lab.aio.connect("virtual:rack-server").link).shown(part=1, given=2)

    assert asyncio.run(shown()) == (1, 2)


MISTAKES = {
    "a request": (
        lambda ipmi: ipmi.get_user_access(99),
        "virtual:rack-server: GetUserAccess: user_id: 99 is outside 0",
    ),
    "a feature": (
        lambda ipmi: ipmi.set_user_access(2, "root"),
        "virtual:rack-server: SetUserAccess: privilege_limit: 'root' is no Privilege",
    ),
    "a name": (
        lambda ipmi: ipmi.send_message_with_name("Get User Acces"),
        "virtual:rack-server: there is no command 'Get User Acces'",
    ),
    "a part": (
        lambda ipmi: ipmi.boot.set_device("moon"),
        "virtual:rack-server: BootFlags: device: 'moon' is no BootDevice",
    ),
}


@pytest.mark.parametrize(("do", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_the_target_in_both_worlds(do: Any, said: str) -> None:
    async def mistaken() -> None:
        async with ipmi_lab.aio.connect("virtual:rack-server") as ipmi:
            await do(ipmi)

    with ipmi_lab.connect("virtual:rack-server") as ipmi, pytest.raises(LocalError, match=f"^{said}"):
        do(ipmi)
    with pytest.raises(LocalError, match=f"^{said}"):
        asyncio.run(mistaken())
