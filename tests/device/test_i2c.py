"""I2C devices behind a BMC and behind controllers: named, scanned, read and written, and what goes wrong with them."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from ipmi_lab.commands.i2c import BusType
from ipmi_lab.device.device import Device
from ipmi_lab.errors import CompletionError, LocalError, NotAllowed, OutcomeUnknown, RemoteError
from ipmi_lab.inventory.target import I2cDevice
from ipmi_lab.lab.open import Lab
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.i2cdevices import Eeprom, Faulty

LAB = """\
targets:
  mc:
    transport: "virtual:multi-mc"
    allow: [write]
    i2c:
      board: {bus_id: 3, address: 0x50, size: 8192, page: 32}
      blocks: {bus_id: 3, address: 0x54, size: 1024, page: 16}
      narrow: {bus_id: 4, address: 0x50}
      refusing: {bus_id: 4, address: 0x30}
      contended: {bus_id: 4, address: 0x31}
      short: {bus_id: 4, address: 0x32}
      held: {bus_id: 5, address: 0x50}
      registers: {bus_id: 3, address: 0x20}
      switch: {bus_id: 3, address: 0x70}
      behind: {bus_id: 3, address: 0x4A}
  satellite:
    via: mc
    bridge: [0x30@0]
    allow: [write]
    i2c: {board: {bus_id: 1, address: 0x50, size: 4096, page: 32}}
  read-only:
    via: mc
    bridge: [0x30@0]
    i2c: {board: {bus_id: 1, address: 0x50, size: 4096, page: 32}}
  shelf: {transport: "virtual:atca-shelf"}
  amc:
    via: shelf
    bridge: [0x82@0, 0x76@7]
    allow: [write]
    i2c: {board: {bus_id: 2, address: 0x50, size: 4096, page: 32}}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    path = tmp_path / "lab.yaml"
    path.write_text(LAB)
    with Lab(path) as lab:
        yield lab


@pytest.fixture
def mc(lab: Lab) -> Iterator[Device[Blocking]]:
    with lab.open("mc") as ipmi:
        yield ipmi


def machine(lab: Lab) -> VirtualBmc:
    served = lab.virtual_bmc("mc")
    assert served is not None
    return served.bmc


def eeprom(lab: Lab, bus_id: int, address: int) -> Eeprom:
    found = machine(lab).i2c.buses[BusType.PRIVATE, bus_id, 0].segment.find(address)
    assert isinstance(found, Eeprom)
    return found


def test_a_scan_finds_what_answers_and_tells_how_far_it_is(mc: Device[Blocking]) -> None:
    seen: list[int] = []

    assert mc.i2c_scan(BusType.PRIVATE, 3, progress=seen.append) == [0x20, 0x48, 0x50, 0x54, 0x55, 0x56, 0x57, 0x70]
    assert seen == list(range(0x08, 0x78))


def test_a_scan_of_a_bus_that_is_not_there_or_stuck_is_no_empty_list(mc: Device[Blocking], lab: Lab) -> None:
    with pytest.raises(CompletionError, match=r"invalid data field.*private bus 7 of channel 0.*no such bus"):
        mc.i2c_scan(BusType.PRIVATE, 7)
    holder = machine(lab).i2c.buses[BusType.PRIVATE, 5, 0].segment.devices[0]
    holder._until = float("inf")  # type: ignore[attr-defined]
    with pytest.raises(CompletionError, match=r"0x82, bus error.*The bus is stuck"):
        mc.i2c_scan(BusType.PRIVATE, 5)


def test_devices_have_names(mc: Device[Blocking]) -> None:
    assert mc.i2c.read("registers", 3, b"\0") == bytes.fromhex("a500ff")
    mc.i2c.write("registers", b"\x01\x77\x78")
    assert mc.i2c.read("registers", 3, b"\0") == bytes.fromhex("a57778")
    with pytest.raises(LocalError, match=r"mc: the inventory names no I2C device 'bord'.*Did you mean board"):
        mc.i2c.read("bord", 1)


def test_a_multiplexer_connects_what_is_behind_it(mc: Device[Blocking]) -> None:
    with pytest.raises(CompletionError, match="nak on write"):
        mc.i2c.read("behind", 2, b"\0")
    for channel, celsius in ((0, 30), (3, 55)):
        mc.i2c.write("switch", bytes((1 << channel,)))
        assert mc.i2c.read("behind", 2, b"\0") == bytes((celsius, 0))
    assert mc.i2c.read("switch", 1) == b"\x08"


@pytest.mark.parametrize("name", ["board", "blocks"])
@pytest.mark.parametrize(("offset", "size"), [(0, 1), (29, 7), (250, 100), (700, 324)])
def test_an_eeprom_is_written_page_by_page_and_read_back(
    mc: Device[Blocking], lab: Lab, name: str, offset: int, size: int
) -> None:
    data = bytes(index * 7 & 0xFF for index in range(size))
    chip = eeprom(lab, 3, {"board": 0x50, "blocks": 0x54}[name])
    before = bytes(chip.memory[offset : offset + size])

    assert mc.i2c.write_eeprom(name, offset, data) == before
    assert bytes(chip.memory[offset : offset + size]) == data
    assert mc.i2c.read_eeprom(name, offset, size) == data
    writes = chip.writes
    assert mc.i2c.write_eeprom(name, offset, data) == data
    assert chip.writes == writes, "pages that hold it already are left alone"


def test_an_eeprom_takes_bytes_in_hex_like_every_command(mc: Device[Blocking]) -> None:
    mc.i2c.write_eeprom("board", 1, "be ef")  # type: ignore[arg-type]

    assert mc.i2c.read_eeprom("board", 1, 2) == b"\xbe\xef"


def test_a_whole_eeprom_is_read(mc: Device[Blocking], lab: Lab) -> None:
    assert mc.i2c.read_eeprom("board") == bytes(eeprom(lab, 3, 0x50).memory)


@pytest.mark.parametrize(("offset", "count"), [(8190, 3), (-1, 1), (0, 8193)])
def test_what_is_not_in_an_eeprom_is_not_asked(mc: Device[Blocking], offset: int, count: int) -> None:
    with pytest.raises(LocalError, match="not in an EEPROM of 8192 bytes"):
        mc.i2c.read_eeprom("board", offset, count)


def test_a_controller_that_carries_little_is_asked_in_smaller_pieces(mc: Device[Blocking], lab: Lab) -> None:
    data = bytes(range(256))
    mc.i2c.write_eeprom("narrow", 0, data)

    assert mc.i2c.read_eeprom("narrow") == data
    with pytest.raises(CompletionError, match=r"cannot return.*try 32 bytes or fewer"):
        mc.i2c.read("narrow", 20, b"\0")


def test_the_write_cycle_is_waited_for_only_by_the_helper(mc: Device[Blocking], lab: Lab) -> None:
    chip = eeprom(lab, 3, 0x50)
    chip.write_time = 0.02
    mc.i2c.write_eeprom("board", 0, bytes(range(96)))
    chip.write_time = 60
    mc.i2c_write_read(BusType.PRIVATE, 3, 0, 0x50, 0, b"\0\0\x55")

    with pytest.raises(CompletionError, match="0x83, nak on write"):
        mc.i2c_write_read(BusType.PRIVATE, 3, 0, 0x50, 1, b"\0\0")
    chip._busy_until = monotonic() + 0.02
    assert mc.i2c.read_eeprom("board", 0, 1) == b"\x55"


def test_an_eeprom_that_never_wakes_up_is_given_up(mc: Device[Blocking], lab: Lab) -> None:
    eeprom(lab, 3, 0x50).write_time = 60
    with pytest.raises(CompletionError, match=r"nak on write.*or it is busy"):
        mc.i2c.write_eeprom("board", 0, bytes(range(96)))


def test_a_lost_arbitration_is_tried_again_by_name_and_told_by_address(mc: Device[Blocking], lab: Lab) -> None:
    device = machine(lab).i2c.buses[BusType.PRIVATE, 4, 0].segment.find(0x31)
    assert isinstance(device, Faulty)
    assert mc.i2c.read("contended", 2) == b"\0\0"
    device.times = 1
    with pytest.raises(CompletionError, match=r"0x81, lost arbitration, from 0x31 on private bus 4.*ask again"):
        mc.i2c_write_read(BusType.PRIVATE, 4, 0, 0x31, 2)
    device.times = None
    with pytest.raises(CompletionError, match="0x81"):
        mc.i2c.read("contended", 2)


def test_a_truncated_read_says_what_came(mc: Device[Blocking]) -> None:
    with pytest.raises(CompletionError, match=r"0x84, truncated read after 2 bytes \(00 00\)") as caught:
        mc.i2c.read("short", 4)

    assert caught.value.data == b"\0\0"


def test_a_held_bus_is_told_and_works_again(mc: Device[Blocking]) -> None:
    with pytest.raises(CompletionError, match="bus error"):
        mc.i2c_write_read(BusType.PRIVATE, 5, 0, 0x40, 1)
    with pytest.raises(CompletionError, match="bus error"):
        mc.i2c_write_read(BusType.PRIVATE, 5, 0, 0x50, 1)
    begun, there = monotonic(), False
    while not there and monotonic() - begun < 5:
        with suppress(CompletionError):
            there = mc.i2c.read("held", 1, b"\0") == b"\xff"
    assert there
    assert monotonic() - begun > 0.2


def test_a_bus_that_is_held_in_silence_is_no_answer(lab: Lab, tmp_path: Path) -> None:
    profile = tmp_path / "silent.yaml"
    profile.write_text(
        "suites: [3]\ni2c:\n  - devices:\n    - {device: bus-holder, address: 0x40, seconds: 60, silent: true}\n"
    )
    with lab.open(f"virtual:{profile}", guarded=False, budget=0.6, timeout=0.2, retries=1) as ipmi:
        with pytest.raises(TimeoutError, match="no answer"):
            ipmi.i2c_write_read(BusType.PRIVATE, 0, 0, 0x40, 1)
        with pytest.raises(OutcomeUnknown):
            ipmi.i2c_write_read(BusType.PRIVATE, 0, 0, 0x40, 0, b"\0\1\2")
        assert ipmi.get_device_id().ipmi == "2.0"


@pytest.mark.parametrize("name", ["satellite", "amc"])
def test_devices_of_controllers_behind_the_bmc_are_reached_alike(lab: Lab, name: str) -> None:
    with lab.open(name) as ipmi:
        data = bytes(range(100))
        ipmi.i2c.write_eeprom("board", 10, data)

        assert ipmi.i2c.read_eeprom("board", 10, 100) == data
        assert 0x50 in ipmi.i2c_scan(BusType.PRIVATE, {"satellite": 1, "amc": 2}[name])


def test_a_write_whose_answer_is_lost_is_settled_by_reading(mc: Device[Blocking], lab: Lab) -> None:
    """Answers are lost until the client gives up the write; then the EEPROM itself tells what became of it."""
    served = lab.virtual_bmc("mc")
    assert served is not None
    device = lab.open("mc", timeout=0.05, retries=1)
    with device:
        original, lost = device.link._perform, 0

        async def losing(request, purpose, branch=None):  # type: ignore[no-untyped-def]
            nonlocal lost
            done = await original(request, purpose, branch)
            if request.count == 0 and lost < 1:
                lost += 1
                raise OutcomeUnknown("the answer was lost")
            return done

        device.link._perform = losing  # type: ignore[method-assign]
        device.i2c.write_eeprom("board", 0, bytes(range(40)))

    assert lost == 1
    assert bytes(eeprom(lab, 3, 0x50).memory[:40]) == bytes(range(40))


def test_what_does_not_stick_is_told_with_its_place(mc: Device[Blocking], lab: Lab) -> None:
    chip = eeprom(lab, 3, 0x50)
    chip._write = lambda data, now: None  # type: ignore[method-assign]  # it is write-protected

    with pytest.raises(RemoteError, match=r"0x50 holds 0xFF at offset 64, 0x00 was written.*write-protected"):
        mc.i2c.write_eeprom("board", 64, bytes(3))


def test_a_read_takes_no_permission_and_a_write_does(lab: Lab) -> None:
    with lab.open("read-only") as ipmi:
        assert ipmi.i2c.read_eeprom("board", 0, 6) == b"SAT 30"
        with pytest.raises(NotAllowed, match=r"read-only: .*'write'"):
            ipmi.i2c.write_eeprom("board", 0, b"x")


def test_asyncio_has_the_same(lab: Lab) -> None:
    async def work() -> bytes:
        async with lab.open_asyncio("satellite") as ipmi:
            await ipmi.i2c.write_eeprom("board", 5, b"hello")
            return await ipmi.i2c.read_eeprom("board", 3, 9)

    assert asyncio.run(work()) == b" 3hello\xff\xff"


def test_a_device_needs_no_name(mc: Device[Blocking]) -> None:
    assert mc.i2c.read_eeprom(I2cDevice("private", 3, 0, 0x50, size=8192, page=32), 0, 6) == b"HSC 30"
