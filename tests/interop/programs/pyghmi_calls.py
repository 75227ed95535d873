# mypy: disable-error-code="import-untyped"
"""Methods of pyghmi's Command: ``pyghmi_calls.py HOST PORT USER``, a call a line on stdin as JSON: name and arguments.

The password comes from IPMI_PASSWORD. Prints what each call gives, a JSON line each.
"""

import json
import os
import sys

from pyghmi.ipmi.command import Command

host, port, user = sys.argv[1:]
ipmi = Command(host, user, os.environ["IPMI_PASSWORD"], port=int(port), keepalive=False)
for line in sys.stdin:
    name, arguments = json.loads(line)
    print(json.dumps(getattr(ipmi, name)(**arguments), default=str), flush=True)
ipmi.ipmi_session.logout()
