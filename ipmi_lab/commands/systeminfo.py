"""System info: names and versions that software leaves with the BMC."""

from typing import Annotated

from ipmi_lab.commands.command import CommandCode, Done, Request, Response
from ipmi_lab.errors import LocalError, RemoteError
from ipmi_lab.wire.codes import NetFn, OpenEnum, Privilege
from ipmi_lab.wire.fields import U8, Bit, Bits7, Rest, Unsigned

BLOCK = 16
HEAD = 2
LONGEST = 255


class SystemInfoParameter(OpenEnum):
    """What can be kept; from 0xC0 on a maker's own. IPMI 2.0 table 22-16."""

    SET_IN_PROGRESS = 0
    FIRMWARE_VERSION = 1
    SYSTEM_NAME = 2
    PRIMARY_OS_NAME = 3
    OS_NAME = 4
    OS_VERSION = 5
    BMC_URL = 6
    MANAGEMENT_URL = 7


class SystemInfoCode(CommandCode):
    """What only the system info commands answer."""

    PARAMETER_NOT_SUPPORTED = 0x80
    SET_ALREADY_IN_PROGRESS = 0x81
    READ_ONLY = 0x82
    WRITE_ONLY = 0x83


class SystemInfo(Response):
    """The revision of the parameter and its data; texts come in blocks, see ``joined``."""

    revision: U8
    data: Rest = b""


class GetSystemInfo(
    Request[SystemInfo], netfn=NetFn.APP, command=0x59, codes=SystemInfoCode, alias="GetSystemInfoParameters"
):
    """Read a system info parameter; ``set_selector`` chooses the block of a text. IPMI 2.0 §22.14b."""

    revision_only: Bit = False
    _1: Bits7 = 0
    parameter: Annotated[SystemInfoParameter, Unsigned(1)]
    set_selector: U8 = 0
    block_selector: U8 = 0


class SetSystemInfo(
    Request[Done],
    netfn=NetFn.APP,
    command=0x58,
    needs="write",
    repeat=True,
    privilege=Privilege.ADMINISTRATOR,
    codes=SystemInfoCode,
    alias="SetSystemInfoParameters",
):
    """Write a system info parameter; a text goes block by block, each behind its number. IPMI 2.0 §22.14a."""

    parameter: Annotated[SystemInfoParameter, Unsigned(1)]
    data: Rest


ENCODINGS = {0: "latin-1", 1: "utf-8", 2: "utf-16-le"}


def split(text: str) -> list[bytes]:
    """A text as the data of its blocks: number, then 16 bytes; the first holds encoding and length too."""
    try:
        encoding, raw = 0, text.encode("latin-1")
    except UnicodeEncodeError:
        encoding, raw = 1, text.encode("utf-8")
    if len(raw) > LONGEST:
        raise LocalError(f"a text of {len(raw)} bytes is given, at most {LONGEST} fit")
    whole = bytes((encoding, len(raw))) + raw
    count = max(1, -(-len(whole) // BLOCK))
    padded = whole.ljust(count * BLOCK, b"\0")
    return [bytes((number,)) + padded[number * BLOCK : (number + 1) * BLOCK] for number in range(count)]


def blocks_of(first: bytes) -> int:
    """How many blocks a text has, by its first one (behind the block's number)."""
    if len(first) < HEAD:
        raise RemoteError(f"the first block of a text has only {len(first)} bytes")
    return max(1, -(-(HEAD + first[1]) // BLOCK))


def joined(blocks: list[bytes]) -> str:
    """The text in its blocks (each behind its number)."""
    whole = b"".join(blocks)
    if len(whole) < HEAD or len(whole) < HEAD + whole[1]:
        raise RemoteError(f"a text of {whole[1] if len(whole) > 1 else 0} bytes is announced, fewer came")
    encoding = ENCODINGS.get(whole[0] & 0x0F, "latin-1")
    return whole[HEAD : HEAD + whole[1]].decode(encoding, "replace")
