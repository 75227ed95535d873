"""The Robot library as suites use it; each test runs a small suite in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from robot.libdoc import LibraryDocumentation

from IpmiLab.messaging import MADE

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = """\
*** Settings ***
Library    IpmiLab    inventory={inventory}    {more}
{settings}

*** Test Cases ***
"""
LAB = """\
targets:
  a: {transport: "virtual:rack-server", allow: [power]}
  b: {transport: "virtual:legacy"}
  guarded: {transport: "virtual:rack-server"}
  pinned: {transport: "virtual:rack-server", expect: {device_id: {manufacturer: 1}}}
"""


@dataclass
class Ran:
    """What came of a suite: verdict and message by test, and the folder of its outputs."""

    code: int
    tests: dict[str, tuple[str, str]]
    folder: Path
    console: str

    def report(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / "ipmi" / "report.json").read_text())
        return found

    def everything(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.rglob("*") if path.is_file())


def run(
    tmp_path: Path,
    tests: str,
    *,
    settings: str = "",
    more: str = "",
    options: tuple[str, ...] = (),
    lab: str = LAB,
    **env: str,
) -> Ran:
    inventory, suite, out = tmp_path / "lab.yaml", tmp_path / "suite.robot", tmp_path / "out"
    inventory.write_text(lab)
    head = HEAD.format(inventory=inventory, more=more, settings=settings)
    suite.write_text(head + textwrap.dedent(tests).strip("\n") + "\n")
    command = [sys.executable, "-m", "robot", "--outputdir", str(out), *options, str(suite)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")} | env
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    found = {}
    for test in ElementTree.parse(out / "output.xml").iter("test"):
        status = test.find("status")
        assert status is not None
        found[test.get("name", "")] = (status.get("status", ""), status.text or "")
    return Ran(done.returncode, found, out, done.stdout + done.stderr)


def test_sessions_are_opened_switched_and_closed(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Several
            ${first}=    Establish Session    a
            Should Be Equal    ${first}    a
            Establish Session    b    alias=old
            ${id}=    Get Device Id
            Should Be Equal    ${id.ipmi}    1.5
            ${id}=    Get Device Id    session=a
            Should Be Equal    ${id}[manufacturer]    ${49769}
            ${before}=    Switch Session    a
            Should Be Equal    ${before}    old
            Session Should Be Open    old
            Close Session    old
            Run Keyword And Expect Error    there is no session 'old'*    Close Session    old
            Close All Sessions
            Run Keyword And Expect Error    no session is open*    Get Device Id
        Twice
            Establish Session    a
            Run Keyword And Expect Error    a: a session of that name is open already*    Establish Session    a
        """,
    )

    assert ran.code == 0, ran.tests


def test_what_a_test_opens_closes_at_its_end_and_what_a_suite_opens_stays(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Opens And Fails
            Establish Session    b    alias=mine
            Fail    on purpose
        Finds It Closed
            Run Keyword And Expect Error    there is no session 'mine'*    Session Should Be Open    mine
            Session Should Be Open    a
        Times Out
            [Timeout]    0.5s
            Wait Until Power Is    off    timeout=1 min    interval=0.1s
        Still Works
            Get Power State    ==    on
        """,
        settings="Suite Setup    Establish Session    a",
    )

    assert {name: status for name, (status, _) in ran.tests.items()} == {
        "Opens And Fails": "FAIL",
        "Finds It Closed": "PASS",
        "Times Out": "FAIL",
        "Still Works": "PASS",
    }
    assert "timeout" in ran.tests["Times Out"][1].lower()
    sessions = [json.loads(line) for path in (tmp_path / "out" / "ipmi").glob("*.jsonl") for line in path.open()]
    closed = [event["target"] for event in sessions if event["kind"] == "session" and event["what"] == "closed"]
    assert sorted(closed) == ["a", "b"]


@pytest.mark.parametrize(("level", "there"), [("SUITE", "PASS"), ("MANUAL", "PASS"), ("TEST", "FAIL")])
def test_the_level_of_closing_can_be_chosen(tmp_path: Path, level: str, there: str) -> None:
    tests = """
        Opens
            Establish Session    a
        Uses
            Session Should Be Open    a
        """
    ran = run(tmp_path, tests, more=f"auto_close={level}")

    assert ran.tests["Uses"][0] == there


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


def test_what_cannot_be_opened_fails_the_suite_in_one_sentence(tmp_path: Path) -> None:
    ran = run(tmp_path, "Any\n    No Operation\n", settings="Suite Setup    Establish Session    aa")

    assert "has no target 'aa'. Did you mean a?" in ran.tests["Any"][1]
    assert "Traceback" not in ran.console


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


def test_plain_text_is_no_password(tmp_path: Path) -> None:
    ran = run(tmp_path, "Plain\n    Establish Session    a    password=text\n")

    assert "a password is not written into a suite" in ran.tests["Plain"][1]


def test_a_dry_run_and_libdoc_speak_to_nobody(tmp_path: Path) -> None:
    ran = run(tmp_path, "Any\n    Establish Session    no-such\n    Get Device Id\n", options=("--dryrun",))

    assert ran.code == 0
    assert not (ran.folder / "ipmi").exists()


def test_every_keyword_is_documented_with_its_arguments_and_an_example() -> None:
    library = LibraryDocumentation("IpmiLab")
    assert len(library.keywords) > 30
    for keyword in library.keywords:
        assert "Example" in keyword.doc, keyword.name
        for argument in keyword.args:
            said = getattr(argument, "doc", "") or f"{argument.name}:" in keyword.doc  # as old Robots leave it
            assert said or argument.is_marker, f"{keyword.name}: {argument.name}"
            assert argument.type is not None or argument.is_marker, f"{keyword.name}: {argument.name}"


def test_the_table_of_the_docs_names_every_keyword_but_those_that_are_made() -> None:
    table = (EXAMPLES.parent / "docs" / "robot.md").read_text()
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and not line.startswith("| `")]
    named = {word.strip().lower() for row in rows for word in row.split(",")}
    there = {keyword.name.lower() for keyword in LibraryDocumentation("IpmiLab").keywords}

    assert there - named - {name.lower() for name in MADE} == set()


def test_the_examples_pass(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), str(EXAMPLES / "robot")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
    assert "0 failed" in done.stdout


def test_a_login_takes_what_its_bmc_needs(tmp_path: Path) -> None:
    board = tmp_path / "board.yaml"
    board.write_text("{suites: [3], session_slots: 1, quirks: [opensesspriv], users: [{user: admin}]}\n")
    ran = run(
        tmp_path,
        """
        Without A Quirk
            ${bmc}=    Start Virtual Bmc    ${CURDIR}/board.yaml
            Establish Session    ${bmc}

        With A Quirk And The Other Look Up
            ${bmc}=    Start Virtual Bmc    ${CURDIR}/board.yaml
            Establish Session    ${bmc}    quirks=opensesspriv, tagzero    name_only=False    wait_for_slot=1s
            ${id}=    Get Device Id
            Should Be Equal    ${id.ipmi}    2.0

        With A Key That The Bmc Has Not
            ${bmc}=    Start Virtual Bmc    ${CURDIR}/board.yaml
            VAR    ${KEY: Secret}    %{PLANTED}
            Establish Session    ${bmc}    quirks=opensesspriv    kg=${KEY}

        With A Word That Is No Quirk
            Establish Session    a    quirks=opensespriv
        """,
        PLANTED="0x00ff",
    )

    assert "opensesspriv, intel20, sun20" in ran.tests["Without A Quirk"][1]
    assert ran.tests["With A Quirk And The Other Look Up"] == ("PASS", ""), ran.console
    assert "the K_g that was given is not the BMC's" in ran.tests["With A Key That The Bmc Has Not"][1]
    assert "Did you mean opensesspriv" in ran.tests["With A Word That Is No Quirk"][1]
