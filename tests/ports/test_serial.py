"""Serial ports on pseudo terminals, behind raw TCP, and behind a console server that speaks RFC 2217."""

import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial.rfc2217

from ipmi_lab.errors import LocalError, NoAnswer
from ipmi_lab.ports.port import Port
from ipmi_lab.ports.serial import Rfc2217Port, SerialPort, _explained


class PtyFar:
    """The other end of a pseudo terminal."""

    def __init__(self) -> None:
        self.master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)

    def receive(self) -> bytes:
        assert select.select([self.master], [], [], 5)[0]
        return os.read(self.master, 4096)

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def hang_up(self) -> None:
        """The line goes away, as when a USB adapter is pulled out."""
        for descriptor in (self.master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self._slave = -1

    close = hang_up


class TcpFar:
    """A console server that hands on raw bytes."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.name = f"socket://127.0.0.1:{self._door.getsockname()[1]}"
        self._line: socket.socket | None = None

    @property
    def line(self) -> socket.socket:
        if self._line is None:
            self._line = self._door.accept()[0]
            self._line.settimeout(5)
        return self._line

    def receive(self) -> bytes:
        return self.line.recv(4096)

    def send(self, data: bytes) -> None:
        self.line.sendall(data)

    def hang_up(self) -> None:
        self.line.close()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._door.close()


class WithoutModemLines(serial.Serial):
    """A pseudo terminal has none to look at, nor to set."""

    cts = dsr = ri = cd = property(lambda self: False)

    def _update_dtr_state(self) -> None:
        """Leave it."""

    _update_rts_state = _update_dtr_state


class Rfc2217Far:
    """A console server made of pyserial's own server part, in front of a pseudo terminal, its own or another."""

    def __init__(self, device: str = "") -> None:
        self.pty = PtyFar()
        self.device = WithoutModemLines(device or self.pty.name, timeout=0)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.name = f"rfc2217://127.0.0.1:{self._door.getsockname()[1]}"
        self._line: socket.socket | None = None
        self._bell, self._hears = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """What the manager says to its client."""
        assert self._line is not None
        self._line.sendall(data)

    def _serve(self) -> None:
        ready, _, _ = select.select([self._door, self._hears], [], [], 10)
        if self._door not in ready:
            return
        line = self._line = self._door.accept()[0]
        manager: Any = serial.rfc2217.PortManager(self.device, self)
        while True:
            ready, _, _ = select.select([line, self.device, self._hears], [], [])
            if self._hears in ready:
                break
            if line in ready:
                data = line.recv(4096)
                if not data:
                    break
                self.device.write(b"".join(manager.filter(data)))
            if self.device in ready:
                line.sendall(b"".join(manager.escape(self.device.read(4096))))
        line.close()

    def receive(self) -> bytes:
        return self.pty.receive()

    def send(self, data: bytes) -> None:
        self.pty.send(data)

    def hang_up(self) -> None:
        self._bell.send(b"!")
        self._thread.join(5)

    def close(self) -> None:
        self.hang_up()
        for each in (self._door, self._bell, self._hears, self.device, self.pty):
            each.close()


Far = PtyFar | TcpFar | Rfc2217Far
KINDS: dict[str, tuple[type[Far], Any]] = {
    "pty": (PtyFar, SerialPort),
    "socket": (TcpFar, SerialPort),
    "rfc2217": (Rfc2217Far, Rfc2217Port),
}


def heard(port: Port, count: int) -> bytes:
    """So many bytes, as they come."""
    data = b""
    while len(data) < count:
        assert select.select([port], [], [], 5)[0], f"only {data!r} came"
        data += port.receive() or b""
    return data


@pytest.fixture(params=list(KINDS))
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Port, Far]]:
    make_far, make_port = KINDS[request.param]
    far = make_far()
    near = make_port(far.name)
    yield near, far
    near.close()
    far.close()


def test_all_bytes_go_both_ways(pair: tuple[Port, Far]) -> None:
    near, far = pair
    every = bytes(range(256))
    near.send(every)
    data = b""
    while len(data) < len(every):
        data += far.receive()
    assert data == every

    far.send(every)
    assert heard(near, len(every)) == every


def test_it_never_waits_and_names_its_peer(pair: tuple[Port, Far]) -> None:
    near, far = pair

    assert near.receive() is None
    assert not near.gone
    assert far.name in near.peer


def test_a_line_that_goes_is_told_once_and_never_raised(pair: tuple[Port, Far]) -> None:
    near, far = pair
    near.send(b"x")
    far.receive()
    far.hang_up()

    while not near.gone:
        assert select.select([near], [], [], 5)[0]
        assert near.receive() is None
    assert "the line is gone" in near.trouble
    near.receive()
    assert not select.select([near], [], [], 0.05)[0]  # or who waits would spin
    near.send(b"x")
    assert near.receive() is None


def test_a_device_is_nobody_elses_while_it_is_open() -> None:
    far = PtyFar()
    near = SerialPort(far.name)
    with pytest.raises(NoAnswer, match=r"another program has .* open"):
        SerialPort(far.name)
    near.close()
    SerialPort(far.name).close()
    far.close()


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match=r"there is no device .*no-such-device"):
        SerialPort(str(tmp_path / "no-such-device"))
    (tmp_path / "file").write_text("no line")
    with pytest.raises(NoAnswer, match="no serial line"):
        SerialPort(str(tmp_path / "file"))
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    for make, scheme in ((SerialPort, "socket"), (Rfc2217Port, "rfc2217")):
        with pytest.raises(NoAnswer, match="nobody listens at"):
            make(f"{scheme}://127.0.0.1:{port}")


def test_permission_and_speed_are_told_by_the_words_of_the_system() -> None:
    assert "dialout" in str(_explained("/dev/ttyS1", 9600, OSError(13, "Permission denied")))
    assert "9601 baud" in str(_explained("/dev/ttyS1", 9601, OSError(22, "Invalid argument")))
    assert isinstance(_explained("x://y", 9600, ValueError("invalid URL")), LocalError)
