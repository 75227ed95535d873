"""Targets behind others and named I2C devices, in suites."""

import json
from pathlib import Path

from tests.keywords.suites import run

LAB = """\
targets:
  shelf: {transport: "virtual:atca-shelf"}
  amc3:
    via: shelf
    bridge: [0x82@0, 0x76@7]
    allow: [write]
    i2c: {board: {bus_id: 2, address: 0x50, size: 4096, page: 32}, sensor: {bus_id: 2, address: 0x48}}
"""


def test_several_targets_share_the_session_of_one(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Behind And Before
            Establish Session    amc3
            ${amc}=    Get Device Id
            Should Be Equal As Integers    ${amc.device_id}    0x76
            Establish Session    shelf
            ${shelf}=    Get Device Id
            Should Be Equal As Integers    ${shelf.device_id}    0x20
            ${info}=    Get Session Info
            Should Be Equal As Integers    ${info.active}    1
            Close Session    shelf
            ${self}=    Get Self Test Results    session=amc3
            Should Be Equal    ${self.result.name}    PASSED
        On The Spot
            Establish Session    alias=carrier    via=shelf    bridge=0x82@0
            ${id}=    Get Device Id
            Should Be Equal As Integers    ${id.device_id}    0x82
            Establish Session    shelf    alias=module    bridge=0x82@0, 0x72@7
            ${id}=    Get Device Id
            Should Be Equal As Integers    ${id.device_id}    0x72
            Inject Fault    loss    0.1
            Get Device Id
            Inject Fault    none
            Run Keyword And Expect Error    *via= needs the hops behind it*    Establish Session    via=shelf
            Run Keyword And Expect Error    *stands beside a target*
            ...    Establish Session    amc3    via=shelf    bridge=0x82@0
            Run Keyword And Expect Error    *is no hop*    Establish Session    via=shelf    bridge=82
            Run Keyword And Expect Error    *Did you mean shelf*    Establish Session    via=shelv    bridge=0x82@0
        """,
        lab=LAB,
    )

    assert ran.code == 0, ran.tests
    journal = "".join(path.read_text() for path in (ran.folder / "ipmi").glob("journal-*"))
    events = [json.loads(line) for line in journal.splitlines()]
    opened = [(event["target"], event["how"]) for event in events if event.get("what") == "opened"]
    assert [target for target, _ in opened] == ["shelf", "amc3", "shelf", "carrier", "module"]
    assert opened[1][1].startswith("via shelf, 0x82@0, 0x76@7: IPMI 2.0")


def test_i2c_devices_are_used_by_name(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        """
        Named Devices
            ${label}=    Read I2C Eeprom    board    0    6
            Should Be Equal    ${label}    ${{b"AMC 76"}}
            ${before}=    Write I2C Eeprom    board    30    01 02 03 04
            Bytes Should Match    ${before}    FF FF FF FF
            ${after}=    Read I2C Eeprom    board    28    8
            Bytes Should Match    ${after}    FF FF 01 02 03 04 FF FF
            ${celsius}=    Read I2C Device    sensor    2    0x00
            Bytes Should Match    ${celsius}    34 80
            Write I2C Device    sensor    0x02 0x50 0x00
            ${limit}=    Read I2C Device    sensor    2    0x02
            Bytes Should Match    ${limit}    50 00
            ${there}=    I2C Scan    private    2
            Should Be Equal    ${there}    ${{[0x48, 0x50]}}
            Run Keyword And Expect Error    *Did you mean board*    Read I2C Device    bord    1
            Run Keyword And Expect Error    *not in an EEPROM of 4096 bytes*    Read I2C Eeprom    board    4095    2
        """,
        settings="Suite Setup    Establish Session    amc3",
        lab=LAB,
    )

    assert ran.code == 0, ran.tests
