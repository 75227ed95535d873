"""Opens a session at URL, says so, and asks until it ends as it is told: normal, exception, forgotten, or by a signal.

The password comes from IPMI_LAB_PASSWORD. It does nothing to be stopped well: that is the library's business.
"""

import sys

import ipmi_lab

url, ending = sys.argv[1:]
if ending == "forgotten":
    ipmi_lab.connect(url).session.establish()
    sys.exit(print("open", flush=True))
with ipmi_lab.connect(url) as ipmi:
    print("open", flush=True)
    if ending == "exception":
        raise ValueError("as told")
    while ending != "normal":
        ipmi.get_device_id()
