"""The Robot library as suites use it; each test runs a small suite in a process of its own."""

from pathlib import Path

from tests.keywords.suites import run


def test_any_command_goes_by_bytes_or_by_name(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Raw
            ${answer}=    Send Raw Command    0x06 0x01
            Should Be Equal As Integers    ${answer.completion}    0
            Bytes Should Match    ${answer.data}    20 ?? 02 ..
            Send Raw Command    06    01    expected=20 01 ..
            Send Raw Command    0x06 0x01 0x00    expected_completion=Request Data Length Invalid
            Send Raw Command    06:01:00    expected_completion=0xC7
            Run Keyword And Expect Error    *expected 0x00 (ok)    Send Raw Command    0x06 0x01 0x00
            Run Keyword And Expect Error    the bytes 20*do not fit 21 ..    Send Raw Command    6 1    expected=21 ..
            Run Keyword And Expect Error    *is not a byte in hex*    Send Raw Command    0x06 0xzz
            Run Keyword And Expect Error    *at least two bytes*    Send Raw Command    0x06
        By Name
            ${id}=    Send Command    get device id
            Should Be Equal    ${id.firmware}    2.09
            Send Command    ChassisControl    action=on
            Send Command    SetSessionPrivilegeLevel    privilege=oem
            ...    expected_completion=Level Not Available For This User
            Run Keyword And Expect Error    *Did you mean GetDeviceId*    Send Command    GetDeviceIdd
            Run Keyword And Expect Error    *Did you mean action*    Send Command    ChassisControl    acton=on
        """,
        settings="Suite Setup    Establish Session    a",
    )

    assert ran.code == 0, ran.tests


def test_i2c_power_and_getters_with_checks(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        I2C
            ${data}=    I2C Write Read    private    1    0    0x50    4    0x00
            Bytes Should Match    ${data}    42 4F ?? 01
            ${there}=    I2C Scan    private    1    0
            Should Be Equal    ${there}    ${{[0x48, 0x50]}}
            ${more}=    I2C Read    private    1    0    0x50    2
            Length Should Be    ${more}    2
            Run Keyword And Expect Error    *nak on write*    I2C Read    private    1    0    0x22    1
            Run Keyword And Expect Error    *needs the permission 'write'*
            ...    I2C Write    private    1    0    0x50    0x00 0xAA
            Run Keyword And Expect Error    *names no I2C device 'eprom'*    Read I2C Device    eprom    1
        Power
            ${before}=    Set Power    off
            Should Be Equal    ${before}    on
            Get Power State    ==    off
            Set Power    on    wait=0
            Wait Until Power Is    on    timeout=5s    interval=0.05s
            Run Keyword And Expect Error    *should*    Get Power State    ==    off
        Other Getters
            Get Device Id    validate    value.manufacturer == 49769
            Get Self Test Results    validate    value.result.name == 'PASSED'
            Get Session Info    validate    value.user_id == 2
            Get Channel Authentication Capabilities    operator=validate    expected=value.ipmi20
            Get Channel Cipher Suites    operator===    expected=${{[3, 17]}}
            ${guid}=    Get System Guid
            Should Be Equal    ${guid}    ffeeddcc-bbaa-9988-7766-554433221100
            ${before}=    Set Session Privilege Level    operator
            Should Be Equal As Integers    ${before}    4
            ${took}=    Ping Bmc
            Should Be True    $took.total_seconds() < 5
            Wait Until Bmc Is Ready    interval=0.01s
        """,
        settings="Suite Setup    Establish Session    a",
    )

    assert ran.code == 0, ran.tests


def test_measurements_notes_and_skips_are_in_the_report(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Inside
            Measure    P12V    12.1    low=11.4    high=12.6    unit=V
            Add Report Note    reworked at U7
            Attach File    ${CURDIR}/lab.yaml
            Log Table    ${{[[1, '<b>']]}}    headers=${{['n', 'x']}}
        Outside
            Measure    P5V    5.6    low=4.75    high=5.25    unit=V
        Lacks It
            Skip Unless Target Has    i2c    sol
        """,
        settings="Suite Setup    Establish Session    a",
    )

    assert ran.tests["Outside"] == ("FAIL", "P5V is 5.6 V, outside 4.75 ≤ P5V ≤ 5.25 V")
    assert ran.tests["Lacks It"] == ("SKIP", "a has no sol (caps in the inventory)")
    report = ran.report()
    assert report["verdict"] == "failed"
    assert report["counts"] == {"passed": 1, "failed": 1, "skipped": 1}
    assert (ran.folder / "ipmi" / "index.html").read_text().count("reworked at U7") == 1


def test_two_imports_of_the_library_make_one_run(tmp_path: Path) -> None:
    (tmp_path / "second.robot").write_text(
        f"""*** Settings ***
Library    IpmiLab    inventory={tmp_path / "lab.yaml"}    auto_close=SUITE
Library    IpmiLab    inventory={tmp_path / "lab.yaml"}    timeout=1s    AS    Other

*** Test Cases ***
In Both
    IpmiLab.Establish Session    a
    Other.Establish Session    b
    IpmiLab.Get Device Id
    Other.Get Device Id
"""
    )
    ran = run(
        tmp_path,
        "First\n    Establish Session    a\n",
        options=("--name", "Both", str(tmp_path / "second.robot")),
    )

    assert ran.code == 0, ran.tests
    assert [test["id"] for test in ran.report()["tests"]] == ["Both.Second.In Both", "Both.Suite.First"]  # type: ignore[index,attr-defined]
    assert ran.report()["verdict"] == "passed"
    assert len(list((ran.folder / "ipmi").glob("*.jsonl"))) == 1


def test_what_fails_beside_the_tests_fails_the_report(tmp_path: Path) -> None:
    ran = run(tmp_path, "Fine\n    Establish Session    a\n", settings="Suite Teardown    Fail    board is on fire")

    assert ran.report()["verdict"] == "failed"
    found = {test["id"]: (test["verdict"], test["message"]) for test in ran.report()["tests"]}  # type: ignore[attr-defined]
    assert found == {"Suite.Fine": ("passed", ""), "Suite (suite teardown)": ("failed", "board is on fire")}


def test_a_second_run_into_one_folder_has_a_page_of_its_own(tmp_path: Path) -> None:
    assert run(tmp_path, "Bad\n    Establish Session    a\n    Fail    once\n").report()["verdict"] == "failed"
    again = run(tmp_path, "Good\n    Establish Session    a\n").report()

    assert (again["verdict"], again["counts"]) == ("passed", {"passed": 1})


def test_a_machine_that_is_not_the_expected_one_fails_the_report(tmp_path: Path) -> None:
    ran = run(tmp_path, "Speaks\n    Establish Session    pinned\n")

    assert ran.code == 0
    assert ran.report()["verdict"] == "failed"


def test_a_change_without_permission_fails_in_a_sentence(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Forbidden
            Establish Session    guarded
            Set Power    off
        """,
    )
    assert ran.tests["Forbidden"][1].startswith("guarded: Chassis Control (0x00 0x02): it needs the permission 'power'")

    again = tmp_path / "again"
    again.mkdir()
    assert run(again, "Allowed\n    Establish Session    guarded\n    Set Power    on\n", more="allow=power").code == 0


def test_a_password_never_shows_not_even_at_trace_level(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        With A Secret
            ${bmc}=    Start Virtual Bmc    rack-server
            ${PASSWORD: Secret}=    Set Variable    %{PLANTED}
            Run Keyword And Expect Error    *knows another password*
            ...    Establish Session    ${bmc}    user=admin    password=${PASSWORD}
            Establish Session    ${bmc}
            Close Session
            Stop Virtual Bmc    ${bmc}
        """.replace("${PASSWORD: Secret}=    Set Variable    %{PLANTED}", "VAR    ${PASSWORD: Secret}    %{PLANTED}"),
        options=("--loglevel", "TRACE"),
        PLANTED="planted-password",
    )

    assert ran.code == 0, ran.tests
    assert "planted-password" not in ran.everything() + ran.console


def test_faults_are_injected_into_virtual_bmcs(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Busy
            Establish Session    a
            Inject Fault    refuse    1    code=0xC0
            Run Keyword And Expect Error    *0xC0, node busy*    Get Device Id
            Get Device Id
            Inject Fault    loss    0.3
            FOR    ${n}    IN RANGE    5
                Get Device Id
            END
            Inject Fault    none
            Run Keyword And Expect Error    there is no fault 'lost'*    Inject Fault    lost    0.3
        """,
    )

    assert ran.code == 0, ran.tests


def test_a_relay_makes_the_network_bad_before_any_target(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Before A Target
            Start Fault Relay    a
            Establish Session    a
            Inject Fault    seed    4
            Inject Fault    loss    0.2
            Inject Fault    stray    0.5
            FOR    ${n}    IN RANGE    5
                Get Device Id
            END
            Inject Fault    refuse    1
            Run Keyword And Expect Error    *0xC0, node busy*    Get Device Id
            Stop Fault Relay    a
            Get Device Id
            Run Keyword And Expect Error    *no fault relay stands before it*    Stop Fault Relay    a
        """,
    )

    assert ran.code == 0, ran.tests
