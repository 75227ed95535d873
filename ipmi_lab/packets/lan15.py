"""The session header of IPMI 1.5 over LAN, which session-less messages of 2.0 use too. IPMI 2.0 §13.6."""

import struct
from typing import NamedTuple

from ipmi_lab.errors import LocalError, RemoteError, TooShort
from ipmi_lab.packets.rmcp import IPMI_HEADER

_PLAIN = struct.Struct("<4sBIIB")
_SIGNED = struct.Struct("<4sBII16sB")
_BEGIN = struct.Struct("<4sBII")
PLAIN_SIZE: int = _PLAIN.size
SIGNED_SIZE: int = _SIGNED.size
CODE_AT: int = _BEGIN.size

LONGEST = 255


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


def begin(authentication: int, sequence: int, session_id: int) -> bytes:
    """How a packet begins: all in front of the authentication code."""
    return _BEGIN.pack(IPMI_HEADER, authentication, sequence, session_id)


def parse(datagram: bytes, lengths: bool = True) -> Packet:
    """A datagram taken apart; bytes behind the announced length (the legacy pad) are tolerated. Without ``lengths``
    the message is all that came, whatever is announced."""
    came = len(datagram)
    if came < PLAIN_SIZE:
        raise TooShort(f"an IPMI 1.5 packet of {came} bytes came, its header has {PLAIN_SIZE}")
    _, kind, sequence, session_id, size = _PLAIN.unpack_from(datagram)
    header, code = PLAIN_SIZE, b""
    if kind & 0x0F:
        if came < SIGNED_SIZE:
            raise TooShort(f"an authenticated packet of {came} bytes came, its header has {SIGNED_SIZE}")
        _, kind, sequence, session_id, code, size = _SIGNED.unpack_from(datagram)
        header = SIGNED_SIZE
    message = datagram[header : header + size] if lengths else datagram[header:]
    if lengths and len(message) < size:
        raise TooShort(f"the packet announces {size} bytes, {len(message)} came")
    if kind & 0xF0:
        raise RemoteError(f"the authentication type 0x{kind:02X} has reserved bits set")
    return Packet(kind, sequence, session_id, code, message)
