"""The page docs/messaging.md: the 31 messaging commands on every face, and who had the same opinion of their bytes.

It is made of the registry, and of what tests proved that ran and passed; a whole run of the tests compares it.
"""

from collections.abc import Iterable
from pathlib import Path

from tabulate import tabulate

from ipmi_lab.commands import byname
from ipmi_lab.commands.command import title
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.profile import Profile
from tests.proofs import MESSAGING, Proof

PAGE = Path(__file__).parents[1] / "docs" / "messaging.md"
CLIENTS = ("ipmitool", "FreeIPMI", "OpenIPMI", "python-ipmi", "pyghmi")
SERVERS = ("ipmi_sim", "ipmi_sim's system interface", "pyghmi's server")
CODECS = ("libfreeipmi's templates", "python-ipmi's messages", "the standard's text and go-ipmi, by hand")
SHOWN = {"by name": "typed, by name", "method": "method", "keyword": "keyword", "shell": "shell"}
SHOWN |= {"virtual BMC": "virtual BMC"}
HEAD = """# The messaging commands

All 31 rows of IPMI's "Messaging Support Commands", on every face. Each cell is a test that ran and passed: on the left
ours at our virtual BMC (the method in both worlds, blocking and asyncio), on the right those that cross over.

- *virtual BMC*: the part of it that answered this command, with 00h and an answer that our client took apart.
- *clients at our BMC*: a program or library that nobody here wrote sent the command, and understood our answer.
- *our client at*: a BMC that nobody here wrote answered it. `ipmi_sim` keeps some of them from a LAN; those were sent
  to its system interface, as the machine behind it does.
- *same bytes as*: another's description of the messages, used as a codec, makes the same bytes of random values, and
  the same values of the bytes, field by field.

A keyword does what the method of its name does: an enable that is not named stays, a text comes whole. By name and
from the shell (`ipmi-lab send`) goes the bare command, with the specification's fields and blocks.

`IPMI_LAB_WRITE_TABLES=1 make test` writes this page anew, where all peers are installed.

```python
import ipmi_lab

with ipmi_lab.connect("virtual:rack-server") as ipmi:
    ipmi.set_bmc_global_enables(event_message_buffer=True)
    ipmi.platform_event(sensor_type=0x01, sensor_number=0x30, event_type=0x01, data=bytes.fromhex("57 5a 50"))
    assert ipmi.get_message_flags().event_message_buffer_full
    assert ipmi.read_event_message_buffer()[10:12] == bytes((0x01, 0x30))
    answer = ipmi.send_message_with_name("Get User Access", user_id=2)
    assert answer["privilege_limit"].words == "administrator"
```

```robotframework
*** Settings ***
Library       IpmiLab    allow=write
Test Setup    Establish Session    virtual:rack-server

*** Test Cases ***
A User Gets A Name
    Set User Name    user_id=5    user_name=bench
    ${user}=    Get User Name    user_id=5
    Should Be Equal    ${user}    bench
```

```console
ipmi-lab -t virtual:rack-server send GetUserAccess user_id=2
```

"""


def part_of(name: str) -> str:
    """The file of the virtual BMC's part that answers a command."""
    parts = {command: type(part) for part in VirtualBmc(Profile(), {"admin": ""}).parts for command, _ in part.slots()}
    return f"virtual/{parts[byname.find(name)].__module__.split('.')[-1]}.py"


def cells(name: str, proofs: set[Proof]) -> list[str]:
    """One row; what no test proved is missing."""
    command = byname.find(name)
    method = title(name).lower().replace(" ", "_")
    shown = {"method": f"`{method}()`", "by name": f"`{name}`", "keyword": title(name), "shell": f"`send {name}`"}
    shown["virtual BMC"] = f"`{part_of(name)}`"
    faces = {face: shown[face] if Proof(name, face) in proofs else "missing" for face in SHOWN}
    crossed = [", ".join(peer for peer in peers if Proof(name, peer) in proofs) for peers in (CLIENTS, SERVERS, CODECS)]
    return [f"{command.command:02X}h", *(faces[face] for face in SHOWN), *crossed]


def page(proofs: Iterable[Proof]) -> str:
    """The whole page."""
    known = set(proofs)
    heads = ["number", *SHOWN.values(), "clients at our BMC", "our client at", "same bytes as"]
    rows = [[cell or "–" for cell in cells(name, known)] for name in MESSAGING]
    return HEAD + tabulate(rows, heads, tablefmt="github", disable_numparse=True) + "\n"


def alone(proofs: Iterable[Proof]) -> list[str]:
    """The commands that no program of another make sent or answered, nor two other descriptions have."""
    known = set(proofs)
    return [
        name
        for name in MESSAGING
        if not any(Proof(name, peer) in known for peer in CLIENTS + SERVERS)
        and sum(Proof(name, codec) in known for codec in CODECS[:2]) < 2
    ]
