"""Keywords about the BMC itself and the power of its machine."""

from datetime import timedelta
from enum import Enum
from typing import Any

from robot.api.deco import keyword

from ipmi_lab.commands.bmc import DeviceId, SelfTestResults
from ipmi_lab.commands.chassis import Power
from IpmiLab.context import Context
from IpmiLab.types import Operator


class PowerState(Enum):
    """Whether the machine has power."""

    ON = "on"
    OFF = "off"


class Reset(Enum):
    """How a BMC is restarted."""

    COLD = "cold"
    WARM = "warm"


class BmcKeywords:
    """Identity, self test, reset and power."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Getter"])
    def get_device_id(
        self,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> DeviceId:
        """Returns who the BMC is: ``${id.manufacturer}``, ``${id.product}``, ``${id.firmware}`` …

        Args:
            operator: How to check it, such as ``validate``.
            expected: What to check it against, such as ``value.manufacturer == 49769``.
            message: What to say if it does not fit.
            session: The alias of the session; else the current one.

        Example:
        | ${id}= | Get Device Id |
        | Should Be Equal | ${id.firmware} | 2.09 |
        """
        ipmi = self.context.ipmi(session)
        found: DeviceId = self.context.checked(ipmi.get_device_id, operator, expected, message)
        return found

    @keyword(tags=["Getter"])
    def get_self_test_results(
        self,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> SelfTestResults:
        """Returns how the BMC's own test went: ``${result.result}`` is ``PASSED`` where all is well.

        Args:
            operator: How to check it, such as ``validate``.
            expected: What to check it against, such as ``value.result.name == 'PASSED'``.
            message: What to say if it does not fit.
            session: The alias of the session; else the current one.

        Example:
        | Get Self Test Results | validate | value.result.name == 'PASSED' |
        """
        ipmi = self.context.ipmi(session)
        found: SelfTestResults = self.context.checked(ipmi.get_self_test_results, operator, expected, message)
        return found

    @keyword(tags=["Getter"])
    def get_system_guid(self, *, session: str | None = None) -> str:
        """Returns the GUID of the managed system, as the text that the IPMI byte order means.

        Args:
            session: The alias of the session; else the current one.

        Example:
        | ${guid}= | Get System Guid |
        """
        return self.context.ipmi(session).get_system_guid().uuid

    @keyword(tags=["Getter"])
    def get_device_guid(self, *, session: str | None = None) -> str:
        """Returns the GUID of the controller itself.

        Args:
            session: The alias of the session; else the current one.

        Example:
        | ${guid}= | Get Device Guid |
        """
        return self.context.ipmi(session).get_device_guid().uuid

    @keyword(tags=["Setter", "Destructive"])
    def reset_bmc(self, kind: Reset = Reset.COLD, *, session: str | None = None) -> None:
        """Restarts the BMC; needs the permission ``reset``. Its sessions end.

        Args:
            kind: ``cold`` or ``warm``.
            session: The alias of the session; else the current one.

        Example:
        | Reset Bmc | cold |
        """
        ipmi = self.context.ipmi(session)
        if kind is Reset.COLD:
            ipmi.cold_reset()
        else:
            ipmi.warm_reset()

    @keyword(tags=["Getter"])
    def get_power_state(
        self,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> str:
        """Returns ``on`` or ``off``.

        Args:
            operator: How to check it, such as ``==``.
            expected: What to check it against: ``on`` or ``off``.
            message: What to say if it does not fit.
            session: The alias of the session; else the current one.

        Example:
        | Get Power State | == | on |
        """
        ipmi = self.context.ipmi(session)
        found: str = self.context.checked(lambda: "on" if ipmi.chassis.is_on() else "off", operator, expected, message)
        return found

    @keyword(tags=["Setter", "Destructive"])
    def set_power(
        self,
        action: Power,
        *,
        wait: timedelta | None = timedelta(seconds=60),
        session: str | None = None,
    ) -> str:
        """Switches, cycles or resets the machine; needs the permission ``power``. Returns the state before.

        Args:
            action: ``on``, ``off``, ``cycle``, ``hard reset``, ``soft shutdown`` or ``pulse diagnostic interrupt``.
            wait: How long to wait for ``on``, ``off`` and ``soft shutdown`` to show in the status; 0 not at all.
            session: The alias of the session; else the current one.

        Example:
        | Set Power | off |
        | Set Power | on | wait=2 min |
        """
        ipmi = self.context.ipmi(session)
        before = "on" if ipmi.chassis.is_on() else "off"
        ipmi.chassis.control(action)
        wanted = {Power.ON: True, Power.OFF: False, Power.SOFT_SHUTDOWN: False}.get(action)
        if wanted is not None and wait:
            ipmi.chassis.wait_until(wanted, wait.total_seconds(), 0.1)
        return before

    @keyword(tags=["Wait"])
    def wait_until_power_is(
        self,
        state: PowerState,
        timeout: timedelta = timedelta(seconds=60),
        interval: timedelta = timedelta(seconds=0.5),
        *,
        session: str | None = None,
    ) -> timedelta:
        """Waits for the machine to be ``on`` or ``off``; returns how long it took.

        Args:
            state: ``on`` or ``off``.
            timeout: How long to wait at the most.
            interval: How often to ask.
            session: The alias of the session; else the current one.

        Example:
        | Wait Until Power Is | on | timeout=30s |
        """
        chassis = self.context.ipmi(session).chassis
        took = chassis.wait_until(state is PowerState.ON, timeout.total_seconds(), interval.total_seconds())
        return timedelta(seconds=took)
