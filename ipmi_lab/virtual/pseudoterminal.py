"""A pseudo terminal: the serial line that a virtual BMC sits on."""

import os
import pty
import tty
from contextlib import suppress

AT_ONCE = 4096


class PseudoTerminal:
    """``path`` is what programs open; it stays open here too, so that one may come after the other."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)  # as bytes are, without echo of the system's own
        os.set_blocking(self._master, False)
        self.path: str = os.ttyname(self._slave)

    def fileno(self) -> int:
        return self._master

    def read(self) -> bytes:
        """What came, or nothing."""
        try:
            return os.read(self._master, AT_ONCE)
        except OSError:  # nothing there, or closed meanwhile
            return b""

    def write(self, data: bytes) -> None:
        """Send; where nobody reads and the buffer is full it is lost, as on any line."""
        with suppress(BlockingIOError):
            os.write(self._master, data)

    def close(self) -> None:
        """End of the line."""
        master, self._master = self._master, -1  # who still reads must not read what gets the number next
        os.close(master)
        os.close(self._slave)
