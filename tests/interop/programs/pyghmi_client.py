# mypy: disable-error-code="import-untyped"
"""One raw command by pyghmi: ``pyghmi_client.py HOST PORT USER LEVEL ROUTE PATIENCE REQUEST``.

ROUTE is ``ADDRESS@CHANNEL`` of a controller behind the BMC (with commas: of several, one behind another), or ``-``;
after PATIENCE seconds of a bridged command the program is ended by SIGALRM. REQUEST is network function, command and
data, hexadecimal.
Password and K_g come from IPMI_PASSWORD and KG (hexadecimal). Prints the completion code and the data, hexadecimal, and
to stderr the suite that came about.
"""

import os
import signal
import sys

from pyghmi.ipmi.command import Command

host, port, user, level, route, patience, request = sys.argv[1:]
netfn, command, *data = bytes.fromhex(request)
kg = bytes.fromhex(os.environ["KG"]) or None
ipmi = Command(host, user, os.environ["IPMI_PASSWORD"], port=int(port), kg=kg, privlevel=int(level), keepalive=False)
how = {}
if route != "-":
    pairs = [hop.split("@") for hop in route.split(",")]
    hops = [{"addr": int(address, 0), "channel": int(channel)} for address, channel in pairs]
    how = {"bridge_request": hops[0] if len(hops) == 1 else hops}
    signal.setitimer(signal.ITIMER_REAL, float(patience))
answer = ipmi.raw_command(netfn, command, data=data, **how)
print(f"suite {17 if ipmi.ipmi_session.attemptedhash == 256 else 3} came about", file=sys.stderr)
ipmi.ipmi_session.logout()
print(bytes([answer["code"], *answer["data"]]).hex())
