"""Who a virtual BMC is."""

from ipmi_lab.commands.bmc import (
    ColdReset,
    DeviceId,
    GetDeviceGuid,
    GetDeviceId,
    GetSelfTestResults,
    GetSystemGuid,
    Guid,
    SelfTest,
    SelfTestResults,
)
from ipmi_lab.commands.command import Done
from ipmi_lab.virtual.part import ControllerPart, answers


class Identity(ControllerPart):
    """Device id, self test and GUIDs, as the profile says; and how it starts anew."""

    @answers(GetDeviceId)
    def device_id(self, ask: GetDeviceId) -> DeviceId:
        return self.bmc.profile.device_id.message()

    @answers(GetSelfTestResults)
    def self_test(self, ask: GetSelfTestResults) -> SelfTestResults:
        return SelfTestResults(result=SelfTest.PASSED, detail=0)

    @answers(GetSystemGuid)
    def system_guid(self, ask: GetSystemGuid) -> Guid:
        return Guid(guid=self.bmc.profile.guid_bytes)

    @answers(GetDeviceGuid)
    def device_guid(self, ask: GetDeviceGuid) -> Guid:
        return Guid(guid=self.bmc.profile.guid_bytes)

    @answers(ColdReset)
    def cold_reset(self, ask: ColdReset) -> Done:
        self.bmc.afterwards(self.bmc.reset)
        return Done()
