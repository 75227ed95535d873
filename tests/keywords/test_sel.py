"""The keywords of the system event log, in a suite."""

from pathlib import Path

from tests.keywords.suites import run

SESSION = "Suite Setup    Establish Session    a"


def test_entries_are_written_once_and_read(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Writes And Reads
            Get Sel Info    validate    value.entries == 0
            Run Keyword And Expect Error    *0xCB*    Get Sel Entry
            ${id}=    Add Sel Entry    00 00 02 00 00 00 00 41 00 04 01 30 01 57 5A 50
            ${last}=    Get Sel Entry    0xFFFF
            Should Be Equal As Integers    ${last.next_id}    0xFFFF
            Bytes Should Match    ${last.record[9:]}    04 01 30 01 57 5A 50
            ${info}=    Get Sel Info
            Should Be Equal As Integers    ${info.entries}    ${id}
        Wants 16 Bytes
            Run Keyword And Expect Error    *exactly 16*    Add Sel Entry    01 02
        """,
        settings=SESSION,
        more="allow=write",
    )

    assert ran.code == 0, ran.tests


def test_writing_needs_its_permission(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Refused
            Run Keyword And Expect Error    *write*    Add Sel Entry    00 00 02 00 00 00 00 41 00 04 01 30 01 57 5A 50
            Get Sel Info    validate    value.entries == 0
        """,
        settings=SESSION,
    )

    assert ran.code == 0, ran.tests
