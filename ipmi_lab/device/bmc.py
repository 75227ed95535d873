"""Who a BMC is and how it feels."""

from ipmi_lab.commands.bmc import (
    ColdReset,
    DeviceId,
    GetDeviceGuid,
    GetDeviceId,
    GetSelfTestResults,
    GetSystemGuid,
    Guid,
    SelfTestResults,
    WarmReset,
)
from ipmi_lab.commands.command import Request
from ipmi_lab.device.part import Part, World, asks, feature

_GET_DEVICE_ID = GetDeviceId()  # made once: no command is sent as often


class BmcCommands(Part[World]):
    """Commands about the BMC itself, under the names of the specification."""

    @asks
    def get_device_id(self) -> Request[DeviceId]:
        """Who the BMC is. IPMI 2.0 §20.1."""
        return _GET_DEVICE_ID

    @asks
    def get_self_test_results(self) -> Request[SelfTestResults]:
        """How the BMC's own test went. IPMI 2.0 §20.4."""
        return GetSelfTestResults()

    @asks
    def get_device_guid(self) -> Request[Guid]:
        """The GUID of this controller. IPMI 2.0 §20.8."""
        return GetDeviceGuid()

    @asks
    def get_system_guid(self) -> Request[Guid]:
        """The GUID of the managed system; needs no session at many BMCs. IPMI 2.0 §22.14."""
        return GetSystemGuid()

    @feature
    async def cold_reset(self) -> None:
        """Restart the BMC; sessions end. IPMI 2.0 §20.2."""
        await self.link.send(ColdReset())

    @feature
    async def warm_reset(self) -> None:
        """Restart the BMC's firmware. IPMI 2.0 §20.3."""
        await self.link.send(WarmReset())
