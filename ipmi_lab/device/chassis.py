"""Power of the machine around the BMC."""

from ipmi_lab.commands.chassis import ChassisControl, ChassisStatus, GetChassisStatus, Power
from ipmi_lab.commands.command import Request
from ipmi_lab.device.part import Part, World, asks, feature
from ipmi_lab.errors import NoAnswer, OutcomeUnknown

LOOKS = 3
POWER_UP = 60.0  # seconds that a machine may take after a cycle


class Chassis(Part[World]):
    """``ipmi.chassis``: status and power."""

    @asks
    def status(self) -> Request[ChassisStatus]:
        """How the chassis is. IPMI 2.0 §28.2."""
        return GetChassisStatus()

    @feature
    async def is_on(self) -> bool:
        """Whether the machine has power."""
        return (await self.link.send(GetChassisStatus())).power_on

    @feature
    async def control(self, action: Power) -> None:
        """Switch, cycle or reset. IPMI 2.0 §28.3.

        Where the answer to ``on`` or ``off`` is lost, the status settles whether it was done, and it is asked again
        if not. For the others OutcomeUnknown says what the status is, and that nobody knows; only where the target has
        the quirk ``silentreset`` is a cycle or reset taken as done when the power is on afterwards.
        """
        ask = ChassisControl(action=action)
        for look in range(LOOKS):
            try:
                await self.link.send(ask)
                return
            except OutcomeUnknown as unknown:
                wanted = {Power.ON: True, Power.OFF: False}.get(ask.action)
                if wanted is None:
                    await self._settle(ask.action, unknown)
                    return
                if look == LOOKS - 1:
                    raise
                if (await self.link.send(GetChassisStatus())).power_on is wanted:
                    return

    async def _settle(self, action: Power, unknown: OutcomeUnknown) -> None:
        """After a cycle or reset without an answer: a shared port may have gone down with the machine."""
        silent = "silentreset" in self.link.session.login.quirks and action in (Power.CYCLE, Power.HARD_RESET)
        try:
            status = await self.link.send(GetChassisStatus())
        except NoAnswer:
            raise unknown from None
        if silent:
            await self._until(True, POWER_UP, 0.5)
            return
        unknown.hint = f"The power is {'on' if status.power_on else 'off'} now. {unknown.hint}"
        raise unknown

    @feature
    async def wait_until(self, on: bool, timeout: float = 60.0, interval: float = 0.5) -> float:
        """Wait for the power to be on or off; gives the seconds that it took. NoAnswer where it never comes so."""
        wanted: bool = ChassisStatus.plan().fields["power_on"].coerce(on)  # on may be a word, as everywhere
        return await self._until(wanted, timeout, interval)

    async def _until(self, on: bool, timeout: float, interval: float) -> float:
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
