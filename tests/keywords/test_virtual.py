"""Virtual BMCs and faults on purpose in suites: how long they last, and what they are called."""

from pathlib import Path

import pytest

from ipmi_lab.virtual.profile import known
from tests.keywords.suites import run
from tests.keywords.test_messaging import KEYWORDS

WITH_FAULTS = """
    First
        Establish Session    a
        Inject Fault    refuse    1000
        Inject Fault    delay    0.001
        Run Keyword And Expect Error    *0xC0, node busy*    Get Device Id
    Second
        Establish Session    a    alias=second
        Get Device Id
    """


@pytest.mark.parametrize(("level", "second"), [("TEST", "PASS"), ("SUITE", "FAIL"), ("MANUAL", "FAIL")])
def test_a_fault_ends_where_sessions_close_by_themselves(tmp_path: Path, level: str, second: str) -> None:
    ran = run(tmp_path, WITH_FAULTS, more=f"auto_close={level}")

    assert ran.tests["First"] == ("PASS", "")
    assert ran.tests["Second"][0] == second


def test_a_lost_network_is_whole_before_the_session_is_given_back(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Lost
            Establish Session    virtual:rack-server
            Inject Fault    loss    1
        Found
            Establish Session    virtual:rack-server
        """,
    )

    assert ran.code == 0, ran.tests
    assert "was not given back" not in ran.everything()


def test_what_a_suite_setup_injects_stays_through_its_tests(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Changes It
            Run Keyword And Expect Error    *0xC0, node busy*    Get Device Id
            Inject Fault    none
            Get Device Id
        Has It Again
            Run Keyword And Expect Error    *0xC0, node busy*    Get Device Id
        """,
        settings="Suite Setup    Run Keywords    Establish Session    a    AND    Inject Fault    refuse    1000",
    )

    assert ran.code == 0, ran.tests


def test_none_ends_what_is_behind_a_relay_too(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Both
            Start Fault Relay    a
            Establish Session    a
            Inject Fault    refuse    1000
            Inject Fault    loss    0.1
            Inject Fault    none
            Get Device Id
        """,
    )

    assert ran.code == 0, ran.tests


def test_a_fault_that_means_nothing_is_told(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Nonsense
            Establish Session    a
            Run Keyword And Expect Error    delay: inf is no time from 0 to 3600 seconds    Inject Fault    delay    inf
            Run Keyword And Expect Error    refuse: -1.0 is no number of commands*    Inject Fault    refuse    -1
            Run Keyword And Expect Error    code: 300 is no completion code from 1 to 255
            ...    Inject Fault    refuse    2    code=300
            Get Device Id
        """,
    )

    assert ran.code == 0, ran.tests


def test_each_start_is_another_machine_and_each_stops_apart(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Two
            ${one}=    Start Virtual Bmc    rack-server
            ${two}=    Start Virtual Bmc    rack-server
            ${line}=    Start Virtual Bmc    rack-server    serial=basic
            ${other}=    Start Virtual Bmc    rack-server    serial=basic
            Should Be Equal    ${{ len({$one, $two, $line, $other}) }}    ${4}
            Should Be Equal    ${one}    virtual:rack-server
            Establish Session    ${one}
            Establish Session    ${two}
            Set User Name    user_id=5    user_name=second    session=${two}
            ${name}=    Get User Name    user_id=5    session=${one}
            Should Be Equal    ${name}    ${EMPTY}
            Close All Sessions
            Stop Virtual Bmc    ${one}
            Run Keyword And Expect Error    no virtual BMC*    Stop Virtual Bmc    ${one}
            Establish Session    ${two}
            ${name}=    Get User Name    user_id=5
            Should Be Equal    ${name}    second
            Stop Virtual Bmc    ${other}
            Establish Session    ${line}
        One For All Who Name It
            Establish Session    virtual:legacy
            Set User Name    user_id=5    user_name=shared
            Establish Session    virtual:legacy    alias=again
            ${name}=    Get User Name    user_id=5
            Should Be Equal    ${name}    shared
        """,
        more="allow=write",
    )

    assert ran.code == 0, ran.tests


def test_the_keyword_names_every_profile_that_comes_with_it() -> None:
    keyword = KEYWORDS["Start Virtual Bmc"]
    text = keyword.doc + "".join(getattr(argument, "doc", "") for argument in keyword.args)

    assert all(f"``{name}``" in text for name in known())
