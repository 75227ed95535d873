"""Serial lines through pyserial: a device of this machine, or one behind a console server.

A device and a raw TCP connection have descriptors to wait on. RFC 2217 has none, since it mixes its own words into the
bytes: a small thread takes them out and hands the rest to a pair of sockets.
"""

import errno
import os
import socket
import threading
from contextlib import suppress
from typing import Any

from ipmi_lab.errors import IpmiLabError, LocalError, NoAnswer

AT_ONCE = 4096
PUMP_WAIT = 0.1


class SerialPort:
    """A line, 8N1, that nobody else has open at the same time. ``url`` is a device or what pyserial takes.

    When the line goes, nothing is readable any more, ``trouble`` says why, and a new port must be opened.
    """

    def __init__(self, url: str, baud: int = 115200) -> None:
        self.peer = url if ":" in url else f"{url} at {baud} baud"
        self.trouble = ""
        self.gone = False
        self._line = _opened(url, baud, timeout=0)
        self._descriptor: int = self._line.fileno()
        os.set_blocking(self._descriptor, False)
        self._silence: list[int] = []

    def fileno(self) -> int:
        return self._descriptor

    def send(self, datagram: bytes) -> None:
        if self.gone:
            return
        try:
            while datagram:
                datagram = datagram[os.write(self._descriptor, datagram) :]
        except BlockingIOError:  # the line takes no more: lost on the way, and asked again like any loss
            return
        except OSError as error:
            self._end(error)

    def receive(self) -> bytes | None:
        if self.gone:
            self._noticed()
            return None
        try:
            data = os.read(self._descriptor, AT_ONCE)
        except BlockingIOError:
            return None
        except OSError as error:
            self._end(error)
            self._noticed()
            return None
        if not data:
            self._end(OSError(errno.ECONNRESET, ""))
            self._noticed()
        return data or None

    def _end(self, error: OSError) -> None:
        """Put a descriptor in place of the line's that is readable once, so that nobody spins on the end of it."""
        self.gone, self.trouble = True, f"the line is gone ({os.strerror(error.errno or 0).lower()})"
        self._silence = list(os.pipe())
        os.write(self._silence[1], b"!")
        os.dup2(self._silence[0], self._descriptor)
        os.set_blocking(self._descriptor, False)

    def _noticed(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._descriptor, AT_ONCE)

    def close(self) -> None:
        self._line.close()
        for descriptor in self._silence:
            os.close(descriptor)
        self._silence.clear()


class Rfc2217Port:
    """A line of a console server that speaks RFC 2217, so that speed and signals are set from here."""

    def __init__(self, url: str, baud: int = 115200) -> None:
        self.peer = url
        self.trouble = ""
        self.gone = False
        self._line = _opened(url, baud, timeout=PUMP_WAIT)
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._stopping = False
        self._pump = threading.Thread(target=self._carry, name=f"ipmi-lab {url}", daemon=True)
        self._pump.start()

    def _carry(self) -> None:
        while not self._stopping:
            try:
                data = self._line.read(1)
                data += self._line.read(self._line.in_waiting)
                if data:
                    self._far.send(data)
            except BlockingIOError:  # nobody reads: lost, as on any line
                continue
            except (OSError, ValueError) as error:
                self._end(error)
                return

    def _end(self, error: Exception) -> None:
        if not self._stopping:
            self.gone, self.trouble = True, f"the line is gone ({error})"
            with suppress(BlockingIOError):  # who waits is awake anyhow then
                self._far.send(b"!")

    def fileno(self) -> int:
        return self._near.fileno()

    def send(self, datagram: bytes) -> None:
        if not self.gone:
            try:
                self._line.write(datagram)
            except (OSError, ValueError) as error:
                self._end(error)

    def receive(self) -> bytes | None:
        try:
            data = self._near.recv(AT_ONCE)
        except BlockingIOError:
            return None
        return None if self.gone else data

    def close(self) -> None:
        self._stopping = True
        self._line.close()
        self._pump.join()
        self._near.close()
        self._far.close()


def _opened(url: str, baud: int, *, timeout: float) -> Any:
    import serial  # only who has a line waits for it

    device: dict[str, Any] = {}
    if ":" not in url:  # with a time between bytes, an empty line reads as "not now" and not as its end
        device = {"exclusive": True, "inter_byte_timeout": 0}
    try:
        return serial.serial_for_url(url, baudrate=baud, timeout=timeout, **device)
    except (OSError, ValueError) as error:
        raise _explained(url, baud, error) from None


def _explained(url: str, baud: int, error: Exception) -> IpmiLabError:
    """What a line that cannot be opened tells, and what to try."""
    text = str(error).lower()
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT or "no such file" in text:
        return NoAnswer(f"there is no device {url}", hint="See what there is: ls /dev/ttyS* /dev/ttyUSB* /dev/ttyACM*.")
    if number in (errno.EACCES, errno.EPERM) or "permission denied" in text:
        return NoAnswer(f"{url} may not be opened by this user", hint="Become a member of its group, often dialout.")
    if "exclusively lock" in text or number == errno.EBUSY:
        return NoAnswer(f"another program has {url} open", hint=f"See which: fuser {url}.")
    if number in (errno.ENOTTY, errno.EINVAL) or "could not configure" in text:
        return NoAnswer(f"{url} is no serial line that takes {baud} baud")
    if "refused" in text:
        return NoAnswer(f"nobody listens at {url}", hint="Check host and port of the console server.")
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return LocalError(f"{url}: {error}")
    return NoAnswer(f"{url} cannot be opened ({error})", hint="Check host and port, and that the line is free there.")
