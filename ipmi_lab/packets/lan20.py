"""The packet of RMCP+, IPMI 2.0's session format. IPMI 2.0 §13.6, table 13-8."""

import struct
from typing import NamedTuple

from ipmi_lab.errors import LocalError, RemoteError, TooShort
from ipmi_lab.packets.rmcp import IPMI_HEADER

FORMAT = 0x06
ENCRYPTED, AUTHENTICATED = 0x80, 0x40
PAYLOAD_IPMI, PAYLOAD_SOL, PAYLOAD_OEM = 0x00, 0x01, 0x02
OPEN_REQUEST, OPEN_RESPONSE, RAKP1, RAKP2, RAKP3, RAKP4 = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15
NEXT_HEADER = 0x07
LONGEST = 0xFFFF

_HEADER = struct.Struct("<4sBBIIH")
NUMBERS = struct.Struct("<IH")  # sequence number and size of the payload, behind what is the same all session long
NUMBERS_AT = 10
HEADER_SIZE: int = _HEADER.size


class Packet(NamedTuple):
    """One datagram. ``payload`` is still encrypted where ``kind`` has that bit set."""

    kind: int
    session_id: int
    sequence: int
    payload: bytes

    @property
    def payload_type(self) -> int:
        return self.kind & 0x3F


def pack(kind: int, session_id: int, sequence: int, payload: bytes) -> bytes:
    """A datagram without an integrity trailer; ``kind`` is the payload type and the two flags."""
    size = len(payload)
    if size > LONGEST:
        raise too_long(size)
    return _HEADER.pack(IPMI_HEADER, FORMAT, kind, session_id, sequence, size) + payload


def begin(kind: int, session_id: int) -> bytes:
    """How all packets of a session begin: the first ``NUMBERS_AT`` bytes."""
    return pack(kind, session_id, 0, b"")[:NUMBERS_AT]


def too_long(size: int) -> LocalError:
    """Why a payload of that size cannot be sent."""
    return LocalError(f"the message takes {size} bytes, a packet carries at most {LONGEST}")


TRAILERS = (b"\xff\xff\x02\x07", b"\xff\x01\x07", b"\x00\x07", b"\xff\xff\xff\x03\x07")
"""What stands between payload and integrity code, by the last two bits of the payload's size: the pad that makes what
is signed a multiple of four long, and the next header. The code covers all from behind the RMCP header to here."""


def parse(datagram: bytes) -> Packet:
    """A datagram taken apart as far as its payload; the trailer is ``check_trailer``'s."""
    came = len(datagram)
    if came < HEADER_SIZE:
        raise TooShort(f"an RMCP+ packet of {came} bytes came, its header has {HEADER_SIZE}")
    _, form, kind, session_id, sequence, size = _HEADER.unpack_from(datagram)
    if came < HEADER_SIZE + size:
        raise TooShort(f"the packet announces a payload of {size} bytes, {came - HEADER_SIZE} came")
    if form != FORMAT or kind & 0x3F == PAYLOAD_OEM:
        raise RemoteError(f"not an RMCP+ packet that we know: format 0x{form:02X}, payload 0x{kind & 0x3F:02X}")
    return Packet(kind, session_id, sequence, datagram[HEADER_SIZE : HEADER_SIZE + size])


def check_trailer(datagram: bytes, payload_size: int, code_size: int) -> None:
    """RemoteError unless pad, pad length and next header stand where the authentication code leaves them."""
    end = len(datagram) - code_size
    if HEADER_SIZE + payload_size + datagram[end - 2] + 2 != end or datagram[end - 1] != NEXT_HEADER:
        raise RemoteError("the integrity trailer of the packet does not fit its length")
