"""The six messages that open an RMCP+ session, and the codes in which a BMC refuses. IPMI 2.0 §13.17 to §13.24."""

from functools import cache
from typing import Annotated

from ipmi_lab.wire.codes import OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, U16, U32, Bits, Bits3, Bits4, Bits5, Bytes16, Fixed, Rest, Unsigned
from ipmi_lab.wire.message import Layout


class Status(OpenEnum):
    """RMCP+ status codes. IPMI 2.0 table 13-15."""

    NO_ERROR = 0x00
    NO_RESOURCES_FOR_SESSION = 0x01
    INVALID_SESSION_ID = 0x02
    INVALID_PAYLOAD_TYPE = 0x03
    INVALID_AUTHENTICATION_ALGORITHM = 0x04
    INVALID_INTEGRITY_ALGORITHM = 0x05
    NO_MATCHING_AUTHENTICATION_PAYLOAD = 0x06
    NO_MATCHING_INTEGRITY_PAYLOAD = 0x07
    INACTIVE_SESSION_ID = 0x08
    INVALID_ROLE = 0x09
    UNAUTHORIZED_ROLE_OR_PRIVILEGE = 0x0A
    NO_RESOURCES_AT_REQUESTED_ROLE = 0x0B
    INVALID_NAME_LENGTH = 0x0C
    UNAUTHORIZED_NAME = 0x0D
    UNAUTHORIZED_GUID = 0x0E
    INVALID_INTEGRITY_CHECK_VALUE = 0x0F
    INVALID_CONFIDENTIALITY_ALGORITHM = 0x10
    NO_CIPHER_SUITE_MATCHES_PROPOSAL = 0x11
    ILLEGAL_OR_UNRECOGNIZED_PARAMETER = 0x12


class Proposal(Layout):
    """One algorithm as Open Session carries it: ``kind`` 0 authentication, 1 integrity, 2 confidentiality."""

    kind: U8
    _1: U16 = 0
    length: U8 = 8
    _2: Bits3 = 0
    algorithm: Bits5
    _3: U8 = 0
    _4: U16 = 0


@cache
def proposal(kind: int, algorithm: int) -> bytes:
    """The bytes of a proposal; there are few."""
    return Proposal(kind=kind, algorithm=algorithm).encode()


class OpenSessionRequest(Layout):
    """The console names its session and proposes one algorithm of each kind. IPMI 2.0 §13.17."""

    tag: U8
    _1: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)]
    _2: U16 = 0
    console_id: U32
    authentication: Annotated[bytes, Fixed(8)]
    integrity: Annotated[bytes, Fixed(8)]
    confidentiality: Annotated[bytes, Fixed(8)]


class OpenSessionResponse(Layout):
    """The BMC names its session and what it takes; cut short where it refuses. IPMI 2.0 §13.18."""

    tag: U8
    status: Annotated[Status, Unsigned(1)]
    _1: Bits4 = 0
    privilege: Annotated[Privilege, Bits(4)]
    _2: U8 = 0
    console_id: U32
    bmc_id: U32
    authentication: Annotated[bytes, Fixed(8)]
    integrity: Annotated[bytes, Fixed(8)]
    confidentiality: Annotated[bytes, Fixed(8)]


class Rakp1(Layout):
    """The console's random number, the role it wants (bit 4: look up by name only) and its user. IPMI 2.0 §13.20."""

    tag: U8
    _1: U8 = 0
    _2: U16 = 0
    bmc_id: U32
    console_random: Bytes16
    role: U8
    _3: U16 = 0
    name_length: U8
    user_name: Rest


class Rakp2(Layout):
    """The BMC's random number, its GUID, and the proof that it knows the password. IPMI 2.0 §13.21."""

    tag: U8
    status: Annotated[Status, Unsigned(1)]
    _1: U16 = 0
    console_id: U32
    bmc_random: Bytes16
    guid: Bytes16
    code: Rest = b""


class Rakp3(Layout):
    """The console's proof that it knows the password. IPMI 2.0 §13.22."""

    tag: U8
    status: Annotated[Status, Unsigned(1)]
    _1: U16 = 0
    bmc_id: U32
    code: Rest = b""


class Rakp4(Layout):
    """The BMC's check value over what was agreed; with it the session is open. IPMI 2.0 §13.23."""

    tag: U8
    status: Annotated[Status, Unsigned(1)]
    _1: U16 = 0
    console_id: U32
    check_value: Rest = b""


class Refusal(Layout):
    """What all answers begin with: enough to read why a BMC refused, however short it cut its answer."""

    tag: U8
    status: Annotated[Status, Unsigned(1)]
