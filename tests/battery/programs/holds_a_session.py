"""Opens a session at URL, says so, and asks until it ends as it is told: normal, exception, or by a signal.

The password comes from IPMI_LAB_PASSWORD. As a script that means to be stopped by SIGTERM does, it makes an exit of it.
"""

import signal
import sys

import ipmi_lab

url, ending = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
with ipmi_lab.connect(url) as ipmi:
    print("open", flush=True)
    if ending == "exception":
        raise ValueError("as told")
    while ending != "normal":
        ipmi.get_device_id()
