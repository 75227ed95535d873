"""The chassis around the BMC: its power."""

from typing import Annotated

from ipmi_lab.commands.command import Done, Request, Response
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, Bit, Bits, Bits2, Bits3, Bits4, Bits7


class Power(OpenEnum):
    """What Chassis Control does. IPMI 2.0 table 28-4."""

    OFF = 0
    ON = 1
    CYCLE = 2
    HARD_RESET = 3
    PULSE_DIAGNOSTIC_INTERRUPT = 4
    SOFT_SHUTDOWN = 5


class RestorePolicy(OpenEnum):
    """What the chassis does when mains power comes back."""

    STAY_OFF = 0
    PREVIOUS_STATE = 1
    POWER_UP = 2
    UNKNOWN = 3


class ChassisStatus(Response):
    """How the chassis is: its power, why it last changed, and what is wrong."""

    _1: Bit = False
    restore_policy: Annotated[RestorePolicy, Bits(2)]
    control_fault: Bit
    power_fault: Bit
    interlock: Bit
    overload: Bit
    power_on: Bit
    _2: Bits3 = 0
    last_on_by_command: Bit
    last_off_by_fault: Bit
    last_off_by_interlock: Bit
    last_off_by_overload: Bit
    last_off_by_mains_failure: Bit
    _3: Bit = False
    identify_supported: Bit
    identify_state: Bits2
    cooling_fault: Bit
    drive_fault: Bit
    front_panel_lockout: Bit
    intrusion: Bit
    front_panel: U8 | None = None


class GetChassisStatus(Request[ChassisStatus], netfn=NetFn.CHASSIS, command=0x01):
    """Ask how the chassis is. IPMI 2.0 §28.2."""


class ChassisControl(Request[Done], netfn=NetFn.CHASSIS, command=0x02, needs="power", privilege=Privilege.OPERATOR):
    """Switch power on or off, cycle it, or reset the machine. IPMI 2.0 §28.3."""

    _1: Bits4 = 0
    action: Annotated[Power, Bits(4)]


class ChassisIdentify(Request[Done], netfn=NetFn.CHASSIS, command=0x04, privilege=Privilege.OPERATOR):
    """Let the machine show where it stands, by a light or a beep: for so many seconds, 15 unless said, 0 to end it, or
    until told otherwise. IPMI 2.0 §28.5."""

    seconds: U8 | None = None
    _1: Bits7 | None = None
    until_told: Bit | None = None
