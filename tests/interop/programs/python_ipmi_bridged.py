# mypy: disable-error-code="import-untyped"
"""Commands through controllers by python-ipmi: ``python_ipmi_bridged.py HOST PORT USER SUITE ADDRESS ROUTING WHAT``.

SUITE is a number or ``1.5``; ROUTING has a hop a word, ``REQUESTER.RESPONDER.CHANNEL``. WHAT is ``id``, which prints
the device id, or ``eeprom``, which prints six bytes of the EEPROM 0x50 on private bus 2, hexadecimal.
"""

import os
import sys

import pyipmi
from pyipmi.interfaces import create_interface

host, port, user, suite, address, routing, what = sys.argv[1:]
if suite == "1.5":
    interface = create_interface("rmcp", keep_alive_interval=0)
else:
    interface = create_interface("rmcpplus", keep_alive_interval=0, cipher_suite=int(suite))
ipmi = pyipmi.create_connection(interface)
ipmi.session.set_session_type_rmcp(host, int(port))
ipmi.session.set_auth_type_user(user, os.environ["IPMI_PASSWORD"])
ipmi.session.set_priv_level("ADMINISTRATOR")
hops = [[int(word, 0) for word in hop.split(".")] for hop in routing.split()]
way = [(requester, responder, channel if channel >= 0 else None) for requester, responder, channel in hops]
ipmi.target = pyipmi.Target(ipmb_address=int(address, 0), routing=way)
interface.open()
interface.set_timeout(3.0)
ipmi.session.establish()
if what == "id":
    print(f"{ipmi.get_device_id().device_id:02x}")
else:
    print(bytes(ipmi.i2c_write_read(1, 2, 0, 0x50, 6, b"\0\0")).hex())
ipmi.session.close()
