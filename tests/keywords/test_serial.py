"""Robot suites over serial lines: the same keywords, and the text commands of terminal mode."""

from pathlib import Path

from tests.keywords.suites import run


def test_keywords_work_over_a_line(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Basic Mode
            ${bmc}=    Start Virtual Bmc    serial=basic
            Establish Session    ${bmc}
            ${id}=    Get Device Id
            Should Be Equal    ${id.firmware}    2.09
            Send Raw Command    0x06 0x01    expected=20 ?? 02 ..
            ${data}=    Master Write Read    bus_type=private    bus_id=1    address=0x50    count=2    data=00
            Bytes Should Match    ${data}    42 4F
            Run Keyword And Expect Error    *only a line in terminal mode*    Send Text Command    TMODE
            Inject Fault    noise    0.5
            ${id}=    Get Device Id
            Inject Fault    none
            Close Session
            Stop Virtual Bmc    ${bmc}
        Terminal Mode
            ${bmc}=    Start Virtual Bmc    serial=terminal
            Establish Session    ${bmc}
            ${health}=    Send Text Command    HEALTH QUERY
            Should Start With    ${health}    PWR:ON
            Send Text Command    POWER OFF
            Wait Until Power Is    off    timeout=5s
            ${health}=    Send Text Command    HEALTH QUERY
            Should Start With    ${health}    PWR:OFF
            Run Keyword And Expect Error    *[[]SYS RESET]: the BMC answered 0xD5*    Send Text Command    RESET
            Run Keyword And Expect Error    *Did you mean POWER ON*    Send Text Command    POWR ON
        """,
        more="allow=power,write,raw    trace=all",
    )

    assert ran.code == 0, ran.tests
    page = (ran.folder / "ipmi" / "index.html").read_text()
    assert "[SYS HEALTH QUERY] → [PWR:ON" in page
    assert "serial line, terminal mode" in page


def test_a_text_command_needs_its_permission(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Guarded
            ${bmc}=    Start Virtual Bmc    serial=terminal
            Establish Session    ${bmc}
            Send Text Command    TMODE
            Run Keyword And Expect Error    *needs the permission 'power'*    Send Text Command    POWER OFF
        """,
    )

    assert ran.code == 0, ran.tests
