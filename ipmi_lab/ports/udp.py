"""Datagrams over UDP, IPv4 and IPv6, to one BMC."""

import os
import socket

from ipmi_lab.errors import NoAnswer

LARGEST = 65535


class UdpPort:
    """A socket that is connected to one BMC, so that the kernel drops what others send and tells of refusals."""

    def __init__(self, host: str, port: int = 623) -> None:
        self.peer = f"{host} UDP port {port}"
        self.trouble = ""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise NoAnswer(
                f"the host {host!r} cannot be found ({error})", hint="Check its name, or write its address."
            ) from None
        family, kind, protocol, _, address = found[0]
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        try:
            self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise NoAnswer(f"there is no way to {self.peer} ({_said(error)})", hint="Check the network.") from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except OSError as error:  # lost on the way out, like any datagram: whoever waits tries again
            self.trouble = _said(error)

    def receive(self) -> bytes | None:
        try:
            datagram = self._socket.recv(LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:
            self.trouble = _said(error)
            return None
        self.trouble = ""
        return datagram

    def close(self) -> None:
        self._socket.close()


def _said(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
