"""Keywords for the system event log."""

from typing import Any

from robot.api.deco import keyword

from ipmi_lab.commands.sel import SelEntry, SelInfo
from IpmiLab.context import Context
from IpmiLab.types import Hex, Operator


class SelKeywords:
    """How full the log is, its entries, and new ones."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Getter"])
    def get_sel_info(
        self,
        operator: Operator = None,
        expected: Any = None,
        message: str | None = None,
        *,
        session: str | None = None,
    ) -> SelInfo:
        """Returns how full the system event log is: ``${info.entries}``, ``${info.free}``, ``${info.overflow}`` …

        Args:
            operator: How to check it, such as ``validate``.
            expected: What to check it against, such as ``not value.overflow``.
            message: What to say if it does not fit.
            session: The alias of the session; else the current one.

        Example:
        | Get Sel Info | validate | not value.overflow |
        """
        found: SelInfo = self.context.checked(self.context.ipmi(session).sel.info, operator, expected, message)
        return found

    @keyword(tags=["Getter"])
    def get_sel_entry(self, record_id: int = 0, *, session: str | None = None) -> SelEntry:
        """Returns an entry of the system event log: ``${entry.record}`` are its 16 bytes, ``${entry.next_id}`` is the
        id of the next one, 0xFFFF where there is none.

        Args:
            record_id: The id; 0 is the first entry, 0xFFFF the last.
            session: The alias of the session; else the current one.

        Example:
        | ${last}= | Get Sel Entry | 0xFFFF |
        """
        return self.context.ipmi(session).sel.get(record_id)

    @keyword(tags=["Setter", "Destructive"])
    def add_sel_entry(self, *record: Hex, session: str | None = None) -> int:
        """Writes an entry of 16 bytes into the system event log, once, also where answers are lost; returns its id.
        Needs the permission ``write``. The BMC replaces id and time.

        Args:
            record: The bytes in hex.
            session: The alias of the session; else the current one.

        Example:
        | ${id}= | Add Sel Entry | 00 00 02 00 00 00 00 41 00 04 01 30 01 57 5A 50 |
        """
        return self.context.ipmi(session).sel.add(b"".join(record))
