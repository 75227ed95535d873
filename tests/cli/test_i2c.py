"""The commands ``i2c`` and targets behind others, at the shell."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_program import program

LAB = """\
targets:
  shelf: {transport: "virtual:atca-shelf"}
  amc3:
    via: shelf
    bridge: [0x82@0, 0x76@7]
    i2c: {board: {bus_id: 2, address: 0x50, size: 4096, page: 32}}
"""


@pytest.fixture
def lab(tmp_path: Path) -> list[str]:
    path = tmp_path / "lab.yaml"
    path.write_text(LAB)
    return ["-i", str(path), "-t", "amc3"]


def row(lab: list[str], *words: str) -> dict[str, object]:
    done = program(*lab, "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)[0]
    return found


def test_a_target_behind_others_is_a_target(lab: list[str], tmp_path: Path) -> None:
    assert row(lab, "info")["firmware"] == "0.76"
    trace = tmp_path / "trace"
    assert row([*lab, "--trace", str(trace)], "raw", "0x06", "0x04")["data"] == "55 00"
    assert "amc3  Get Self Test Results" in trace.read_text()
    assert "shelf  Close Session" in trace.read_text()
    shown = row(lab, "inventory", "show", "amc3")
    assert (shown["via"], shown["address"]) == ("shelf", "virtual:atca-shelf?bridge=0x82@0,0x76@7")


def test_an_eeprom_is_dumped_and_loaded(lab: list[str], tmp_path: Path) -> None:
    assert row(lab, "i2c", "dump", "board", "--count", "6")["data"] == "41 4d 43 20 37 36"
    there = row(lab, "i2c", "load", "board", "--offset", "2", "AA BB")
    assert (there["written"], there["before"]) == ("aa bb", "43 20")
    file = tmp_path / "image"
    file.write_bytes(bytes(range(64)))
    assert row(lab, "i2c", "load", "--bus", "2", "0x50", "--size", "4096", "--page", "32", "--input", str(file))
    done = program(*lab, "i2c", "dump", "board", "-o", str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "copy").read_bytes()) == 4096


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("i2c", "read", "bord", "1"), "Did you mean board?", 2),
        (("i2c", "read", "0xA0", "1"), "0xA0 is no address of 7 bits", 2),
        (("i2c", "read", "--bus", "2", "0x22", "1"), "0x83, nak on write, from 0x22 on private bus 2", 5),
        (("i2c", "scan", "--bus", "6"), "no such bus", 5),
        (("i2c", "load", "board"), "nothing to write", 2),
        (("i2c", "dump", "board", "--count", "5000"), "not in an EEPROM of 4096 bytes", 2),
    ],
)
def test_what_cannot_be_is_told(lab: list[str], words: tuple[str, ...], says: str, code: int) -> None:
    done = program(*lab, *words)

    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_a_scan_shows_how_far_it_is_only_to_people(lab: list[str]) -> None:
    quiet = program(*lab, "i2c", "scan", "--bus", "2")
    assert ("0x48, 0x50" in quiet.stdout, quiet.stderr) == (True, "")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from ipmi_lab.cli.main import main; main()", *lab, "i2c", "scan", "--bus", "2"]
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, timeout=60, check=False)
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)

    assert done.returncode == 0
    assert b"0x48, 0x50" in done.stdout
    assert b"amc3: scanning" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed, and all is read
        return b""
