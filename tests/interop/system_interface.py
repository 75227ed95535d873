"""The machine's side of ipmi_sim: its system interface, as QEMU's ``ipmi-bmc-extern`` speaks it over TCP.

There ipmi_sim answers what it refuses over a LAN, such as the message flags. A message is a number, network function
and LUN, command, data and a checksum; three bytes that frame messages are escaped.
"""

import socket
from types import TracebackType
from typing import Any, Self, TypeVar

from ipmi_lab.commands.command import Request, Response

R = TypeVar("R", bound=Response)
MESSAGE_END, COMMAND_END, ESCAPE = 0xA0, 0xA1, 0xAA
VERSION, CAPABILITIES = bytes((0xFF, 0x01)), bytes((0x08, 0x3F))


class SystemInterface:
    """A machine that asks its BMC; there are no sessions."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._stream = socket.create_connection(address, timeout=5)
        self._number = 0
        for command in (VERSION, CAPABILITIES):
            self._stream.sendall(_escaped(command) + bytes((COMMAND_END,)))

    def exchange(self, request: Request[Any]) -> tuple[int, bytes]:
        """Completion code and data."""
        self._number = self._number + 1 & 0xFF
        message = bytes((self._number, request.netfn << 2, request.command)) + request.encode()
        self._stream.sendall(_escaped(message + bytes((-sum(message) & 0xFF,))) + bytes((MESSAGE_END,)))
        answer = self._message()
        assert not sum(answer) & 0xFF, f"a wrong checksum: {answer.hex(' ')}"
        assert answer[:3] == bytes((self._number, (request.netfn | 1) << 2, request.command)), answer.hex(" ")
        return answer[3], answer[4:-1]

    def send(self, request: Request[R]) -> R:
        """The typed answer; CompletionError where the BMC says no."""
        return request.answer(*self.exchange(request))

    def _message(self) -> bytes:
        """The next message; commands of the BMC to the machine, such as an interrupt, are passed over."""
        found = bytearray()
        while True:
            byte = self._byte()
            if byte == MESSAGE_END:
                return bytes(found)
            if byte == COMMAND_END:
                found.clear()
            else:
                found.append(self._byte() & ~0x10 if byte == ESCAPE else byte)

    def _byte(self) -> int:
        byte = self._stream.recv(1)
        assert byte, "ipmi_sim closed its system interface"
        return byte[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.close()


def _escaped(data: bytes) -> bytes:
    out = bytearray()
    for byte in data:
        out += bytes((ESCAPE, byte | 0x10)) if byte in (MESSAGE_END, COMMAND_END, ESCAPE) else bytes((byte,))
    return bytes(out)
