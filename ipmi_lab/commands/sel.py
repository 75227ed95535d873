"""The system event log (SEL): how full it is, its entries, and new ones."""

from ipmi_lab.commands.command import CommandCode, Request, Response
from ipmi_lab.wire.codes import NetFn, Privilege
from ipmi_lab.wire.fields import U8, U16, U32, Bit, Bits3, Bytes16, Rest

FIRST, LAST = 0x0000, 0xFFFF
"""As the id of a wanted entry; as the next id of an answer, ``LAST`` says that there is none."""
WHOLE = 0xFF


class SelCode(CommandCode):
    """What only the commands of the SEL answer."""

    NOT_SUPPORTED_FOR_THIS_RECORD_TYPE = 0x80
    ERASE_IN_PROGRESS = 0x81


class SelInfo(Response):
    """How full the SEL is; times are seconds since 1970, 0xFFFFFFFF where there was no such event."""

    version: U8
    entries: U16
    free: U16
    last_add: U32
    last_erase: U32
    overflow: Bit
    _1: Bits3 = 0
    delete: Bit
    partial_add: Bit
    reserve: Bit
    allocation_info: Bit


class GetSelInfo(Request[SelInfo], netfn=NetFn.STORAGE, command=0x40, codes=SelCode):
    """Ask how full the SEL is, and when it last changed. IPMI 2.0 §31.2."""


class SelReservation(Response):
    """What partial reads and deletions show, so that nobody mixes up two states of the SEL."""

    reservation: U16


class ReserveSel(Request[SelReservation], netfn=NetFn.STORAGE, command=0x42, codes=SelCode):
    """Ask for a reservation; earlier ones end. IPMI 2.0 §31.4."""


class SelEntry(Response):
    """The bytes that were asked for, and the id of the entry behind it (0xFFFF: none)."""

    next_id: U16
    record: Rest


class GetSelEntry(Request[SelEntry], netfn=NetFn.STORAGE, command=0x43, codes=SelCode):
    """Read an entry, the first (0) or the last (0xFFFF); parts of one need a reservation. IPMI 2.0 §31.5."""

    reservation: U16 = 0
    record_id: U16 = FIRST
    offset: U8 = 0
    count: U8 = WHOLE


class AddedSelEntry(Response):
    """The id under which it is kept."""

    record_id: U16


class AddSelEntry(
    Request[AddedSelEntry],
    netfn=NetFn.STORAGE,
    command=0x44,
    needs="write",
    once=True,
    privilege=Privilege.OPERATOR,
    codes=SelCode,
):
    """Write an entry; the BMC gives it its id, and its time where its type has one. IPMI 2.0 §31.6."""

    record: Bytes16
