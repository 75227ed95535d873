# mypy: disable-error-code="import-untyped,misc"
"""A BMC of pyghmi: ``pyghmi_bmc.py ADDRESS`` prints its port and "ready", and ends when its stdin closes."""

import os
import sys
import threading

from pyghmi.ipmi.bmc import Bmc


class Machine(Bmc):
    """A BMC with a machine behind it that is on or off at once."""

    power = "on"
    boot_device = "default"

    def get_power_state(self) -> str:
        return self.power

    def power_off(self) -> None:
        self.power = "off"

    def power_on(self) -> None:
        self.power = "on"

    power_cycle = power_reset = power_on
    power_shutdown = power_off

    def get_boot_device(self) -> str:
        return self.boot_device

    def set_boot_device(self, bootdevice: str) -> None:
        self.boot_device = bootdevice


def end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)  # the listener never returns


bmc = Machine({"admin": os.environ["IPMI_PASSWORD"]}, port=0, address=sys.argv[1])
bmc.port = bmc.serversocket.getsockname()[1]  # sessions are filed under the port
if os.environ.get("KG"):
    bmc.set_kg(os.environ["KG"])
threading.Thread(target=end_with_stdin, daemon=True).start()
print(bmc.port, "ready", flush=True)
bmc.listen()
