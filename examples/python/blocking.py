"""A plain script: who is the BMC, and does its machine have power?

python examples/python/blocking.py [lanplus://USER@HOST]     (the password comes from IPMI_LAB_PASSWORD)
"""

import sys

import ipmi_lab

url = sys.argv[1] if len(sys.argv) > 1 else "virtual:rack-server"

with ipmi_lab.connect(url) as ipmi:
    device = ipmi.get_device_id()
    print(f"manufacturer {device.manufacturer}, firmware {device.firmware}, IPMI {device.ipmi}")
    print("power is", "on" if ipmi.chassis.is_on() else "off")
    print(ipmi.send_message_with_name("Get Session Info", index=0))
