"""Every row of IPMI's messaging table is there on every face; the page of the docs that says so is made from them.

``IPMI_LAB_WRITE_TABLES=1 pytest tests/house`` writes the page anew.
"""

import os
from pathlib import Path

import pytest
from robot.libdoc import LibraryDocumentation
from tabulate import tabulate

from ipmi_lab.commands import byname
from ipmi_lab.commands.command import title
from ipmi_lab.device.device import Device
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.profile import load
from tests.commands.rows import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "messaging.md"
BYTES = "bytes only: no program at hand has it"
LOGINS = "every client at our BMC, every BMC at our client"
TABLE = {
    "SetBmcGlobalEnables": "ipmitool raw, read back by ipmitool mc getenables",
    "GetBmcGlobalEnables": "ipmitool mc getenables; ipmi_sim",
    "ClearMessageFlags": BYTES,
    "GetMessageFlags": BYTES,
    "EnableMessageChannelReceive": BYTES,
    "GetMessage": BYTES,
    "SendMessage": "ipmitool -t, -T; ipmi_sim's controllers",
    "ReadEventMessageBuffer": BYTES,
    "GetSystemInterfaceCapabilities": BYTES,
    "GetBtInterfaceCapabilities": BYTES,
    "MasterWriteRead": "ipmitool raw",
    "GetSystemGuid": "ipmitool mc guid; ipmi_sim",
    "SetSystemInfo": "ipmitool mc setsysinfo",
    "GetSystemInfo": "ipmitool mc getsysinfo",
    "GetChannelAuthenticationCapabilities": LOGINS,
    "GetChannelCipherSuites": "ipmitool channel getciphers; ipmi_sim",
    "GetSessionChallenge": LOGINS,
    "ActivateSession": LOGINS,
    "SetSessionPrivilegeLevel": LOGINS,
    "CloseSession": LOGINS,
    "GetSessionInfo": "ipmitool session info; ipmi_sim",
    "GetAuthCode": BYTES,
    "SetChannelAccess": BYTES,
    "GetChannelAccess": "ipmitool channel info; ipmi_sim",
    "GetChannelInfo": "ipmitool channel info; ipmi_sim",
    "SetChannelSecurityKeys": BYTES,
    "SetUserAccess": "ipmitool user priv, then a login by FreeIPMI",
    "GetUserAccess": "ipmitool user list; ipmi_sim",
    "SetUserName": "ipmitool user set name, then a login by FreeIPMI",
    "GetUserName": "ipmitool user list; ipmi_sim",
    "SetUserPassword": "ipmitool user set password, then a login by FreeIPMI",
}
METHODS = {"MasterWriteRead": "i2c_write_read"}
OUTSIDE_THE_SLOTS = {"ActivateSession": "by the session itself"}
HEAD = """# The messaging commands

All 31 rows of IPMI's "Messaging Support Commands", on every face. `tests/house/test_messaging_page.py` checks each cell
against the code and writes this page. Any of them can also be sent by name: `ipmi.send_message_with_name("…")`,
`Send Command`, `ipmi-lab send`. *Proved against* names the programs that cross over in `tests/interop/`; where no
program at hand has the command, its bytes were checked against the tables of the specification as two independent
implementations have them.

"""


def method(name: str) -> str:
    return METHODS.get(name) or title(name).lower().replace(" ", "_")


def rows() -> list[list[str]]:
    keywords = {keyword.name.lower(): keyword.name for keyword in LibraryDocumentation("IpmiLab").keywords}
    slots = {
        command.__name__
        for command, _ in VirtualBmc(
            load("rack-server"), dict.fromkeys(("admin", "operator", "viewer"), "x")
        )._slots.values()
    }
    found = []
    for name, proved in TABLE.items():
        command = byname.find(name)
        found.append(
            [
                f"{command.command:02X}h",
                f"`{name}`",
                f"`{method(name)}()`" if hasattr(Device, method(name)) else "missing",
                keywords.get(title(name).lower(), "missing"),
                "yes" if name in slots else OUTSIDE_THE_SLOTS.get(name, "missing"),
                next((row.source for row in ROWS if type(row.request) is command), "missing"),
                proved,
            ]
        )
    return found


def page() -> str:
    heads = ["number", "typed, by name, shell", "method", "keyword", "virtual BMC", "bytes from", "proved against"]
    return HEAD + tabulate(rows(), heads, tablefmt="github", disable_numparse=True) + "\n"


def test_the_table_has_thirty_one_rows_and_no_hole() -> None:
    assert len(TABLE) == 31
    for row in rows():
        assert "missing" not in row, row


def test_the_page_says_what_is_there() -> None:
    if os.environ.get("IPMI_LAB_WRITE_TABLES") == "1":
        PAGE.write_text(page())

    assert PAGE.read_text() == page(), "write it anew: IPMI_LAB_WRITE_TABLES=1 pytest tests/house"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_is_a_coroutine_in_one_world_and_a_call_in_the_other(name: str) -> None:
    feature = getattr(Device, method(name))

    assert "IPMI 2.0 §" in (feature.__doc__ or "")
