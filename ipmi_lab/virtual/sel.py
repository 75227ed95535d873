"""The system event log of a virtual BMC."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from ipmi_lab.commands.sel import (
    FIRST,
    LAST,
    WHOLE,
    AddedSelEntry,
    AddSelEntry,
    GetSelEntry,
    GetSelInfo,
    ReserveSel,
    SelEntry,
    SelInfo,
    SelReservation,
)
from ipmi_lab.virtual.part import Answer, Part, answers
from ipmi_lab.virtual.state import Hex
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.virtual.bmc import VirtualBmc

MOST_ENTRIES = 1000
RECORD_SIZE = 16
VERSION = 0x51
NEVER = 0xFFFFFFFF
WITHOUT_TIME = 0xE0


class SystemEventLog(Part):
    """Entries in the order in which they came. A request that comes twice writes once: sessions see to that.

    ``clock`` gives the seconds since 1970 that entries are stamped with.
    """

    keeps: ClassVar = {"entries": dict[int, Hex], "last_add": int, "overflow": bool, "next_id": int}

    def __init__(self, bmc: "VirtualBmc") -> None:
        super().__init__(bmc)
        self.clock: Callable[[], float] = time.time
        self.entries: dict[int, bytes] = {}
        self.last_add = NEVER
        self.overflow = False
        self.next_id = 1
        self._reservation = 0

    def reset(self) -> None:
        """A reservation ends; the next one gets another number."""
        self._reservation = self._reservation % 0xFFFF + 1

    def log(self, record: bytes) -> int | None:
        """Keep a record of 16 bytes under a new id and with the time; gives the id, or None where the log is full."""
        if len(self.entries) >= MOST_ENTRIES:
            self.overflow = True
            return None
        while self.next_id in (FIRST, LAST) or self.next_id in self.entries:
            self.next_id = (self.next_id + 1) % 0x10000
        self.last_add = int(self.clock()) & 0xFFFFFFFF
        record_id, kind = self.next_id, record[2]
        when = record[3:7] if kind >= WITHOUT_TIME else self.last_add.to_bytes(4, "little")
        self.entries[record_id] = record_id.to_bytes(2, "little") + record[2:3] + when + record[7:]
        self.next_id += 1
        return record_id

    @answers(GetSelInfo)
    def info(self, ask: GetSelInfo) -> SelInfo:
        return SelInfo(
            version=VERSION,
            entries=len(self.entries),
            free=(MOST_ENTRIES - len(self.entries)) * RECORD_SIZE,
            last_add=self.last_add,
            last_erase=NEVER,
            overflow=self.overflow,
            delete=False,
            partial_add=False,
            reserve=True,
            allocation_info=False,
        )

    @answers(ReserveSel)
    def reserve(self, ask: ReserveSel) -> SelReservation:
        self.reset()  # whoever held it before, holds it no longer
        return SelReservation(reservation=self._reservation)

    @answers(GetSelEntry)
    def get(self, ask: GetSelEntry) -> Answer:
        held = ask.reservation and ask.reservation == self._reservation
        whole = not ask.reservation and not ask.offset and ask.count == WHOLE
        if not held and not whole:
            return CompletionCode.RESERVATION_CANCELLED
        if not self.entries:
            return CompletionCode.NOT_PRESENT
        ids = list(self.entries)
        record_id = {FIRST: ids[0], LAST: ids[-1]}.get(ask.record_id, ask.record_id)
        if record_id not in self.entries:
            return CompletionCode.NOT_PRESENT
        if ask.offset >= RECORD_SIZE:
            return CompletionCode.PARAMETER_OUT_OF_RANGE
        behind = ids.index(record_id) + 1
        record = self.entries[record_id][ask.offset : ask.offset + ask.count]
        return SelEntry(next_id=ids[behind] if behind < len(ids) else LAST, record=record)

    @answers(AddSelEntry)
    def add(self, ask: AddSelEntry) -> Answer:
        record_id = self.log(ask.record)
        return CompletionCode.OUT_OF_SPACE if record_id is None else AddedSelEntry(record_id=record_id)
