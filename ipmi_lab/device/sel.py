"""The system event log of a BMC."""

from ipmi_lab.commands.command import Request
from ipmi_lab.commands.sel import FIRST, LAST, AddSelEntry, GetSelEntry, GetSelInfo, ReserveSel, SelEntry, SelInfo
from ipmi_lab.device.part import Part, World, asks, feature
from ipmi_lab.errors import OutcomeUnknown, RemoteError
from ipmi_lab.wire.codes import CompletionCode

LOOKS = 6  # at 20 % loss, three writes in a row are lost once in a hundred times
MOST_ENTRIES = 0x10000
RECORD_SIZE = 16
WITHOUT_TIME = 0xE0  # record types from here on have data where the others have the time


class Sel(Part[World]):
    """``ipmi.sel``: what is in the system event log, and new entries."""

    @asks
    def info(self) -> Request[SelInfo]:
        """How full it is, and when it last changed. IPMI 2.0 §31.2."""
        return GetSelInfo()

    @feature
    async def reserve(self) -> int:
        """A reservation, which reads of parts of an entry need; earlier ones end. IPMI 2.0 §31.4."""
        return (await self.link.send(ReserveSel())).reservation

    @feature
    async def get(self, record_id: int = FIRST) -> SelEntry:
        """A whole entry of 16 bytes with the id of the next one (0xFFFF: none); 0 is the first, 0xFFFF the last.

        CompletionError 0xCB where there is none. IPMI 2.0 §31.5.
        """
        entry = await self.link.send(GetSelEntry(record_id=record_id))
        if len(entry.record) != RECORD_SIZE:
            raise RemoteError(
                f"an entry of {len(entry.record)} bytes came, it has {RECORD_SIZE}",
                target=self.link.name,
                request=GetSelEntry.label(),
            )
        return entry

    @feature
    async def add(self, record: bytes) -> int:
        """Write an entry of 16 bytes, once; gives its id. The BMC replaces id and time. IPMI 2.0 §31.6.

        Where the answer is lost, what was added since is read: is the entry there, its id is given, and if not, it is
        written again. OutcomeUnknown where that did not settle it either. (An equal entry that somebody else adds at
        the same moment would be taken for it.)
        """
        ask = AddSelEntry(record=record)
        before = await self._last()
        for look in range(LOOKS):
            try:
                return (await self.link.send(ask)).record_id
            except OutcomeUnknown:
                written = await self._written_since(before, ask.record)
                if written is not None:
                    return written
                if look == LOOKS - 1:
                    raise
        raise AssertionError("the loop above returns or raises")

    async def _read(self, record_id: int) -> SelEntry | None:
        """An entry, or None where there is none."""
        ask = GetSelEntry(record_id=record_id)
        code, data = await self.link.exchange(ask)
        return None if code == CompletionCode.NOT_PRESENT else ask.answer(code, data)

    async def _last(self) -> int | None:
        """The id of the newest entry, or None where the log is empty."""
        last = await self._read(LAST)
        return None if last is None else int.from_bytes(last.record[:2], "little")

    async def _written_since(self, before: int | None, record: bytes) -> int | None:
        """The id of the entry with these contents behind the one that was the last, or None."""
        entry = await self._read(FIRST if before is None else before)
        fresh = before is None
        for _ in range(MOST_ENTRIES):
            if entry is None:
                return None
            if fresh and same(record, entry.record):
                return int.from_bytes(entry.record[:2], "little")
            if entry.next_id == LAST:
                return None
            entry, fresh = await self._read(entry.next_id), True
        return None


def same(given: bytes, kept: bytes) -> bool:
    """Whether an entry is what was given, but for id and time."""
    begin = 3 if given[2] >= WITHOUT_TIME else 7
    return given[2] == kept[2] and given[begin:] == kept[begin:]
