"""The program over serial lines."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipmi_lab.virtual.farm import Farm, Served
from tests.cli.test_program import program, well


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Farm() as farm:
        yield farm.open("rack-server", serial="terminal")


def test_info_raw_and_doctor_work_over_a_line(served: Served) -> None:
    target = served.serial_url

    assert "serial line, terminal mode, no session" in well("-t", target, "info")
    assert "20 01 02 09" in well("-t", target, "raw", "0x06", "0x01")
    assert "firmware 2.09" in well("-t", target, "doctor")
    assert re.search(r"0x48, 0x50", well("-t", "virtual:rack-server?way=serial-basic", "i2c", "scan", "--bus", "1"))


def test_text_commands_are_sent_traced_and_refused(served: Served, tmp_path: Path) -> None:
    target, trace = served.serial_url, tmp_path / "trace.txt"

    assert "PWR:ON" in well("-t", target, "--trace", str(trace), "text", "HEALTH", "QUERY")
    assert re.search(r"\[SYS HEALTH QUERY\] -> \[PWR:ON .*\]  \d+\.\d ms", trace.read_text())
    assert "done" in well("-t", target, "text", "POWER ON")
    for words, reply in (
        (["HEALTH", "QUERY", "-V"], "SYS Health:OK"),
        (["IDENTIFY", "-ON", "05"], "done"),
        (["IDENTIFY", "-OFF"], "done"),
        (["SET", "TCFG", "-V", "23", "10"], "V:23 10"),
        (["SET", "TCFG", "-N", "23", "10"], "N:23 10"),
    ):
        assert reply in well("-t", target, "text", *words)
    refused = program("-t", target, "text", "SET", "BOOTOPT", "60", "80")
    assert (refused.returncode, "0x80, parameter not supported" in refused.stderr) == (5, True)
    unknown = program("-t", target, "text", "POWR", "ON")
    assert (unknown.returncode, "Did you mean POWER ON" in unknown.stderr) == (2, True)


def test_a_password_goes_over_the_line_and_nowhere_else(served: Served, tmp_path: Path) -> None:
    assert served.terminal is not None
    password = served.password.reveal().decode()
    target = f"serial://admin@{served.terminal.path}?mode=terminal&login=text"
    report, trace = tmp_path / "report", tmp_path / "trace.txt"

    shown = well("-t", target, "--trace", str(trace), "--report", str(report), "info", password=password)
    assert "logged in by text, administrator" in shown
    assert "[SYS PWD -U admin ****] -> [OK]" in trace.read_text()
    kept = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert password not in "".join([shown, *kept])


def test_a_line_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = program("-t", f"serial://{tmp_path}/ttyS9?mode=basic", "info")

    assert done.returncode == 3
    assert "there is no device" in done.stderr
    assert "ls /dev/ttyS*" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_virtual_bmc_is_served_on_a_line(form: str) -> None:
    command = [sys.executable, "-c", "from ipmi_lab.cli.main import main; main()", "--format", form]
    child = subprocess.Popen(
        [*command, "virtual", "serve", "rack-server", "--serial", "basic"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert child.stdout is not None
        first = child.stdout.readline()
        target = json.loads(first)["serial"] if form == "json" else child.stdout.readline().split()[-1]
        assert "20 01 02 09" in well("-t", target, "raw", "0x06", "0x01")
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(10)
