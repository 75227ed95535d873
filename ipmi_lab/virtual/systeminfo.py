"""Names and versions that software leaves with a virtual BMC."""

from typing import TYPE_CHECKING, ClassVar

from ipmi_lab.commands.command import Done
from ipmi_lab.commands.systeminfo import GetSystemInfo, SetSystemInfo, SystemInfo, SystemInfoCode, SystemInfoParameter
from ipmi_lab.virtual.part import Answer, Part, answers
from ipmi_lab.virtual.state import Hex
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

REVISION = 0x11
MOST_BLOCKS = 17
COMPLETE, IN_PROGRESS, COMMIT = 0, 1, 2
VOLATILE = (SystemInfoParameter.OS_NAME, SystemInfoParameter.OS_VERSION)


class SystemInfos(Part):
    """Texts in blocks of 16 bytes. A cold reset forgets which system runs; names and addresses stay."""

    keeps: ClassVar = {"texts": dict[int, dict[int, Hex]]}

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
        self.texts: dict[int, dict[int, bytes]] = {}
        self._in_progress = False

    def reset(self) -> None:
        self._in_progress = False
        for parameter in VOLATILE:
            self.texts.pop(parameter, None)

    @answers(SetSystemInfo)
    def set(self, ask: SetSystemInfo) -> Answer:
        if ask.parameter == SystemInfoParameter.SET_IN_PROGRESS:
            return self._progress(ask.data)
        if ask.parameter > SystemInfoParameter.MANAGEMENT_URL:
            return SystemInfoCode.PARAMETER_NOT_SUPPORTED
        if not 2 <= len(ask.data) <= MOST_BLOCKS:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        if ask.data[0] >= MOST_BLOCKS:
            return CompletionCode.PARAMETER_OUT_OF_RANGE
        self.texts.setdefault(ask.parameter, {})[ask.data[0]] = ask.data[1:].ljust(16, b"\0")
        return Done()

    def _progress(self, data: bytes) -> Answer:
        """Who begins while another writes is told; what is written counts at once, so a commit only ends it."""
        if len(data) != 1:
            return CompletionCode.REQUEST_DATA_LENGTH_INVALID
        state = data[0] & 3
        if state > COMMIT:
            return CompletionCode.INVALID_DATA_FIELD
        if state == IN_PROGRESS and self._in_progress:
            return SystemInfoCode.SET_ALREADY_IN_PROGRESS
        self._in_progress = state == IN_PROGRESS
        return Done()

    @answers(GetSystemInfo)
    def get(self, ask: GetSystemInfo) -> Answer:
        if ask.parameter > SystemInfoParameter.MANAGEMENT_URL:
            return SystemInfoCode.PARAMETER_NOT_SUPPORTED
        if ask.revision_only:
            return SystemInfo(revision=REVISION)
        if ask.parameter == SystemInfoParameter.SET_IN_PROGRESS:
            return SystemInfo(revision=REVISION, data=bytes((IN_PROGRESS if self._in_progress else COMPLETE,)))
        if ask.set_selector >= MOST_BLOCKS or ask.block_selector:
            return CompletionCode.PARAMETER_OUT_OF_RANGE
        block = self.texts.get(ask.parameter, {}).get(ask.set_selector, bytes(16))
        return SystemInfo(revision=REVISION, data=bytes((ask.set_selector,)) + block)
