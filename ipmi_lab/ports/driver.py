"""The messages of Linux's IPMI driver: ``linux/ipmi.h`` as far as a client needs it, and one message as bytes.

The ioctl numbers are those of every machine whose kernel uses the generic ones: x86, ARM, RISC-V, s390.
"""

import struct
from ctypes import POINTER, Structure, c_int, c_long, c_short, c_ubyte, c_uint, c_ushort, sizeof
from enum import IntEnum
from typing import ClassVar, NamedTuple

BMC_ADDRESS, BMC_CHANNEL = 0x20, 0x0F
LARGEST = 272  # of a message's data, to the driver and from it
EVERY = -1  # the number of a refusal that concerns every request under way


class Kind(IntEnum):
    """What a message is. The first two are ours; the driver's own begin at 1."""

    REFUSED = -1  # the driver did not take a request; the data says why
    REQUEST = 0
    RESPONSE = 1
    EVENT = 2
    COMMAND = 3
    RESPONSE_SENT = 4
    OEM = 5


class DriverMessage(NamedTuple):
    """One message to the driver or from it. ``number`` is the driver's ``msgid``, which comes back with the answer;
    the data of an answer begins with the completion code.

    ``channel`` 0x0F with the address 0x20 is the BMC itself, anything else a controller on that IPMB, to which the
    driver passes the message on.
    """

    kind: int
    number: int
    netfn: int
    command: int
    data: bytes = b""
    channel: int = BMC_CHANNEL
    address: int = BMC_ADDRESS
    lun: int = 0

    def pack(self) -> bytes:
        """The message as one datagram between session and port."""
        head = HEAD.pack(
            self.kind, self.number, self.channel, self.address, self.lun, self.netfn & 0xFF, self.command & 0xFF
        )
        return head + self.data

    @classmethod
    def parse(cls, datagram: bytes) -> "DriverMessage":
        """The message in a datagram that ``pack`` made."""
        kind, number, channel, address, lun, netfn, command = HEAD.unpack_from(datagram)
        return cls(kind, number, netfn, command, datagram[HEAD.size :], channel, address, lun)


HEAD = struct.Struct("<iqBBBBB")

# ---------------------------------------------------------------------- linux/ipmi.h

SYSTEM_INTERFACE_TYPE, IPMB_TYPE = 0x0C, 0x01


class AnyAddress(Structure):
    """``struct ipmi_addr``: room for every kind of address."""

    _fields_: ClassVar = [("addr_type", c_int), ("channel", c_short), ("data", c_ubyte * 32)]


class SystemInterfaceAddress(Structure):
    """``struct ipmi_system_interface_addr``: the BMC."""

    _fields_: ClassVar = [("addr_type", c_int), ("channel", c_short), ("lun", c_ubyte)]


class IpmbAddress(Structure):
    """``struct ipmi_ipmb_addr``: a controller on an IPMB of the BMC."""

    _fields_: ClassVar = [("addr_type", c_int), ("channel", c_short), ("slave_addr", c_ubyte), ("lun", c_ubyte)]


class Message(Structure):
    """``struct ipmi_msg``."""

    _fields_: ClassVar = [
        ("netfn", c_ubyte),
        ("cmd", c_ubyte),
        ("data_len", c_ushort),
        ("data", POINTER(c_ubyte)),
    ]


class Request(Structure):
    """``struct ipmi_req``."""

    _fields_: ClassVar = [
        ("addr", POINTER(c_ubyte)),
        ("addr_len", c_uint),
        ("msgid", c_long),
        ("msg", Message),
    ]


class Received(Structure):
    """``struct ipmi_recv``."""

    _fields_: ClassVar = [
        ("recv_type", c_int),
        ("addr", POINTER(c_ubyte)),
        ("addr_len", c_uint),
        ("msgid", c_long),
        ("msg", Message),
    ]


READ, WRITE = 2, 1


def _number(direction: int, number: int, layout: type[Structure]) -> int:
    """``_IOR('i', number, layout)`` and its like."""
    return direction << 30 | sizeof(layout) << 16 | ord("i") << 8 | number


SEND_COMMAND = _number(READ, 13, Request)
RECEIVE_MESSAGE = _number(READ | WRITE, 11, Received)
