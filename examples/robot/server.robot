*** Settings ***
Documentation     What every server of the lab must do. Runs on hardware and on virtual BMCs alike:
...               robot --variable INVENTORY:my-lab.yaml examples/robot
Library           IpmiLab    inventory=${INVENTORY}
Suite Setup       Establish Session    server1

*** Variables ***
${INVENTORY}      ${CURDIR}/../lab.yaml

*** Test Cases ***
Knows Who It Is
    ${id}=    Get Device Id
    Should Be True    ${id.manufacturer} > 0
    Send Raw Command    0x06 0x01    expected=?? ?? ..

Rejects A Request That Is Too Short
    Send Raw Command    0x06 0x44 0x01    expected_completion=Request Data Length Invalid

Answers By Name
    ${status}=    Send Command    GetChassisStatus
    Log    The machine has power: ${status.power_on}
    ${self}=    Send Command    Get Session Info    index=0
    Should Be True    ${self.active} >= 1

Passes Its Self Test
    Skip Unless Target Has    self-test
    Get Self Test Results    validate    value.result.name == 'PASSED'

Powers Down And Up
    [Tags]    Destructive
    Skip Unless Target Has    power
    Set Power    off
    Get Power State    ==    off
    Set Power    on
    Get Power State    ==    on

EEPROM Holds The Board Id
    Skip Unless Target Has    i2c
    ${data}=    I2C Write Read    private    1    0    0x50    4    0x00
    Bytes Should Match    ${data}    42 4F ?? 01

Board Stays Cool
    Skip Unless Target Has    i2c
    ${raw}=    Read I2C Device    temperature    2    0x00
    Measure    Board temperature    ${{ int.from_bytes($raw, 'big') / 256 }}    low=5    high=85    unit=degC
