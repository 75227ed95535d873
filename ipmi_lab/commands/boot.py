"""What the machine should boot from: the boot options that a BMC keeps for the firmware of its machine."""

from typing import Annotated

from ipmi_lab.commands.command import CommandCode, Done, Request, Response
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, Bit, Bits, Bits2, Bits3, Bits4, Rest
from ipmi_lab.wire.message import Layout


class BootParameter(OpenEnum):
    """What is kept; from 96 on a maker's own. IPMI 2.0 table 28-14."""

    SET_IN_PROGRESS = 0
    SERVICE_PARTITION_SELECTOR = 1
    SERVICE_PARTITION_SCAN = 2
    VALID_BIT_CLEARING = 3
    ACKNOWLEDGE = 4
    BOOT_FLAGS = 5
    INITIATOR_INFO = 6
    INITIATOR_MAILBOX = 7


class BootDevice(OpenEnum):
    """From what the machine boots; NONE leaves it to the setup of its firmware. IPMI 2.0 table 28-14, parameter 5."""

    NONE = 0
    PXE = 1
    DISK = 2
    DISK_SAFE_MODE = 3
    DIAGNOSTIC_PARTITION = 4
    CD = 5
    SETUP = 6
    REMOTE_FLOPPY = 7
    REMOTE_CD = 8
    REMOTE_MEDIA = 9
    REMOTE_DISK = 11
    FLOPPY = 15


class BootOptionsCode(CommandCode):
    """What only the boot options commands answer."""

    PARAMETER_NOT_SUPPORTED = 0x80
    SET_ALREADY_IN_PROGRESS = 0x81
    READ_ONLY = 0x82


class BootFlags(Layout):
    """The five bytes of parameter 5. They count while ``valid``: for one boot, or for all where ``persistent``."""

    valid: Bit
    persistent: Bit = False
    efi: Bit = False
    _1: Bits4 = 0
    _2: Bit = False
    clear_cmos: Bit = False
    lock_keyboard: Bit = False
    device: Annotated[BootDevice, Bits(4)] = BootDevice.NONE
    blank_screen: Bit = False
    lock_reset_button: Bit = False
    lock_power_button: Bit = False
    verbosity: Bits2 = 0
    progress_traps: Bit = False
    bypass_password: Bit = False
    lock_sleep_button: Bit = False
    console_redirection: Bits2 = 0
    _3: Bits4 = 0
    shared_mode_override: Bit = False
    mux_override: Bits3 = 0
    _4: Bits3 = 0
    instance: Annotated[int, Bits(5)] = 0


class SystemBootOption(Response):
    """A parameter as the BMC keeps it; ``invalid`` where whoever wrote it has marked it so."""

    version: U8
    invalid: Bit
    parameter: Annotated[BootParameter, Bits(7)]
    data: Rest = b""


class GetSystemBootOptions(
    Request[SystemBootOption],
    netfn=NetFn.CHASSIS,
    command=0x09,
    privilege=Privilege.OPERATOR,
    codes=BootOptionsCode,
):
    """Read a boot option; ``set_selector`` chooses the block of the mailbox. IPMI 2.0 §28.13."""

    _1: Bit = False
    parameter: Annotated[BootParameter, Bits(7)]
    set_selector: U8 = 0
    block_selector: U8 = 0


class SetSystemBootOptions(
    Request[Done],
    netfn=NetFn.CHASSIS,
    command=0x08,
    needs="write",
    repeat=True,
    privilege=Privilege.OPERATOR,
    codes=BootOptionsCode,
):
    """Write a boot option, or without data only mark it valid or invalid. IPMI 2.0 §28.12."""

    invalid: Bit = False
    parameter: Annotated[BootParameter, Bits(7)]
    data: Rest = b""
