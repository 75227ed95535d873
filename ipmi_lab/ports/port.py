"""What every way in and out of the machine promises."""

from typing import Protocol


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
