"""RMCP, the first four bytes of every datagram, and the ASF ping that asks who speaks IPMI. IPMI 2.0 §13.1, §13.2."""

from ipmi_lab.errors import RemoteError, TooShort
from ipmi_lab.wire.fields import U8, BigU32
from ipmi_lab.wire.message import Layout

VERSION = 0x06
NO_ACKNOWLEDGE = 0xFF
ASF = 0x06
IPMI = 0x07
IPMI_HEADER = bytes((VERSION, 0, NO_ACKNOWLEDGE, IPMI))
ASF_HEADER = bytes((VERSION, 0, NO_ACKNOWLEDGE, ASF))
ASF_ENTERPRISE = 4542
PING, PONG = 0x80, 0x40
SUPPORTS_IPMI = 0x81


class Ping(Layout):
    """The question ``is there anybody``; the answer carries the same tag. ASF 2.0 §3.2.4."""

    enterprise: BigU32 = ASF_ENTERPRISE
    type: U8 = PING
    tag: U8
    _1: U8 = 0
    length: U8 = 0


class Pong(Layout):
    """The answer to a ping: bit 7 of ``entities`` says that IPMI is spoken. ASF 2.0 §3.2.3."""

    enterprise: BigU32 = ASF_ENTERPRISE
    type: U8 = PONG
    tag: U8
    _1: U8 = 0
    length: U8 = 16
    oem_enterprise: BigU32 = ASF_ENTERPRISE
    oem: BigU32 = 0
    entities: U8 = SUPPORTS_IPMI
    interactions: U8 = 0
    _2: BigU32 = 0
    _3: U8 = 0
    _4: U8 = 0


def message_class(datagram: bytes) -> int:
    """Whether a datagram is ASF or IPMI; RemoteError for what is neither."""
    if len(datagram) < 4:
        raise TooShort(f"a datagram of {len(datagram)} bytes has no RMCP header")
    if datagram[0] != VERSION or datagram[3] not in (ASF, IPMI):
        raise RemoteError(f"not an RMCP message of IPMI or ASF: {datagram[:4].hex(' ')}")
    return datagram[3]


def read_ping(datagram: bytes) -> Ping | None:
    """The ping in an ASF datagram, or None where it is another ASF message."""
    found = Ping.decode(datagram[4:])
    return found if found.enterprise == ASF_ENTERPRISE and found.type == PING else None


def read_pong(datagram: bytes) -> Pong | None:
    """The pong in an ASF datagram, or None where it is another ASF message."""
    if len(datagram) < 12 or datagram[8] != PONG:
        return None
    return Pong.decode(datagram[4:])
