"""Sessions as suites open, switch and close them."""

import json
from pathlib import Path

import pytest

from tests.keywords.suites import run


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


def test_what_cannot_be_opened_fails_the_suite_in_one_sentence(tmp_path: Path) -> None:
    ran = run(tmp_path, "Any\n    No Operation\n", settings="Suite Setup    Establish Session    aa")

    assert "has no target 'aa'. Did you mean a?" in ran.tests["Any"][1]
    assert "Traceback" not in ran.console


def test_plain_text_is_no_password(tmp_path: Path) -> None:
    ran = run(tmp_path, "Plain\n    Establish Session    a    password=text\n")

    assert "a password is not written into a suite" in ran.tests["Plain"][1]


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
