# mypy: disable-error-code="import-untyped"
"""Messages of python-ipmi: ``python_ipmi_messages.py HOST PORT USER PRIVILEGE ADDRESS``, one a line on stdin as JSON.

ADDRESS is 0x20 for the BMC itself, else that of a controller on its IPMB, which Send Message reaches. A line is the
name of a message and its fields by path (``channel.number``). The password comes from IPMI_PASSWORD.
Prints the fields of each answer, a JSON line each; bytes are lists of numbers.
"""

import json
import os
import sys
from typing import Any

import pyipmi
from pyipmi.interfaces import create_interface
from pyipmi.msgs import create_request_by_name


def plain(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return list(value.encode("latin-1"))
    if hasattr(value, "__dict__"):
        return {name: plain(part) for name, part in vars(value).items() if not name.startswith(("_", "reserved"))}
    return list(value)


host, port, user, privilege, address = sys.argv[1:]
interface = create_interface("rmcpplus", keep_alive_interval=0, cipher_suite=3)
ipmi = pyipmi.create_connection(interface)
ipmi.session.set_session_type_rmcp(host, int(port))
ipmi.session.set_auth_type_user(user, os.environ["IPMI_PASSWORD"])
ipmi.session.set_priv_level(privilege)
behind = int(address, 0)
route = [(0x81, 0x20, 0), (0x20, behind, None)] if behind != 0x20 else None
ipmi.target = pyipmi.Target(ipmb_address=behind, routing=route)
interface.open()
ipmi.session.establish()
for line in sys.stdin:
    name, fields = json.loads(line)
    request = create_request_by_name(name)
    for path, value in fields.items():
        *groups, last = path.split(".")
        part = request
        for group in groups:
            part = getattr(part, group)
        setattr(part, last, bytes(value) if isinstance(value, list) else value)
    answer = ipmi.send_message(request)
    given = [field.name for field in type(answer).__fields__]
    print(json.dumps({field: plain(getattr(answer, field)) for field in given}), flush=True)
ipmi.close()
