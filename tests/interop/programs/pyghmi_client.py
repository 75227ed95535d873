# mypy: disable-error-code="import-untyped"
"""One raw command by pyghmi: ``pyghmi_client.py HOST PORT USER LEVEL REQUEST``.

REQUEST is network function, command and data, hexadecimal.
Password and K_g come from IPMI_PASSWORD and KG (hexadecimal). Prints the completion code and the data, hexadecimal.
"""

import os
import sys

from pyghmi.ipmi.command import Command

host, port, user, level, request = sys.argv[1:]
netfn, command, *data = bytes.fromhex(request)
kg = bytes.fromhex(os.environ["KG"]) or None
ipmi = Command(host, user, os.environ["IPMI_PASSWORD"], port=int(port), kg=kg, privlevel=int(level), keepalive=False)
answer = ipmi.raw_command(netfn, command, data=data)
ipmi.ipmi_session.logout()
print(bytes([answer["code"], *answer["data"]]).hex())
