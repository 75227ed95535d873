# mypy: disable-error-code="import-untyped"
"""One raw command by python-ipmi: ``python_ipmi_client.py HOST PORT USER LEVEL SUITE TIMEOUT ROUTE REQUEST``.

SUITE is a number or ``1.5``. ROUTE is ``ADDRESS@CHANNEL`` of a controller behind the BMC (with commas: of several, one
behind another), or ``-``. REQUEST is network function, command and data, hexadecimal.
Password and K_g come from IPMI_PASSWORD and KG (hexadecimal), its quirks from WORKAROUNDS. Prints the completion code
and the data, hexadecimal.
"""

import os
import sys

import pyipmi
from pyipmi.interfaces import create_interface

host, port, user, level, suite, timeout, route, request = sys.argv[1:]
netfn, *command = bytes.fromhex(request)
if suite == "1.5":
    quirks = dict.fromkeys(os.environ["WORKAROUNDS"].split(), True)
    interface = create_interface("rmcp", keep_alive_interval=0, quirks_cfg=quirks)
else:
    kg = bytes.fromhex(os.environ["KG"]) or None
    interface = create_interface("rmcpplus", keep_alive_interval=0, cipher_suite=int(suite), kg=kg)
ipmi = pyipmi.create_connection(interface)
ipmi.session.set_session_type_rmcp(host, int(port))
ipmi.session.set_auth_type_user(user, os.environ["IPMI_PASSWORD"])
ipmi.session.set_priv_level(level)
hops = [hop.split("@") for hop in route.split(",") if hop != "-"]
addresses = [0x20, *(int(address, 0) for address, _ in hops)]
channels = [*(int(channel) for _, channel in hops), None]
way = list(zip([0x81, *[0x20] * len(hops)], addresses, channels, strict=True))
ipmi.target = pyipmi.Target(ipmb_address=addresses[-1], routing=way if hops else None)
interface.open()
interface.set_timeout(float(timeout))
ipmi.session.establish()
answer = ipmi.send_raw(0, netfn, bytes(command))
ipmi.close()
print(answer.hex())
