"""Keywords that put something into the lab report."""

from pathlib import Path
from typing import Any

from robot.api import logger
from robot.api.deco import keyword
from tabulate import tabulate

from IpmiLab.context import Context


class ReportKeywords:
    """Measurements, notes, files and tables."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @keyword(tags=["Assertion"])
    def measure(
        self,
        name: str,
        value: float,
        *,
        low: float | None = None,
        high: float | None = None,
        unit: str = "",
        nominal: float | None = None,
    ) -> float:
        """Records a value with its limits in the report, and fails where it is outside; returns the value.

        Args:
            name: What was measured.
            value: The value.
            low: The least that is allowed.
            high: The most that is allowed.
            unit: The unit, such as ``V`` or ``degC``.
            nominal: What it should be.

        Example:
        | Measure | P12V | ${volts} | low=11.4 | high=12.6 | unit=V |
        """
        measured = self.context.run.measure(name, value, low=low, high=high, unit=unit, nominal=nominal)
        if measured.verdict != "passed":
            raise AssertionError(measured.text)
        logger.info(measured.text)
        return value

    @keyword
    def add_report_note(self, text: str) -> None:
        """Writes a sentence into the report.

        Args:
            text: The sentence.

        Example:
        | Add Report Note | Board reworked at U7 before this run. |
        """
        self.context.run.note(text)

    @keyword
    def attach_file(self, path: Path) -> None:
        """Keeps a copy of a file with the report, and its sha256.

        Args:
            path: The file.

        Example:
        | Attach File | ${TEMPDIR}/scope.png |
        """
        self.context.run.attach(path)

    @keyword
    def log_table(self, rows: list[Any], headers: list[str] | None = None) -> None:
        """Writes a table into Robot's log.

        Args:
            rows: A list of rows, each a list; or of dictionaries with the same keys.
            headers: The names of the columns.

        Example:
        | Log Table | ${rows} | headers=${{['sensor', 'value']}} |
        """
        keyed = bool(rows) and isinstance(rows[0], dict)
        logger.info(tabulate(rows, headers="keys" if keyed else headers or (), tablefmt="html"), html=True)
