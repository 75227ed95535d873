"""The session header of IPMI 1.5 over LAN, which session-less messages of 2.0 use too. IPMI 2.0 §13.6."""

import struct
from typing import NamedTuple

from ipmi_lab.errors import LocalError, RemoteError, TooShort
from ipmi_lab.packets.rmcp import IPMI_HEADER

_PLAIN = struct.Struct("<4sBIIB")
_SIGNED = struct.Struct("<4sBII16sB")
PLAIN_SIZE: int = _PLAIN.size
SIGNED_SIZE: int = _SIGNED.size

LONGEST = 255


Fields = tuple[int, int, int, bytes, bytes]


class Packet(NamedTuple):
    """One datagram: its session numbers, its authentication code (empty where the type is none) and its message."""

    authentication: int
    sequence: int
    session_id: int
    code: bytes
    message: bytes


def pack(authentication: int, sequence: int, session_id: int, code: bytes, message: bytes) -> bytes:
    """A datagram. The code is left out where the authentication type is none. LocalError where the message is longer
    than its length byte can say."""
    size = len(message)
    if size > LONGEST:
        raise LocalError(f"the message has {size} bytes, IPMI 1.5 carries at most {LONGEST}", hint="Use lanplus://.")
    if authentication:  # a short code is filled up with zeros
        return _SIGNED.pack(IPMI_HEADER, authentication, sequence, session_id, code, size) + message
    return _PLAIN.pack(IPMI_HEADER, 0, sequence, session_id, size) + message


def parse(datagram: bytes, lengths: bool = True) -> Packet:
    """A datagram taken apart; bytes behind the announced length (the legacy pad) are tolerated. Without ``lengths``
    the message is all that came, whatever is announced."""
    return Packet(*fields(datagram, lengths))


def fields(datagram: bytes, lengths: bool = True) -> Fields:
    """What ``parse`` puts into a ``Packet``."""
    try:
        _, kind, sequence, session_id, code, size = _SIGNED.unpack_from(datagram)
    except struct.error:
        kind = 0
    if not kind & 0x0F:
        return _unsigned(datagram, lengths)
    message = datagram[SIGNED_SIZE : SIGNED_SIZE + size] if lengths else datagram[SIGNED_SIZE:]
    if kind & 0xF0 or (lengths and len(message) < size):
        raise _fault(kind, size if lengths else 0, len(message))
    return kind, sequence, session_id, code, message


def _unsigned(datagram: bytes, lengths: bool) -> Fields:
    came = len(datagram)
    if came < PLAIN_SIZE:
        raise TooShort(f"an IPMI 1.5 packet of {came} bytes came, its header has {PLAIN_SIZE}")
    _, kind, sequence, session_id, size = _PLAIN.unpack_from(datagram)
    if kind & 0x0F:
        raise TooShort(f"an authenticated packet of {came} bytes came, its header has {SIGNED_SIZE}")
    message = datagram[PLAIN_SIZE : PLAIN_SIZE + size] if lengths else datagram[PLAIN_SIZE:]
    if kind & 0xF0 or (lengths and len(message) < size):
        raise _fault(kind, size if lengths else 0, len(message))
    return kind, sequence, session_id, b"", message


def _fault(kind: int, size: int, came: int) -> RemoteError:
    if came < size:
        return TooShort(f"the packet announces {size} bytes, {came} came")
    return RemoteError(f"the authentication type 0x{kind:02X} has reserved bits set")
