"""The boot options of a machine that is not there, and what its firmware makes of them."""

from typing import TYPE_CHECKING, ClassVar

from ipmi_lab.commands.boot import (
    BootFlags,
    BootOptionsCode,
    BootParameter,
    GetSystemBootOptions,
    SetSystemBootOptions,
    SystemBootOption,
)
from ipmi_lab.commands.command import Done
from ipmi_lab.virtual.part import Answer, Part, answers
from ipmi_lab.virtual.state import Hex
from ipmi_lab.wire.codes import CompletionCode, Privilege

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

VERSION = 1
CLEARED_AFTER = 60.0  # seconds; IPMI 2.0 table 28-14, parameter 3
KEEP_AFTER_TIMEOUT = 0x08
IN_PROGRESS = 1
BLOCKS, BLOCK = 5, 16
SIZES = {
    BootParameter.SET_IN_PROGRESS: 1,
    BootParameter.SERVICE_PARTITION_SELECTOR: 1,
    BootParameter.SERVICE_PARTITION_SCAN: 1,
    BootParameter.VALID_BIT_CLEARING: 1,
    BootParameter.ACKNOWLEDGE: 2,
    BootParameter.BOOT_FLAGS: 5,
    BootParameter.INITIATOR_INFO: 9,
}
VOLATILE = (BootParameter.SET_IN_PROGRESS, BootParameter.ACKNOWLEDGE)


class BootOptions(Part):
    """Flags hold for the next start of the machine, which must come within a minute, or for all where they say so."""

    keeps: ClassVar = {"kept": dict[int, Hex], "mailbox": list[Hex], "invalid": set[int]}

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
        self.kept: dict[int, bytes] = {parameter: bytes(size) for parameter, size in SIZES.items()}
        self.mailbox = [bytes(BLOCK)] * BLOCKS
        self.invalid: set[int] = set()  # the parameters that somebody marked so
        self._until = float("inf")  # when flags that nobody used end

    def reset(self) -> None:
        for parameter in VOLATILE:
            self.kept[parameter] = bytes(SIZES[parameter])

    def started(self) -> None:
        """The machine starts: its firmware does what the flags say, and they are used up unless they are for good."""
        if not self.flags(self.bmc.asking.now).persistent:
            self._take_back()

    def flags(self, now: float) -> BootFlags:
        """The flags as they are at that time."""
        if now >= self._until:
            self._take_back()
        return BootFlags.decode(self.kept[BootParameter.BOOT_FLAGS])

    def _take_back(self) -> None:
        first, *rest = self.kept[BootParameter.BOOT_FLAGS]
        self.kept[BootParameter.BOOT_FLAGS] = bytes((first & 0x7F, *rest))
        self._until = float("inf")

    @answers(SetSystemBootOptions)
    def set(self, ask: SetSystemBootOptions) -> Answer:
        parameter = ask.parameter
        if parameter not in SIZES and parameter != BootParameter.INITIATOR_MAILBOX:
            return BootOptionsCode.PARAMETER_NOT_SUPPORTED
        code = self._write(parameter, ask.data) if ask.data else 0
        if code:
            return code
        (self.invalid.add if ask.invalid else self.invalid.discard)(parameter)
        return Done()

    def _write(self, parameter: BootParameter, data: bytes) -> int:
        if parameter == BootParameter.INITIATOR_MAILBOX:
            return self._post(data)
        if len(data) != SIZES[parameter]:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        if parameter == BootParameter.SET_IN_PROGRESS:
            return self._progress(data)
        if parameter == BootParameter.ACKNOWLEDGE:
            mask, bits = data
            data = bytes((0, self.kept[BootParameter.ACKNOWLEDGE][1] & ~mask | bits & mask))
        if parameter == BootParameter.BOOT_FLAGS:
            return self._choose(data)
        self.kept[parameter] = data
        return 0

    def _progress(self, data: bytes) -> int:
        """Who begins while another writes is told; what is written counts at once, so a commit only ends it."""
        if data[0] > 2:
            return CompletionCode.INVALID_DATA_FIELD
        if data[0] == IN_PROGRESS and self.kept[BootParameter.SET_IN_PROGRESS][0] == IN_PROGRESS:
            return BootOptionsCode.SET_ALREADY_IN_PROGRESS
        self.kept[BootParameter.SET_IN_PROGRESS] = data if data[0] == IN_PROGRESS else b"\0"
        return 0

    def _choose(self, data: bytes) -> int:
        flags, asking = BootFlags.decode(data), self.bmc.asking
        rights = Privilege.OEM if asking.session is None else asking.session.rights
        if flags.bypass_password and rights < Privilege.ADMINISTRATOR:
            return CompletionCode.INSUFFICIENT_PRIVILEGE
        self.kept[BootParameter.BOOT_FLAGS] = data
        kept_long = self.kept[BootParameter.VALID_BIT_CLEARING][0] & KEEP_AFTER_TIMEOUT
        ends = flags.valid and not flags.persistent and not kept_long
        self._until = asking.now + CLEARED_AFTER if ends else float("inf")
        return 0

    def _post(self, data: bytes) -> int:
        """A block of the mailbox, behind its number."""
        if not 2 <= len(data) <= 1 + BLOCK:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        if data[0] >= BLOCKS:
            return CompletionCode.PARAMETER_OUT_OF_RANGE
        self.mailbox[data[0]] = data[1:].ljust(BLOCK, b"\0")
        return 0

    @answers(GetSystemBootOptions)
    def get(self, ask: GetSystemBootOptions) -> Answer:
        self.flags(self.bmc.asking.now)  # old ones end now
        if ask.parameter == BootParameter.INITIATOR_MAILBOX:
            if ask.set_selector >= BLOCKS:
                return CompletionCode.PARAMETER_OUT_OF_RANGE
            data = bytes((ask.set_selector,)) + self.mailbox[ask.set_selector]
        elif ask.parameter in SIZES:
            data = self.kept[ask.parameter]
        else:
            return BootOptionsCode.PARAMETER_NOT_SUPPORTED
        return SystemBootOption(
            version=VERSION, invalid=ask.parameter in self.invalid, parameter=ask.parameter, data=data
        )
