"""What every way in and out of the machine promises."""

import select
from typing import Protocol


class Port(Protocol):
    """Sends and receives datagrams, and never waits: whoever drives it waits on ``fileno()``."""

    peer: str
    """Who is at the other end, for people: ``10.0.0.7 UDP port 623``."""

    trouble: str
    """What the operating system last said against it, such as ``connection refused``; empty while all is well."""

    gone: bool
    """Whether it is of no use any more: it must be closed, and a new one opened."""

    def fileno(self) -> int: ...

    def send(self, datagram: bytes) -> None: ...

    def receive(self) -> bytes | None: ...

    def close(self) -> None: ...


class Patient(Protocol):
    """What waits for a port: the port itself where its operating system waits and receives in one call, else its
    ``Patience``. Either may return sooner than it was told to."""

    def wait(self, seconds: float) -> bytes | None:
        """The next datagram, or None where none came in so many seconds."""
        ...

    def ask(self, datagram: bytes, seconds: float) -> bytes | None:
        """Send, and wait for what comes first."""
        ...


class Patience:
    """Waits on a port's descriptor."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._poll = select.poll()
        self._poll.register(port.fileno(), select.POLLIN)

    def wait(self, seconds: float) -> bytes | None:
        return self._port.receive() if self._poll.poll(int(seconds * 1000) + 1 if seconds > 0 else 0) else None

    def ask(self, datagram: bytes, seconds: float) -> bytes | None:
        self._port.send(datagram)
        return self.wait(seconds)
