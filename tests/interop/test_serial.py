"""Serial lines crossed: ipmitool at our virtual BMC on a pseudo terminal, our client there and at ipmi_sim's codecs."""

import json
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


def test_ipmitool_reaches_a_carrier_behind_our_line(
    line: tuple[str, Served], ipmitool: Ipmitool, interop_record: InteropRecord
) -> None:
    mode, served = line
    with interop_record(ipmitool.name, VirtualBmc.name, f"serial {mode}, one hop"):
        answer = ipmitool.serial(device(served), mode, "-t", "0x82", "-b", "0", "raw", "6", "1")

        assert answer.data[:4] == bytes.fromhex("82 01 01 04"), answer


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
    with (
        interop_record(IpmiLab.name, VirtualBmc.name, f"serial {mode}, two hops"),
        connect(f"{url}&bridge=0x82@0,0x72@7", password=PASSWORD) as ipmi,
    ):
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


@pytest.mark.parametrize(("codec", "mode", "seen"), [("Direct", "basic", b"\xa6"), ("TerminalMode", "terminal", b"")])
def test_ipmi_sim_takes_our_frames_and_answers_nothing(
    codec: str, mode: str, seen: bytes, tmp_path: Path, interop_record: InteropRecord
) -> None:
    """With ``-d`` its log shows what it took: in basic mode our message, whole and unescaped; in terminal mode the
    characters of our line. No command is made of either."""
    server = present(lambda: IpmiSim(tmp_path, codec=codec))
    try:
        reason = (
            "ipmi_sim acknowledges a frame of basic mode (codec Direct) and answers none."
            if mode == "basic"
            else "ipmi_sim takes a line of terminal mode (codec TerminalMode) and answers none."
        )
        with interop_record(IpmiLab.name, server.name, f"serial {mode}", reason, "ipmi_sim"):
            ipmi = connect(f"socket://127.0.0.1:{server.line}?mode={mode}", timeout=0.5, retries=1)
            came: list[bytes] = []
            feed = ipmi.link.session.receive
            ipmi.link.session.receive = lambda data, now: came.append(data) or feed(data, now)  # type: ignore[method-assign,func-returns-value]
            with pytest.raises(NoAnswer, match="nothing answers Get Device ID"):
                ipmi.session.establish()
            ipmi.session.close()
            assert set(came) == ({seen} if seen else set())
    finally:
        server.stop()
