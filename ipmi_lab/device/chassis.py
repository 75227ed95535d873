"""Power of the machine around the BMC."""

from ipmi_lab.commands.chassis import ChassisControl, ChassisStatus, GetChassisStatus, Power
from ipmi_lab.device.part import Part, World, feature
from ipmi_lab.errors import NoAnswer, OutcomeUnknown

LOOKS = 3


class Chassis(Part[World]):
    """``ipmi.chassis``: status and power."""

    @feature
    async def status(self) -> ChassisStatus:
        """How the chassis is. IPMI 2.0 §28.2."""
        return await self.link.send(GetChassisStatus())

    @feature
    async def is_on(self) -> bool:
        """Whether the machine has power."""
        return (await self.link.send(GetChassisStatus())).power_on

    @feature
    async def control(self, action: Power) -> None:
        """Switch, cycle or reset. IPMI 2.0 §28.3.

        Where the answer to ``on`` or ``off`` is lost, the status settles whether it was done, and it is asked again
        if not. For the others OutcomeUnknown says that nobody knows.
        """
        for look in range(LOOKS):
            try:
                await self.link.send(ChassisControl(action=action))
                return
            except OutcomeUnknown:
                wanted = {Power.ON: True, Power.OFF: False}.get(action)
                if wanted is None or look == LOOKS - 1:
                    raise
                if (await self.link.send(GetChassisStatus())).power_on is wanted:
                    return

    @feature
    async def wait_until(self, on: bool, timeout: float = 60.0, interval: float = 0.5) -> float:
        """Wait for the power to be on or off; gives the seconds that it took. NoAnswer where it never comes so."""
        begun = self.link.clock()
        while True:
            status = await self.link.send(GetChassisStatus())
            elapsed = self.link.clock() - begun
            if status.power_on is on:
                return elapsed
            if elapsed >= timeout:
                state = "on" if on else "off"
                raise NoAnswer(f"the power is not {state} after {elapsed:.1f} s", target=self.link.name)
            await self.link.sleep(min(interval, timeout - elapsed))
