"""Serial lines crossed: ipmitool at our virtual BMC on a pseudo terminal, our client there and at ipmi_sim's codecs."""

import json
import os
import select
import socket
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ipmi_lab.errors import NoAnswer
from ipmi_lab.lab.open import connect
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import BasicMode, Message, TerminalMode
from ipmi_lab.virtual.farm import Farm, Served
from tests.interop.command_lines import Ipmitool
from tests.interop.conftest import InteropRecord, present
from tests.interop.ours import IpmiLab, VirtualBmc
from tests.interop.reasons import IPMITOOL_SERIAL, SIM_BASIC, SIM_TERMINAL, Why
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop
MODES = ["basic", "terminal"]
PASSWORD = "test-pass-word!"  # without spaces, which a login by text does not take
RECORDED = json.loads((Path(__file__).parents[1] / "vectors" / "serial.json").read_text())


@pytest.fixture(params=MODES)
def line(request: pytest.FixtureRequest) -> Iterator[tuple[str, Served]]:
    """A mode, and a shelf manager whose line speaks it."""
    with Farm() as farm:
        yield request.param, farm.open("atca-shelf", passwords={"admin": PASSWORD}, serial=request.param)


def device(served: Served) -> str:
    assert served.terminal is not None
    return served.terminal.path


def test_ipmitool_speaks_with_our_line(
    line: tuple[str, Served], ipmitool: Ipmitool, interop_record: InteropRecord
) -> None:
    mode, served = line
    with interop_record(ipmitool.name, VirtualBmc.name, f"serial {mode}"):
        answer = ipmitool.serial(device(served), mode, "raw", "6", "1")
        assert answer.data == served.profile.device_id.message().encode(), answer

        assert "off" in ipmitool.serial(device(served), mode, "chassis", "power", "off").output.lower()
        assert "is off" in ipmitool.serial(device(served), mode, "chassis", "power", "status").output
        assert "Firmware Revision" in ipmitool.serial(device(served), mode, "mc", "info").output
        refused = ipmitool.serial(device(served), mode, "raw", "0x2e", "1", "0", "0", "0")
        assert refused.completion == 0xC1


HOPS = [
    ("one hop", ("-t", "0x82", "-b", "0"), "0x82@0", 0x82),
    ("two hops", ("-T", "0x82", "-B", "0", "-t", "0x72", "-b", "7"), "0x82@0,0x72@7", 0x72),
]


@pytest.mark.parametrize(("hops", "options", "route", "address"), HOPS, ids=[hops for hops, *_ in HOPS])
def test_controllers_behind_our_line_are_reached(
    hops: str,
    options: tuple[str, ...],
    route: str,
    address: int,
    line: tuple[str, Served],
    ipmitool: Ipmitool,
    interop_record: InteropRecord,
) -> None:
    mode, served = line
    with interop_record(ipmitool.name, VirtualBmc.name, f"serial {mode}, {hops}"):
        answer = ipmitool.serial(device(served), mode, *options, "raw", "6", "1")

        assert answer.data[:2] == bytes((address, 1)), answer
    url = f"serial://{device(served)}?mode={mode}&login=none&bridge={route}"
    with interop_record(IpmiLab.name, VirtualBmc.name, f"serial {mode}, {hops}"), connect(url) as ipmi:
        assert ipmi.get_device_id().device_id == address


def test_ipmitool_does_not_log_in_over_our_line(
    line: tuple[str, Served], ipmitool: Ipmitool, interop_record: InteropRecord
) -> None:
    mode, served = line
    logins = ["challenge"] if mode == "basic" else ["challenge", "text"]
    begun: list[Any] = []
    served.bmc.sessions.add = begun.append  # type: ignore[method-assign,assignment]  # to listen
    answer = ipmitool.serial(device(served), mode, "-U", "admin", "-P", PASSWORD, "raw", "6", "1")
    for login in logins:
        with interop_record(ipmitool.name, VirtualBmc.name, f"serial {mode}, login by {login}", *IPMITOOL_SERIAL):
            assert answer.data == served.profile.device_id.message().encode(), answer
            assert not begun


@pytest.mark.parametrize(
    ("line", "login"),
    [(mode, login) for mode in MODES for login in ("none", "challenge")] + [("terminal", "text")],
    indirect=["line"],
)
def test_our_client_speaks_with_our_line(login: str, line: tuple[str, Served], interop_record: InteropRecord) -> None:
    mode, served = line
    user = "" if login == "none" else "admin@"
    kind = f"serial {mode}" if login == "none" else f"serial {mode}, login by {login}"
    url = f"serial://{user}{device(served)}?mode={mode}&login={login}"
    with interop_record(IpmiLab.name, VirtualBmc.name, kind), connect(url, password=PASSWORD) as ipmi:
        for _ in range(20):
            assert ipmi.raw(0x06, 0x01) == served.profile.device_id.message().encode()
    with connect(f"{url}&bridge=0x82@0,0x72@7", password=PASSWORD) as ipmi:
        assert ipmi.get_device_id().device_id == 0x72


@pytest.mark.parametrize("recording", [pytest.param(each, id=each["name"]) for each in RECORDED])
def test_our_line_understands_what_ipmitool_was_recorded_to_send(recording: dict[str, Any]) -> None:
    """The answers differ, since another BMC answered; who is answered, and for what, is the same."""
    mode = "basic" if "basic" in recording["name"] else "terminal"
    with Farm() as farm:
        served = farm.open("rack-server", serial=mode)
        plugged = served.bmc.line
        assert plugged is not None
        console = BasicMode() if mode == "basic" else TerminalMode()
        for packet in recording["packets"]:
            if packet["hex"] == "a6":
                continue
            if packet["dir"] == "c2s":
                plugged.receive(bytes.fromhex(packet["hex"]), 0.0)
                said = b"".join(out for _, out in served.bmc.datagrams())
                ours = [piece for piece in console.feed(said) if isinstance(piece, Message)]
                continue
            (theirs,) = [piece for piece in console.feed(bytes.fromhex(packet["hex"])) if isinstance(piece, Message)]
            frames = [ipmb.parse(each.message)[:7] for each in (*ours[:1], theirs)]
            assert frames[0] == frames[1]


@pytest.mark.parametrize(
    ("codec", "mode", "acknowledged", "why"),
    [("Direct", "basic", b"\xa6", SIM_BASIC), ("TerminalMode", "terminal", b"", SIM_TERMINAL)],
    ids=MODES,
)
def test_ipmi_sim_takes_frames_and_answers_nothing(
    codec: str,
    mode: str,
    acknowledged: bytes,
    why: Why,
    tmp_path: Path,
    ipmitool: Ipmitool,
    interop_record: InteropRecord,
) -> None:
    """With ``-d`` its log shows what it took: in basic mode our message, whole and unescaped; in terminal mode the
    characters of our line. No command is made of either, nor of what ipmitool sends."""
    server = present(lambda: IpmiSim(tmp_path, codec=codec))
    try:
        with interop_record(IpmiLab.name, server.name, f"serial {mode}", *why), Wire(server.line) as wire:
            ipmi = connect(f"serial://{wire.path}?mode={mode}", timeout=0.5, retries=1)
            with pytest.raises(NoAnswer, match="nothing answers Get Device ID"):
                ipmi.session.establish()
            ipmi.session.close()
            assert set(wire.came) == set(acknowledged)
        with interop_record(ipmitool.name, server.name, f"serial {mode}", *why), Wire(server.line) as wire:
            answer = ipmitool.serial(wire.path, mode, "raw", "6", "1", patience=0.5)
            assert "No valid response received" in answer.errors
            assert set(wire.came) == set(acknowledged)
    finally:
        server.stop()


class Wire:
    """A pseudo terminal, for programs that want a device, whose other end is a TCP port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self.came = b""
        self._done, self._stop = os.pipe()

    def __enter__(self) -> "Wire":
        self._carrier = threading.Thread(target=self._carry)
        self._carrier.start()
        return self

    def _carry(self) -> None:
        line = self._socket.fileno()
        while self._done not in (ready := select.select([self._ours, line, self._done], [], [])[0]):
            if self._ours in ready:
                self._socket.sendall(os.read(self._ours, 4096))
            if line in ready:
                came = self._socket.recv(4096)
                if not came:
                    return
                self.came += came
                os.write(self._ours, came)

    def __exit__(self, *_: object) -> None:
        os.close(self._stop)
        self._carrier.join()
        self._socket.close()
        for end in (self._ours, self._theirs, self._done):
            os.close(end)
