"""The messaging keywords, which are made from the declarations, in a suite."""

import inspect
from pathlib import Path

import pytest
from robot.libdoc import LibraryDocumentation

from ipmi_lab.commands.command import title
from ipmi_lab.device.device import Device
from tests.keywords.suites import run
from tests.proofs import MESSAGING


def test_messaging_commands_are_keywords(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Enables And Events
            ${enables}=    Get Bmc Global Enables
            Should Be True    ${enables.event_logging}
            ${before}=    Set Bmc Global Enables    event_message_buffer=yes    oem_1=yes
            Should Be Equal    ${before}    ${enables}
            Set Bmc Global Enables    event_logging=no
            ${now}=    Get Bmc Global Enables
            Should Be True    $now.event_message_buffer and $now.oem_1 and not $now.event_logging
            Run Keyword And Expect Error    *0x80, empty*    Read Event Message Buffer
            Send Command    PlatformEvent    sensor_type=1    sensor_number=0x30    event_type=1    data=57 5A 50
            ${flags}=    Get Message Flags
            Should Be True    ${flags.event_message_buffer_full}
            ${event}=    Read Event Message Buffer
            Bytes Should Match    ${event}    FF FF 02 ..
            Clear Message Flags    receive_message_queue=yes
            ${state}=    Enable Message Channel Receive    channel=15    state=get state
            Should Be True    ${state}
            Run Keyword And Expect Error    *0x80, empty*    Get Message
            Run Keyword And Expect Error    *nak on write*
            ...    Send Message    channel=0    tracking=track request    message=30 18 B8 20 04 01 DB
        Channels And Users
            ${info}=    Get Channel Info    channel=1
            Should Be Equal As Integers    ${info.medium}    4
            ${access}=    Get Channel Access
            Should Be Equal As Integers    ${access.privilege_limit}    4
            Set User Name    user_id=5    user_name=bench
            VAR    ${PASSWORD: Secret}    %{PLANTED}
            Set User Password    user_id=5    operation=set password    password=${PASSWORD}
            Set User Access    user_id=5    privilege_limit=operator
            Set User Password    user_id=5    operation=enable user
            ${name}=    Get User Name    user_id=5
            Should Be Equal    ${name}    bench
            ${rights}=    Get User Access    user_id=5
            Should Be Equal As Integers    ${rights.privilege_limit}    3
            Run Keyword And Expect Error    *user_id: 99 is outside 0 to 63*    Get User Name    user_id=99
        System Info
            Set System Info    parameter=system name    text=a bench with a name of several blocks
            ${text}=    Get System Info    parameter=system name
            Should Be Equal    ${text}    a bench with a name of several blocks
            ${block}=    Send Command    GetSystemInfo    parameter=system name    set_selector=1
            Bytes Should Match    ${block.data}    01 ..
            ${capabilities}=    Get System Interface Capabilities    interface=kcs
            Should Be Equal As Integers    ${capabilities.input_size}    255
            Run Keyword And Expect Error    *invalid command*    Get Bt Interface Capabilities
            ${data}=    Master Write Read    bus_type=private    bus_id=1    address=0x50    count=2    data=00
            Bytes Should Match    ${data}    42 4F
        """,
        settings="Suite Setup    Establish Session    a",
        more="allow=write",
        PLANTED="planted-one",
    )

    assert ran.code == 0, ran.tests
    assert "planted-one" not in ran.everything()


CALLED = {
    "SetSessionPrivilegeLevel": {"privilege": "level"},
    "GetChannelAuthenticationCapabilities": {"priv_lvl": "privilege"},
}
"""What a keyword that is written by hand calls otherwise."""
KEYWORDS = {keyword.name: keyword for keyword in LibraryDocumentation("IpmiLab").keywords}


@pytest.mark.parametrize("name", MESSAGING)
def test_a_keyword_takes_what_the_method_of_its_name_takes(name: str) -> None:
    method = getattr(Device, title(name).lower().replace(" ", "_")).__wrapped__
    called = CALLED.get(name, {})
    wanted = {called.get(p.name, p.name): p.default for p in list(inspect.signature(method).parameters.values())[1:]}
    takes = {
        each.name: inspect.Parameter.empty if each.required else each.default for each in KEYWORDS[title(name)].args
    }
    if name == "CloseSession":
        wanted["session_id"] = None  # without one, the keyword gives back the session itself

    assert {key: takes.get(key, "nothing of that name") for key in wanted} == wanted
    assert takes.keys() - wanted.keys() <= {"", "session", "alias", "operator", "expected", "message"}


def test_a_wrong_word_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Words
            VAR    ${cannot}    *cannot be converted to
            Run Keyword And Expect Error    ${cannot} Privilege: *Did you mean operator?
            ...    Set User Access    user_id=5    privilege_limit=opertor
            Run Keyword And Expect Error    ${cannot} Change: *Did you mean volatile or non volatile?
            ...    Set Channel Access    channel=1    change_privilege=volatil
            Run Keyword And Expect Error    ${cannot} BusType: *Known are: public, private.
            ...    Master Write Read    bus_type=mine    address=1    count=1
            Run Keyword And Expect Error    ${cannot} Privilege: *Did you mean operator?
            ...    Establish Session    b    privilege=opertor
            Run Keyword And Expect Error    ${cannot} Power: *Did you mean on?    Set Power    onn
            Run Keyword And Expect Error    *event_logging: 'maybe' is neither yes nor no*
            ...    Set Bmc Global Enables    event_logging=maybe
            Run Keyword And Expect Error    ${cannot} Operator: *Did you mean validate*
            ...    Get Device Id    valdate    True
            Run Keyword And Expect Error    ${cannot} Operator: *And there is no argument 'sesion'.
            ...    Get Device Id    sesion=a
        Numbers
            Set Channel Access    channel=1    change_privilege=2    privilege_limit=0x04
            Get Channel Access    copy=${1}
        Names
            Run Keyword And Expect Error    *Get User Name: there is no argument 'usr_id'. Did you mean user_id?*
            ...    Get User Name    usr_id=1
            Run Keyword And Expect Error    *'chanel'. Did you mean channel? It takes channel=, copy=, session=.
            ...    Get Channel Access    copy=2    chanel=1
            Run Keyword And Expect Error    Get User Name: user_id= is needed. It takes user_id=, session=.
            ...    Get User Name
            Run Keyword And Expect Error    Get User Name: it takes its arguments by name, and '5' came without one.*
            ...    Get User Name    5
        Completion Codes
            Run Keyword And Expect Error    Get Message (0x06 0x33): 'emty' is no completion code. Did you mean empty?
            ...    Send Command    GetMessage    expected_completion=emty
            Run Keyword And Expect Error    *Known are: lost arbitration, bus error, nak on write, truncated read, ok, *
            ...    Send Raw Command    0x06 0x52 0x00 0x00 0x01    expected_completion=zzz
        """,
        settings="Suite Setup    Establish Session    a",
        more="allow=write",
    )

    assert {name: message for name, (status, message) in ran.tests.items() if status != "PASS"} == {}


def test_a_dry_run_knows_the_names_of_arguments(tmp_path: Path) -> None:
    tests = (
        "Mistyped\n    Get User Name    usr_id=1\nMissing\n    Get User Name\nRight\n    Get User Name    user_id=1\n"
    )
    ran = run(tmp_path, tests, options=("--dryrun",))

    assert [status for status, _ in ran.tests.values()] == ["FAIL", "FAIL", "PASS"]


def test_a_straight_password_is_a_secret_of_the_suite(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Compare
            VAR    ${OTHER: Secret}    %{PLANTED}
            Run Keyword And Expect Error    *0xCC*    Get Auth Code    algorithm=4    user_id=2    data=${OTHER}
            Run Keyword And Expect Error    *is not written into a suite*
            ...    Get Auth Code    algorithm=4    user_id=2    data=01 02 03
        """,
        settings="Suite Setup    Establish Session    a",
        PLANTED="planted-one",
    )

    assert ran.code == 0, ran.tests
    assert "planted-one" not in ran.everything()
