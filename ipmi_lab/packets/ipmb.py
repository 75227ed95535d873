"""The message inside every session packet, laid out as on the IPMB. IPMI 2.0 §13.8, IPMB 1.0 §2.11."""

import struct
from functools import lru_cache
from typing import NamedTuple

from ipmi_lab.errors import BadChecksum, TooShort

BMC = 0x20
CONSOLE = 0x81
SHORTEST = 7

_TO_BMC = [bytes((BMC, number, -(BMC + number) & 0xFF, CONSOLE)) for number in range(256)]
_TO_CONSOLE = [bytes((CONSOLE, number, -(CONSOLE + number) & 0xFF, BMC)) for number in range(256)]
"""How the messages between console and BMC begin, by network function and LUN."""
_BYTES = [bytes((number,)) for number in range(256)]
_two = struct.Struct("2B").pack


class Frame(NamedTuple):
    """One message between two controllers. ``netfn`` is odd in an answer; its data begins with the completion code."""

    responder: int
    netfn: int
    responder_lun: int
    requester: int
    sequence: int
    requester_lun: int
    command: int
    data: bytes


def pack(to: int, netfn_lun: int, sender: int, sequence_lun: int, command: int, data: bytes) -> bytes:
    """A message from ``sender`` to ``to``; the joined bytes are ``netfn << 2 | lun`` and ``sequence << 2 | lun``."""
    return b"%c%c%c%c%c%c%b%c" % (
        to,
        netfn_lun,
        -(to + netfn_lun) & 0xFF,
        sender,
        sequence_lun,
        command,
        data,
        -(sender + sequence_lun + command + sum(data)) & 0xFF,
    )


def ask(netfn: int, lun: int, sequence: int, command: int, data: bytes) -> tuple[bytes, bytes]:
    """What ``pack`` makes of a question that the console asks the BMC, as nearly every message is one; and how the
    answer to it begins, with a right checksum."""
    second = sequence << 2
    end = CONSOLE + second + command
    if data:
        end += sum(data)
    question = _TO_BMC[netfn << 2 | lun] + _two(second, command) + data + _BYTES[-end & 0xFF]
    return question, _TO_CONSOLE[netfn + 1 << 2] + _two(second | lun, command)


ask_plain = lru_cache(1024)(ask)
"""``ask`` for what is asked again and again and holds no secrets: what it made is kept."""


def pack_request(frame: Frame) -> bytes:
    """A request as bytes: from the requester to the responder."""
    f = frame
    return pack(
        f.responder, f.netfn << 2 | f.responder_lun, f.requester, f.sequence << 2 | f.requester_lun, f.command, f.data
    )


def pack_answer(request: Frame, data: bytes) -> bytes:
    """The answer to a request; ``data`` begins with the completion code."""
    r = request
    return pack(
        r.requester, r.netfn + 1 << 2 | r.requester_lun, r.responder, r.sequence << 2 | r.responder_lun, r.command, data
    )


def check(message: bytes, checksums: bool = True) -> None:
    """TooShort or BadChecksum where ``message`` is none."""
    if len(message) < SHORTEST:
        raise TooShort(f"an IPMI message of {len(message)} bytes came, the shortest has {SHORTEST}")
    if checksums and ((message[0] + message[1] + message[2]) & 0xFF or sum(message) & 0xFF):
        raise BadChecksum(f"the checksums of the message do not fit: {message.hex(' ')}")


def parse(message: bytes, *, checksums: bool = True) -> Frame:
    """A message taken apart, request or answer; the first address is always the receiver's.

    In the returned frame of an answer ``requester`` is who asked (the receiver) and ``responder`` who answered.
    """
    check(message, checksums=checksums)
    to, netfn_lun, _, sender, sequence_lun, command = message[:6]
    netfn, first_lun = netfn_lun >> 2, netfn_lun & 3
    sequence, second_lun = sequence_lun >> 2, sequence_lun & 3
    data = message[6:-1]
    if netfn & 1:
        return Frame(sender, netfn, second_lun, to, sequence, first_lun, command, data)
    return Frame(to, netfn, first_lun, sender, sequence, second_lun, command, data)
