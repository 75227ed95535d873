"""A suite that is ended from outside ends as Robot ends it, with all its pages."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """\
*** Settings ***
Library    IpmiLab

*** Test Cases ***
Holds A Session
    Establish Session    virtual:rack-server
    Evaluate    print("open", flush=True, file=sys.__stdout__)    modules=sys
    WHILE    True    limit=NONE
        Get Device Id
    END
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_suite_that_is_ended_has_its_log_and_its_lab_report(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "held.robot").write_text(SUITE)
    command = [sys.executable, "-m", "robot", "--outputdir", "out", "held.robot"]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, cwd=tmp_path
    )
    assert child.stdout is not None
    assert any("open" in line for line in child.stdout)

    child.send_signal(number)
    said, _ = child.communicate(timeout=30)

    assert "1 test, 0 passed, 1 failed" in said
    assert (tmp_path / "out" / "log.html").exists()
    tests = json.loads((tmp_path / "out" / "ipmi" / "report.json").read_text())["tests"]
    assert [test["verdict"] for test in tests] == ["failed"]
