"""The port to Linux's IPMI driver, against a stand-in, and its structures against the kernel's own header."""

import ctypes
import errno
import json
import os
import select
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipmi_lab.errors import LocalError, NoAnswer, SessionError
from ipmi_lab.ports import driver as ours
from ipmi_lab.ports import openipmi
from ipmi_lab.ports.driver import DriverMessage, Kind
from ipmi_lab.ports.openipmi import OpenIpmiPort
from tests.interop.conftest import present
from tests.interop.peers import PeerMissing
from tests.ports.driver import COMMAND, EVENT, LAN, RESPONSE, Driver, Sent, to_bmc, to_controller
from tests.ports.test_udp import PortContract

ASK = DriverMessage(Kind.REQUEST, 7, 0x06, 0x01)
HEADER = Path("/usr/include/linux/ipmi.h")
LAYOUTS = {
    "ipmi_addr": (40, {"addr_type": 0, "channel": 4, "data": 6}),
    "ipmi_system_interface_addr": (8, {"addr_type": 0, "channel": 4, "lun": 6}),
    "ipmi_ipmb_addr": (8, {"addr_type": 0, "channel": 4, "slave_addr": 6, "lun": 7}),
    "ipmi_msg": (16, {"netfn": 0, "cmd": 1, "data_len": 2, "data": 8}),
    "ipmi_req": (40, {"addr": 0, "addr_len": 8, "msgid": 16, "msg": 24}),
    "ipmi_recv": (48, {"recv_type": 0, "addr": 8, "addr_len": 16, "msgid": 24, "msg": 32}),
}
NUMBERS = {
    "IPMICTL_SEND_COMMAND": 0x8028690D,
    "IPMICTL_RECEIVE_MSG_TRUNC": 0xC030690B,
    "IPMI_SYSTEM_INTERFACE_ADDR_TYPE": 0x0C,
    "IPMI_IPMB_ADDR_TYPE": 0x01,
    "IPMI_BMC_CHANNEL": 0x0F,
    "IPMI_BMC_SLAVE_ADDR": 0x20,
    "IPMI_MAX_MSG_LENGTH": 272,
    "IPMI_RESPONSE_RECV_TYPE": 1,
    "IPMI_ASYNC_EVENT_RECV_TYPE": 2,
    "IPMI_CMD_RECV_TYPE": 3,
    "IPMI_RESPONSE_RESPONSE_TYPE": 4,
    "IPMI_OEM_RECV_TYPE": 5,
    "IPMI_ERR_MSG_TRUNCATED": 0xC6,
}
OURS: dict[str, type[ctypes.Structure]] = {
    "ipmi_addr": ours.AnyAddress,
    "ipmi_system_interface_addr": ours.SystemInterfaceAddress,
    "ipmi_ipmb_addr": ours.IpmbAddress,
    "ipmi_msg": ours.Message,
    "ipmi_req": ours.Request,
    "ipmi_recv": ours.Received,
}

# ---------------------------------------------------------------------- the structures


@pytest.mark.skipif(struct.calcsize("P") != 8, reason="the numbers are those of pointers of 64 bits")
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_structure_lies_in_memory_as_the_kernel_lays_it(name: str) -> None:
    layout = OURS[name]
    found = {field: getattr(layout, field).offset for field, *_ in layout._fields_}

    assert (ctypes.sizeof(layout), found) == LAYOUTS[name]


def test_the_numbers_are_the_kernels() -> None:
    assert {
        "IPMICTL_SEND_COMMAND": ours.SEND_COMMAND,
        "IPMICTL_RECEIVE_MSG_TRUNC": ours.RECEIVE_MESSAGE,
        "IPMI_SYSTEM_INTERFACE_ADDR_TYPE": ours.SYSTEM_INTERFACE_TYPE,
        "IPMI_IPMB_ADDR_TYPE": ours.IPMB_TYPE,
        "IPMI_BMC_CHANNEL": ours.BMC_CHANNEL,
        "IPMI_BMC_SLAVE_ADDR": ours.BMC_ADDRESS,
        "IPMI_MAX_MSG_LENGTH": ours.LARGEST,
        "IPMI_RESPONSE_RECV_TYPE": Kind.RESPONSE,
        "IPMI_ASYNC_EVENT_RECV_TYPE": Kind.EVENT,
        "IPMI_CMD_RECV_TYPE": Kind.COMMAND,
        "IPMI_RESPONSE_RESPONSE_TYPE": Kind.RESPONSE_SENT,
        "IPMI_OEM_RECV_TYPE": Kind.OEM,
        "IPMI_ERR_MSG_TRUNCATED": openipmi.TRUNCATED[0],
    } == NUMBERS


def compiler() -> str:
    """A C compiler that has the kernel's header beside it."""
    found = next(filter(None, map(shutil.which, ("cc", "gcc", "tcc"))), None)
    if found is None or not HEADER.exists():
        raise PeerMissing("a C compiler or linux/ipmi.h is missing (Debian's packages tcc and libc6-dev)")
    return found


def test_the_figures_above_are_those_of_the_kernels_header(tmp_path: Path) -> None:
    compile_ = present(compiler)
    lines = [f'printf("\\"{name}\\": %u,", (unsigned){name});' for name in NUMBERS]
    for name, (_, fields) in LAYOUTS.items():
        offsets = ", ".join(f'\\"{field}\\": %zu' for field in fields)
        values = ", ".join(f"offsetof(struct {name}, {field})" for field in fields)
        lines.append(f'printf("\\"{name}\\": [%zu, {{{offsets}}}],", sizeof(struct {name}), {values});')
    source = tmp_path / "layout.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/ipmi.h>\n"
        'int main(void) {\nprintf("{");\n' + "\n".join(lines) + '\nprintf("\\"end\\": 0}");\nreturn 0;\n}\n'
    )
    subprocess.run([compile_, "-o", str(tmp_path / "layout"), str(source)], check=True, timeout=60)
    told = json.loads(subprocess.run([str(tmp_path / "layout")], check=True, capture_output=True, timeout=10).stdout)

    assert {name: told[name] for name in NUMBERS} == NUMBERS
    assert {name: (told[name][0], told[name][1]) for name in LAYOUTS} == LAYOUTS


# ---------------------------------------------------------------------- the promise of every port


class Far:
    """The driver as the contract sees the other end."""

    def __init__(self) -> None:
        self.driver = Driver(lambda sent: None)
        self.name = "/dev/ipmi0"

    def receive(self) -> bytes:
        sent = self.driver.sent[-1]
        assert sent.address == to_bmc()
        return DriverMessage(Kind.REQUEST, sent.number, sent.netfn, sent.command, sent.data).pack()

    def send(self, data: bytes) -> None:
        said = DriverMessage.parse(data)
        self.driver.say(said.kind, said.number, said.netfn, said.command, said.data)


class TestOpenIpmi(PortContract):
    ask = DriverMessage(Kind.REQUEST, 0x12345678, 0x06, 0x01, b"\x01\x02").pack()
    answer = DriverMessage(Kind.RESPONSE, 0x12345678, 0x07, 0x01, b"\x00\xff").pack()

    @pytest.fixture
    def pair(self) -> Iterator[tuple[OpenIpmiPort, Far]]:
        far = Far()
        near = far.driver.port()
        yield near, far
        near.close()
        far.driver.close()


# ---------------------------------------------------------------------- what only this one does


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver(lambda sent: b"\x00" + sent.data)
    yield driver
    driver.close()


@pytest.fixture
def port(driver: Driver) -> Iterator[OpenIpmiPort]:
    port = driver.port()
    yield port
    port.close()


def received(port: OpenIpmiPort) -> DriverMessage:
    assert select.select([port], [], [], 5)[0]
    datagram = port.receive()
    assert datagram is not None
    return DriverMessage.parse(datagram)


def test_a_request_to_a_controller_bears_its_address(driver: Driver, port: OpenIpmiPort) -> None:
    port.send(DriverMessage(Kind.REQUEST, 9, 0x2C, 0x00, b"\0", channel=7, address=0x72, lun=1).pack())

    assert driver.sent == [Sent(to_controller(7, 0x72, 1), 9, 0x2C, 0x00, b"\0")]
    assert received(port) == DriverMessage(Kind.RESPONSE, 9, 0x2D, 0x00, b"\0\0", channel=7, address=0x72, lun=1)


@pytest.mark.parametrize("size", [0, 1, 271, 272])
def test_data_of_every_length_arrives(driver: Driver, port: OpenIpmiPort, size: int) -> None:
    data = bytes(index & 0xFF for index in range(size))
    port.send(ASK._replace(data=data).pack())

    assert driver.sent[0].data == data
    assert received(port).data == b"\0" + data


def test_data_longer_than_the_driver_takes_never_gets_there(driver: Driver, port: OpenIpmiPort) -> None:
    port.send(ASK._replace(data=bytes(70_000)).pack())

    assert driver.sent == []
    assert received(port) == DriverMessage(
        Kind.REFUSED, 7, 0, 0, b"the message is longer than the 272 bytes that it takes"
    )


def test_an_answer_too_long_for_us_is_cut_and_says_so_as_the_driver_would(driver: Driver, port: OpenIpmiPort) -> None:
    driver.say(RESPONSE, 7, 0x07, 0x01, bytes(5000))

    found = received(port)
    assert found.data[:1] == b"\xc6"
    assert len(found.data) == openipmi.ROOM
    assert port.receive() is None


@pytest.mark.parametrize(
    ("kind", "address", "where"),
    [
        (EVENT, to_bmc(), (0x0F, 0x20)),
        (COMMAND, to_controller(0, 0x82, 0), (0, 0x82)),
        (RESPONSE, struct.pack("@ihBBBBB", LAN, 1, 4, 1, 0x20, 0x81, 0), (1, 0)),
    ],
)
def test_whatever_the_driver_has_says_what_it_is(
    driver: Driver, port: OpenIpmiPort, kind: int, address: bytes, where: tuple[int, int]
) -> None:
    driver.say(kind, 3, 0x04, 0x02, bytes(16), address)

    found = received(port)
    assert (found.kind, found.channel, found.address, found.data) == (kind, *where, bytes(16))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (errno.EINVAL, "it keeps this command for itself, or the channel is no IPMB of this BMC"),
        (errno.ENODEV, "the BMC's interface has gone, or its module was unloaded"),
        (errno.ENOMEM, "cannot allocate memory"),
    ],
)
def test_what_the_driver_refuses_comes_back_with_the_reason(
    driver: Driver, port: OpenIpmiPort, error: int, says: str
) -> None:
    driver.refusals.append(error)
    port.send(ASK.pack())
    port.send(ASK._replace(number=8).pack())

    assert received(port) == DriverMessage(Kind.REFUSED, 7, 0, 0, says.encode())
    assert port.trouble == says
    assert received(port).number == 8
    assert port.trouble == ""
    assert not select.select([port], [], [], 0)[0]


def test_a_device_that_vanishes_is_told_once_and_does_not_stay_readable(driver: Driver, port: OpenIpmiPort) -> None:
    driver.vanish()
    assert select.select([port], [], [], 5)[0]
    assert port.receive() is None

    found = received(port)
    assert (found.kind, found.number) == (Kind.REFUSED, ours.EVERY)
    assert b"has gone" in found.data
    assert port.receive() is None
    assert not select.select([port], [], [], 0)[0]


def test_no_descriptor_is_left_open(driver: Driver) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        driver.port().close()
    for wrong in ("/dev/null", "/proc/self/status"):
        with pytest.raises((LocalError, NoAnswer)):
            OpenIpmiPort(wrong)

    assert len(os.listdir("/proc/self/fd")) == before


# ---------------------------------------------------------------------- opening


def test_a_device_that_is_not_there_says_what_to_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(
        NoAnswer, match=r"there is no /dev/no-such on this machine\. Load .*modprobe ipmi_si ipmi_devint"
    ):
        OpenIpmiPort("/dev/no-such")
    monkeypatch.setattr(openipmi, "DEVICES", (str(tmp_path / "ipmi0"), str(tmp_path / "ipmi")))
    with pytest.raises(NoAnswer, match=r"there is no .*/ipmi0 on this machine"):
        OpenIpmiPort()


def test_the_first_of_the_usual_devices_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(openipmi, "DEVICES", (str(tmp_path / "ipmi0"), str(tmp_path / "second"), "/dev/null"))
    (tmp_path / "second").touch()

    assert openipmi.find() == str(tmp_path / "second")


def test_another_device_is_told_from_ours() -> None:
    with pytest.raises(LocalError, match=r"/dev/null is no IPMI device \(inappropriate ioctl for device\)"):
        OpenIpmiPort("/dev/null")


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (PermissionError(errno.EACCES, "no"), SessionError, "may not be opened by this user. Run as root"),
        (
            OSError(errno.ENODEV, "no"),
            NoAnswer,
            r"cannot be opened \(no such device\)\. The driver may have found no BMC",
        ),
    ],
)
def test_what_keeps_the_device_shut_is_told(
    monkeypatch: pytest.MonkeyPatch, error: OSError, kind: type[Exception], says: str
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise error

    monkeypatch.setattr(openipmi.os, "open", refuse)
    with pytest.raises(kind, match=says):
        OpenIpmiPort("/dev/null")
