# mypy: disable-error-code="import-untyped,import-not-found"
"""The emulator of python-ipmi, as it stands: prints its port and "ready", and ends when its stdin closes."""

import os
import socket
import sys
import threading
from typing import Any

from pyipmi import emulation


class Announced(socket.socket):
    """Tells when it is bound, and to which port: the emulator binds one socket, and says nothing."""

    def bind(self, address: Any) -> None:
        super().bind(address)
        print(self.getsockname()[1], "ready", flush=True)


def end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)  # the emulator never returns


threading.Thread(target=end_with_stdin, daemon=True).start()
socket.socket = Announced  # type: ignore[misc]
emulation.main(["--port", "0"])
