"""The BMC of this machine, through Linux's IPMI driver: ``/dev/ipmi0``."""

import errno
import os
import select
from collections import deque
from collections.abc import Callable
from ctypes import POINTER, Structure, c_ubyte, cast, memmove, pointer, sizeof
from fcntl import ioctl
from pathlib import Path
from typing import Any

from ipmi_lab.errors import LocalError, NoAnswer, SessionError
from ipmi_lab.ports.driver import (
    BMC_ADDRESS,
    BMC_CHANNEL,
    EVERY,
    IPMB_TYPE,
    LARGEST,
    RECEIVE_MESSAGE,
    SEND_COMMAND,
    SYSTEM_INTERFACE_TYPE,
    AnyAddress,
    DriverMessage,
    IpmbAddress,
    Kind,
    Message,
    Received,
    Request,
    SystemInterfaceAddress,
)

DEVICES = ("/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0", "/dev/ipmidev0")
TRUNCATED = b"\xc6"  # the completion code by which the driver tells of answers that were too long for itself
ROOM = 1024  # for the data of one message, more than the driver ever has
NOTHING = (errno.EAGAIN, errno.EINTR)
BYTES = POINTER(c_ubyte)
Control = Callable[[int, int, Any, bool], Any]
REASONS = {
    errno.EINVAL: "it keeps this command for itself, or the channel is no IPMB of this BMC",
    errno.EMSGSIZE: f"the message is longer than the {LARGEST} bytes that it takes",
    errno.EBUSY: "too many messages are under way, or the BMC is being reset",
    errno.ENODEV: "the BMC's interface has gone, or its module was unloaded",
    errno.ESHUTDOWN: "the BMC's interface has gone, or its module was unloaded",
}


def find(wanted: str = "") -> str:
    """The path of the device, the wanted one or the first of the usual ones; NoAnswer where there is none."""
    usual = DEVICES if not wanted else (wanted,)
    for path in usual:
        if Path(path).exists():
            return path
    raise NoAnswer(
        f"there is no {wanted or DEVICES[0]} on this machine",
        hint="Load Linux's driver (modprobe ipmi_si ipmi_devintf); a machine without a BMC has none.",
    )


class OpenIpmiPort:
    """Hands messages to the driver and takes its answers. A datagram is a packed ``DriverMessage``.

    What the driver does not take comes back as a message of kind ``REFUSED``, so that whoever waits for an answer
    hears of it at once. ``device`` and ``control`` stand in for the descriptor and for ``ioctl`` in tests.
    """

    def __init__(self, path: str = "", *, device: int | None = None, control: Control = ioctl) -> None:
        self.peer = find(path) if device is None else path or DEVICES[0]
        self.trouble = ""
        self._control = control
        self._refusals: deque[bytes] = deque()
        self.gone = False
        self._make_room()
        self._device = _opened(self.peer) if device is None else device
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC | os.EFD_SEMAPHORE)
        self._ready = select.epoll()
        try:
            self._check()
            self._ready.register(self._bell, select.EPOLLIN)
            self._ready.register(self._device, select.EPOLLIN)
        except BaseException:  # whatever it was, nobody else could close what is open by now
            self.close()
            raise

    def _make_room(self) -> None:
        """The memory that the driver reads from and writes to, made once."""
        self._data, self._from = (c_ubyte * ROOM)(), AnyAddress()
        self._received = Received(addr=_bytes(self._from), msg=Message(data=_bytes(self._data)))
        self._out, self._to_bmc, self._to_ipmb = (c_ubyte * ROOM)(), SystemInterfaceAddress(), IpmbAddress()
        self._request = Request(msg=Message(data=_bytes(self._out)))

    def _check(self) -> None:
        """A fresh IPMI device says that it has no message yet; whatever else is opened by mistake says otherwise."""
        error = self._take()
        if isinstance(error, int) and error not in NOTHING:
            raise LocalError(f"{self.peer} is no IPMI device ({os.strerror(error).lower()})", hint="Try /dev/ipmi0.")

    def fileno(self) -> int:
        """Readable when the driver has a message, or has refused one."""
        return self._ready.fileno()

    def send(self, datagram: bytes) -> None:
        message = DriverMessage.parse(datagram)
        if len(message.data) > LARGEST:
            self._refuse(message.number, errno.EMSGSIZE)
            return
        request, data = self._request, message.data
        to: Structure
        if (message.channel, message.address) == (BMC_CHANNEL, BMC_ADDRESS):
            to = self._to_bmc
            to.addr_type, to.channel, to.lun = SYSTEM_INTERFACE_TYPE, message.channel, message.lun
        else:
            to = self._to_ipmb
            to.addr_type, to.channel, to.lun = IPMB_TYPE, message.channel, message.lun
            to.slave_addr = message.address
        request.addr, request.addr_len, request.msgid = _bytes(to), sizeof(to), message.number
        request.msg.netfn, request.msg.cmd, request.msg.data_len = message.netfn, message.command, len(data)
        memmove(self._out, data, len(data))
        try:
            self._control(self._device, SEND_COMMAND, request, True)
        except OSError as error:
            self._refuse(message.number, error.errno or errno.EIO)

    def receive(self) -> bytes | None:
        if self._refusals:
            os.eventfd_read(self._bell)
            return self._refusals.popleft()
        taken = self._take()
        if isinstance(taken, bytes):
            self.trouble = ""
            return taken
        if taken not in NOTHING and not self.gone:
            self.gone = True
            self._ready.unregister(self._device)  # it might be readable for ever
            self._refuse(EVERY, taken)
        return None

    def _take(self) -> bytes | int:
        """The driver's next message, or the number of the error that keeps it back."""
        received, cut = self._received, False
        received.addr_len, received.msg.data_len = sizeof(self._from), ROOM
        try:
            self._control(self._device, RECEIVE_MESSAGE, received, True)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                return error.errno or errno.EIO
            cut = True  # the message is taken all the same, without its end
        data = bytes(memoryview(self._data)[: received.msg.data_len])
        if cut and received.recv_type == Kind.RESPONSE:
            data = TRUNCATED + data[1:]
        where: dict[str, int] = {}
        if self._from.addr_type == SYSTEM_INTERFACE_TYPE:
            where = {"lun": self._from.data[0]}
        elif self._from.addr_type == IPMB_TYPE:
            where = {"address": self._from.data[0], "lun": self._from.data[1]}
        else:
            where = {"address": 0}
        return DriverMessage(
            received.recv_type,
            received.msgid,
            received.msg.netfn,
            received.msg.cmd,
            data,
            channel=self._from.channel & 0xFF,
            **where,
        ).pack()

    def _refuse(self, number: int, error: int) -> None:
        self.trouble = REASONS.get(error, os.strerror(error).lower())
        self._refusals.append(DriverMessage(Kind.REFUSED, number, 0, 0, self.trouble.encode()).pack())
        os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        self._ready.close()
        for descriptor in (self._device, self._bell):
            os.close(descriptor)


def _bytes(memory: Any) -> Any:
    """A pointer to the bytes of a ctypes value, which it keeps alive."""
    return cast(pointer(memory), BYTES)


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError:
        raise SessionError(
            f"{path} may not be opened by this user", hint="Run as root, or let your group read and write the device."
        ) from None
    except OSError as error:
        words = os.strerror(error.errno).lower() if error.errno else str(error)
        raise NoAnswer(
            f"{path} cannot be opened ({words})", hint="The driver may have found no BMC: see dmesg, modprobe ipmi_si."
        ) from None
