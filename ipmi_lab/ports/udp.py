"""Datagrams over UDP, IPv4 and IPv6, to one BMC."""

import os
import socket
import struct

from ipmi_lab.errors import NoAnswer
from ipmi_lab.ports.port import Patience

LARGEST = 65535
_AT_ONCE = int(socket.MSG_DONTWAIT)
AT_LEAST = 0.2  # seconds that one waiting ``recv`` takes at the most; shorter waits are polled
_TIMEVAL = struct.pack("ll", 0, int(AT_LEAST * 1_000_000))


class UdpPort:
    """A socket that is connected to one BMC, so that the kernel drops what others send and tells of refusals."""

    gone = False

    def __init__(self, host: str, port: int = 623) -> None:
        self.peer = f"{host} UDP port {port}"
        self.trouble = ""
        try:
            plain = host.encode() if host.isascii() else host  # a name as text would load the tables of Unicode
            found = socket.getaddrinfo(plain, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise NoAnswer(
                f"the host {host!r} cannot be found ({error})", hint="Check its name, or write its address."
            ) from None
        family, kind, protocol, _, address = found[0]
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL)
        self._send, self._receive = self._socket.send, self._socket.recv
        self._patience = Patience(self)
        try:
            self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise NoAnswer(f"there is no way to {self.peer} ({_said(error)})", hint="Check the network.") from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, datagram: bytes) -> None:
        try:
            self._send(datagram, _AT_ONCE)
        except OSError as error:  # lost on the way out, like any datagram: whoever waits tries again
            self.trouble = _said(error)

    def receive(self) -> bytes | None:
        return self._received(_AT_ONCE)

    def wait(self, seconds: float) -> bytes | None:
        """The next datagram, or None where none came in so many seconds or in a fifth of one."""
        return self._patience.wait(seconds) if seconds < AT_LEAST else self._received(0)

    def _received(self, flags: int) -> bytes | None:
        try:
            datagram = self._receive(LARGEST, flags)
        except BlockingIOError:
            return None
        except OSError as error:
            self.trouble = _said(error)
            return None
        self.trouble = ""
        return datagram

    def ask(self, datagram: bytes, seconds: float) -> bytes | None:
        """What ``send`` and then ``wait`` do, in one call; what could not be sent is not waited for."""
        if seconds < AT_LEAST:
            self.send(datagram)
            return self.wait(seconds)
        try:
            self._send(datagram, _AT_ONCE)
            received = self._receive(LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:
            self.trouble = _said(error)
            return None
        if self.trouble:
            self.trouble = ""
        return received

    def close(self) -> None:
        self._socket.close()


def _said(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
