"""What every way in and out of the machine promises."""

import select
from typing import Protocol, runtime_checkable


class Port(Protocol):
    """Sends and receives datagrams, and never waits: whoever drives it waits on ``fileno()``."""

    peer: str
    """Who is at the other end, for people: ``10.0.0.7 UDP port 623``."""

    trouble: str
    """What the operating system last said against it, such as ``connection refused``; empty while all is well."""

    def fileno(self) -> int: ...

    def send(self, datagram: bytes) -> None: ...

    def receive(self) -> bytes | None: ...

    def close(self) -> None: ...


@runtime_checkable
class PatientPort(Port, Protocol):
    """A port that waits and receives in one call of the operating system; for the others ``Patience`` does it."""

    def wait(self, seconds: float) -> bytes | None:
        """The next datagram, or None where none came in about so many seconds, or sooner for whatever reason."""


class Patience:
    """Waits on any port's descriptor."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._poll = select.poll()
        self._poll.register(port.fileno(), select.POLLIN)

    def wait(self, seconds: float) -> bytes | None:
        """The next datagram, or None where none came in so many seconds."""
        return self._port.receive() if self._poll.poll(int(seconds * 1000) + 1 if seconds > 0 else 0) else None
