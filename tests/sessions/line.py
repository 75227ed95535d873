"""A console on a serial line, whose other end a test plays by hand, and a clock that only we turn."""

from typing import Any

from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import BasicMode, Message, Ready, TerminalMode, Text
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Event, Observed
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.serial import SerialSession

DEVICE_ID = bytes.fromhex("00 20 01 02 09 02 80 69 c2 00 15 08 00 00 00 00")


class Line:
    """``console`` is what is tested; ``said`` are messages and texts that it put on the line, oldest first."""

    def __init__(self, mode: str, *, login: dict[str, Any] | None = None, timing: Timing | None = None, **how: Any):
        self.now = 1000.0
        self.observed: list[Observed] = []
        usual: dict[str, Any] = {"user": "admin", "password": Secret("a password"), "version": "1.5"}
        self.console = SerialSession(
            Login(**usual | (login or {})), timing, mode=mode, observe=self.observed.append, **how
        )
        self.far = BasicMode() if mode == "basic" else TerminalMode(ipmb.BMC, ipmb.CONSOLE)
        self.said: list[bytes | str] = []
        self.wire: list[bytes] = []

    def look(self) -> list[bytes | str]:
        """Take what the console sends now from the line."""
        for datagram in self.console.datagrams():
            self.wire.append(datagram)
            for piece in self.far.feed(datagram):
                if isinstance(piece, Message):
                    self.said.append(piece.message)
                elif isinstance(piece, Text):
                    self.said.append(piece.text)
                else:
                    assert isinstance(piece, Ready), piece
        return self.said

    def asked(self) -> ipmb.Frame:
        """The oldest message that was not taken yet."""
        message = self.look().pop(0)
        assert isinstance(message, bytes), message
        return ipmb.parse(message)

    def answer(self, frame: ipmb.Frame, data: bytes) -> list[Event]:
        """The BMC's answer, completion code first."""
        return self.hear(self.far.wrap(ipmb.pack_answer(frame, data)))

    def hear(self, wire: bytes) -> list[Event]:
        """Bytes come to the console."""
        return self.console.receive(wire, self.now)

    def turn(self) -> list[Event]:
        """Turn the clock to the next deadline."""
        deadline = self.console.deadline()
        assert deadline is not None
        self.now = max(self.now, deadline)
        return self.console.wake(self.now)

    def opened(self) -> "Line":
        """Open a line that needs no login."""
        self.console.open(self.now)
        self.answer(self.asked(), DEVICE_ID)
        self.observed.clear()
        return self
