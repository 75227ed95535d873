"""The messaging keywords, which are made from the declarations, in a suite."""

from pathlib import Path

from tests.keywords.test_library import run


def test_messaging_commands_are_keywords(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Enables And Events
            ${enables}=    Get Bmc Global Enables
            Should Be True    ${enables.event_logging}
            Set Bmc Global Enables    event_message_buffer=yes
            Run Keyword And Expect Error    *0x80, empty*    Read Event Message Buffer
            Send Command    PlatformEvent    sensor_type=1    sensor_number=0x30    event_type=1    data=57 5A 50
            ${flags}=    Get Message Flags
            Should Be True    ${flags.event_message_buffer_full}
            ${event}=    Read Event Message Buffer
            Bytes Should Match    ${event.record}    FF FF 02 ..
            Clear Message Flags    receive_message_queue=yes
            ${state}=    Enable Message Channel Receive    channel=15    state=get state
            Should Be True    ${state.enabled}
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
            Should Be Equal    ${name.user_name}    bench
            ${rights}=    Get User Access    user_id=5
            Should Be Equal As Integers    ${rights.privilege_limit}    3
            Run Keyword And Expect Error    *user_id: 99 is outside 0 to 63*    Get User Name    user_id=99
        System Info
            Set System Info    parameter=system name    data=00 00 05 62 65 6E 63 68
            ${info}=    Get System Info    parameter=system name
            Bytes Should Match    ${info.data}    00 00 05 62 65 6E 63 68 ..
            ${capabilities}=    Get System Interface Capabilities    interface=kcs
            Should Be Equal As Integers    ${capabilities.input_size}    255
            Run Keyword And Expect Error    *invalid command*    Get Bt Interface Capabilities
            ${data}=    Master Write Read    bus_type=private    bus_id=1    address=0x50    count=2    data=00
            Bytes Should Match    ${data.data}    42 4F
        """.replace("*'user_id'*    Run Keyword    Get", "*user_id: 99 is outside 0 to 63*    Get").replace(
            ".. \n", "..\n"
        ),
        settings="Suite Setup    Establish Session    a",
        more="allow=write",
        PLANTED="planted-one",
    )

    assert ran.code == 0, ran.tests
    assert "planted-one" not in ran.everything()


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
