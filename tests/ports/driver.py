"""A stand-in for Linux's IPMI driver: a descriptor that ``poll`` can wait for, and an ``ioctl`` that reads and writes
the caller's memory as ``linux/ipmi.h`` says. It takes the structures apart by ``struct``, not by our own classes."""

import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from ctypes import memmove, string_at
from typing import Any, NamedTuple

from ipmi_lab.packets import ipmb
from ipmi_lab.ports.openipmi import OpenIpmiPort
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.controller import Asking
from ipmi_lab.virtual.profile import load

SEND, RECEIVE = 0x8028690D, 0xC030690B  # of a machine with pointers of 64 bits
REQUEST, RECEIVED = struct.Struct("@PIlBBHP"), struct.Struct("@iPIlBBHP")
SYSTEM_INTERFACE, IPMB, LAN = 0x0C, 0x01, 0x04
RESPONSE, EVENT, COMMAND = 1, 2, 3
KEPT = {(0x06, 0x33), (0x06, 0x34), (0x06, 0x35)}


class Sent(NamedTuple):
    """A request as the driver saw it."""

    address: bytes
    number: int
    netfn: int
    command: int
    data: bytes


class Queued(NamedTuple):
    """A message that the driver has for the program."""

    kind: int
    address: bytes
    number: int
    netfn: int
    command: int
    data: bytes


class Driver:
    """``answer`` makes completion code and data of a request, or None where nobody answers; ``refusals`` are error
    numbers that the next requests end with."""

    def __init__(self, answer: Callable[[Sent], bytes | None]) -> None:
        self.answer = answer
        self.sent: list[Sent] = []
        self.refusals: deque[int] = deque()
        self.gone = False
        self._queue: deque[Queued] = deque()
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._opened: list[int] = []

    def port(self, path: str = "") -> OpenIpmiPort:
        """The device, opened as a port."""
        self._opened.append(os.dup(self._near.fileno()))
        return OpenIpmiPort(path, device=self._opened[-1], control=self.control)

    def close(self) -> None:
        self._near.close()
        self._far.close()

    def control(self, device: int, number: int, memory: Any, mutate: bool) -> int:
        """What ``fcntl.ioctl`` is to the port."""
        assert device in self._opened
        assert mutate
        if number == SEND:
            self._send(memory)
        elif number == RECEIVE:
            self._receive(memory)
        else:
            raise OSError(errno.ENOTTY, "no such ioctl")
        return 0

    def say(self, kind: int, number: int, netfn: int, command: int, data: bytes, address: bytes = b"") -> None:
        """Put a message into the queue, as if it had come from the BMC."""
        self._queue.append(Queued(kind, address or to_bmc(), number, netfn, command, data))
        self._far.send(b"!")

    def vanish(self) -> None:
        """The interface is taken away, as when its module is unloaded; whoever waits is woken."""
        self.gone = True
        self._far.send(b"!")

    def _send(self, memory: Any) -> None:
        where, size, number, netfn, command, length, data = REQUEST.unpack(bytes(memory))
        sent = Sent(string_at(where, size), number, netfn, command, string_at(data, length))
        if self.gone:
            raise OSError(errno.ENODEV, "gone")
        if self.refusals:
            raise OSError(self.refusals.popleft(), "refused")
        if kind(sent.address) == SYSTEM_INTERFACE and (netfn, command) in KEPT:
            raise OSError(errno.EINVAL, "kept")
        self.sent.append(sent)
        answer = self.answer(sent)
        if answer is not None:
            self.say(RESPONSE, number, netfn | 1, command, answer, sent.address)

    def _receive(self, memory: Any) -> None:
        _, where, room, _, _, _, length, data = RECEIVED.unpack(bytes(memory))
        if self.gone:
            raise OSError(errno.ENODEV, "gone")
        if not self._queue:
            raise OSError(errno.EAGAIN, "nothing")
        assert self._near.recv(1)
        message = self._queue.popleft()
        assert room >= 32, "the driver wants room for every kind of address"
        memmove(where, message.address, len(message.address))
        told = message.data[:length]
        memmove(data, told, len(told))
        RECEIVED.pack_into(
            memory,
            0,
            message.kind,
            where,
            len(message.address),
            message.number,
            message.netfn,
            message.command,
            len(told),
            data,
        )
        if len(told) < len(message.data):
            raise OSError(errno.EMSGSIZE, "cut")


def kind(address: bytes) -> int:
    """The type of an address: the first field of all of them."""
    found: int = struct.unpack_from("@i", address)[0]
    return found


def to_bmc(lun: int = 0) -> bytes:
    """``struct ipmi_system_interface_addr``."""
    return struct.pack("@ihBx", SYSTEM_INTERFACE, 0x0F, lun)


def to_controller(channel: int, address: int, lun: int = 0) -> bytes:
    """``struct ipmi_ipmb_addr``."""
    return struct.pack("@ihBB", IPMB, channel, address, lun)


def virtual(profile: str) -> Callable[[Sent], bytes | None]:
    """A virtual BMC as the machine's own software sees it, and the controllers behind it as the driver reaches them."""
    machine = load(profile)
    bmc = VirtualBmc(machine, {user.user: "nobody logs in" for user in machine.users})

    def answer(sent: Sent) -> bytes | None:
        if kind(sent.address) == IPMB:
            _, channel, address, lun = struct.unpack("@ihBB", sent.address)
            frame = ipmb.Frame(address, sent.netfn, lun, ipmb.BMC, 5, 0, sent.command, sent.data)
            found = bmc.bridging.bus.carry(channel, ipmb.pack_request(frame), 0.0)
            if found is None:
                return None
            return bytes((found,)) if isinstance(found, int) else found[1][6:-1]
        frame = ipmb.Frame(ipmb.BMC, sent.netfn, sent.address[6], ipmb.BMC, 0, 0, sent.command, sent.data)
        bmc.asking = Asking(None, "system interface", 0.0)
        return bmc.data(frame)

    return answer


def install(profile: str = "rack-server") -> None:
    """Put a virtual BMC behind ``open://`` in this process, for tests of whole programs."""
    import ipmi_lab.ports.openipmi

    ipmi_lab.ports.openipmi.OpenIpmiPort = Driver(virtual(profile)).port  # type: ignore[assignment, misc]
