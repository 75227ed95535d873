"""Power of a machine that is not there."""

from typing import ClassVar

from ipmi_lab.commands.chassis import (
    ChassisControl,
    ChassisIdentify,
    ChassisStatus,
    GetChassisStatus,
    Power,
    RestorePolicy,
)
from ipmi_lab.commands.command import Done
from ipmi_lab.virtual.part import Answer, Part, Silent, answers
from ipmi_lab.wire.codes import CompletionCode

IDENTIFY_SECONDS, TEMPORARY, INDEFINITE = 15, 1, 2


class Chassis(Part):
    """Takes its time to power up and down, as the profile says: until then the status is the old one."""

    keeps: ClassVar = {"power": bool}
    last_on_by_command = False
    _on = True
    _shows_until = float("-inf")
    _next: tuple[float, bool] | None = None

    @property
    def power(self) -> bool:
        """What the power is, or will be when it has been switched; its restore policy is the previous state."""
        return self._on if self._next is None else self._next[1]

    @power.setter
    def power(self, on: bool) -> None:
        self._on, self._next = on, None

    def reset(self) -> None:
        """The light that the BMC itself drives goes out; the machine's power stays as it is."""
        self._shows_until = float("-inf")

    def is_on(self, now: float) -> bool:
        """Whether the machine has power at that time."""
        if self._next is not None and now >= self._next[0]:
            self._on, self._next = self._next[1], None
        return self._on

    def set(self, on: bool, now: float, after: float) -> None:
        """Begin to switch power, which is done ``after`` seconds later."""
        self._next = now + after, on
        self.is_on(now)

    def _start(self, now: float) -> None:
        self.set(True, now, self.bmc.profile.chassis.power_up)
        self.bmc.boot.started()

    @answers(GetChassisStatus)
    def status(self, ask: GetChassisStatus) -> ChassisStatus:
        return ChassisStatus(
            restore_policy=RestorePolicy.PREVIOUS_STATE,
            control_fault=False,
            power_fault=False,
            interlock=False,
            overload=False,
            power_on=self.is_on(self.bmc.asking.now),
            last_on_by_command=self.last_on_by_command,
            last_off_by_fault=False,
            last_off_by_interlock=False,
            last_off_by_overload=False,
            last_off_by_mains_failure=False,
            identify_supported=True,
            identify_state=self._identify_state(),
            cooling_fault=False,
            drive_fault=False,
            front_panel_lockout=False,
            intrusion=False,
        )

    def _identify_state(self) -> int:
        if self._shows_until == float("inf"):
            return INDEFINITE
        return TEMPORARY if self._shows_until > self.bmc.asking.now else 0

    @answers(ChassisIdentify)
    def identify(self, ask: ChassisIdentify) -> Done:
        """The light goes on for a while, or until it is told to go out."""
        seconds = IDENTIFY_SECONDS if ask.seconds is None else ask.seconds
        self._shows_until = float("inf") if ask.until_told else self.bmc.asking.now + seconds
        return Done()

    @answers(ChassisControl)
    def control(self, ask: ChassisControl) -> Answer:
        now, times = self.bmc.asking.now, self.bmc.profile.chassis
        on = self.is_on(now)
        if ask.action in (Power.OFF, Power.SOFT_SHUTDOWN):
            self.set(False, now, times.power_down)
        elif ask.action == Power.ON:
            self.last_on_by_command = True
            if not on:
                self._start(now)
        elif ask.action in (Power.CYCLE, Power.HARD_RESET):
            if not on:
                return CompletionCode.NOT_SUPPORTED_IN_PRESENT_STATE
            self._on = ask.action == Power.HARD_RESET
            self._start(now)
            if "silentreset" in self.bmc.profile.quirks:
                raise Silent
        elif ask.action != Power.PULSE_DIAGNOSTIC_INTERRUPT:
            return CompletionCode.INVALID_DATA_FIELD
        return Done()
