"""The BMC of this machine on every face: inventory, shell, Robot, pytest, journal, report; the driver is a stand-in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ipmi_lab.lab.open import Lab
from ipmi_lab.ports.address import Address

ROOT = Path(__file__).parents[2]
LAB = """\
credentials: {bench: {user: admin, password: "env:NO_SUCH_SECRET"}}
defaults: {credentials: bench}
targets:
  here: {transport: open, allow: [write], keep_alive: 1s, expect: {device_id: {manufacturer: 49769}}}
  named: {transport: "open:///dev/ipmi0"}
  far: {host: 10.0.0.7}
"""
RUN = "from tests.ports.driver import install; install(); import sys; "


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "lab.yaml").write_text(LAB)
    return tmp_path


def run(code: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    return subprocess.run(
        [sys.executable, "-c", RUN + code, *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def shell(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run("from ipmi_lab.cli.main import main; main()", *words, cwd=cwd)


def test_an_inventory_names_it_by_its_transport_and_follows_no_secret_for_it(lab: Path) -> None:
    with Lab(lab / "lab.yaml") as opened:
        assert opened.targets["here"].address == Address("open", "", 0)
        assert opened.targets["named"].address == Address("open", "/dev/ipmi0", 0)
        assert opened.open("named").link.missing is None


def test_the_shell_asks_it_traces_and_reports(lab: Path) -> None:
    done = shell("-i", "lab.yaml", "-t", "here", "--trace", "trace", "--report", "report", "info", cwd=lab)
    assert done.returncode == 0, done.stderr
    assert "system interface, no login" in done.stdout

    assert "Get Device Id" in (lab / "trace").read_text()
    assert "here" in (lab / "report" / "index.html").read_text()
    done = shell("-t", "open:///dev/ipmi0", "send", "GetChassisStatus", cwd=lab)
    assert "power on" in done.stdout, done.stderr
    done = shell("-t", "open://", "ping", cwd=lab)
    assert (done.returncode, done.stderr.strip()) == (
        4,
        "ipmi-lab: open://: only a BMC on a network answers pings. Ask for its device id instead.",
    )


def test_doctor_goes_from_the_device_to_the_first_command(lab: Path) -> None:
    done = shell("-t", "open://", "--format", "json", "doctor", cwd=lab)
    assert done.returncode == 0, done.stderr

    found = [(row["what"], row["verdict"]) for row in json.loads(done.stdout)[-3:]]
    assert found == [("open:// device", "well"), ("open:// session", "well"), ("open:// device id", "well")]


@pytest.mark.skipif(os.path.exists("/dev/ipmi0"), reason="this machine has a BMC")
def test_a_machine_without_a_bmc_is_told_what_to_load(lab: Path) -> None:
    command = [sys.executable, "-c", "from ipmi_lab.cli.main import main; main()", "-t", "open:///dev/ipmi0"]
    done = subprocess.run([*command, "info"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.strip()) == (
        3,
        "ipmi-lab: open:///dev/ipmi0: there is no /dev/ipmi0 on this machine. Load Linux's driver (modprobe ipmi_si "
        "ipmi_devintf); a machine without a BMC has none.",
    )
    done = subprocess.run([*command[:-2], "doctor"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "there is no /dev/ipmi0" in done.stdout


def test_a_robot_suite_runs_on_it(lab: Path) -> None:
    (lab / "suite.robot").write_text(
        """\
*** Settings ***
Library           IpmiLab    inventory=lab.yaml
Suite Setup       Establish Session    here

*** Test Cases ***
Knows Who It Is
    ${id}=    Get Device Id
    Should Be Equal As Integers    ${id.manufacturer}    49769

Takes A Change And Any Command
    Set Bmc Global Enables    event_message_buffer=True
    Send Raw Command    0x06 0x01 0x00    expected_completion=Request Data Length Invalid
    ${data}=    I2C Write Read    private    1    0    0x50    4    0x00
    Bytes Should Match    ${data}    42 4F ?? 01

Keeps What The Driver Keeps
    Run Keyword And Expect Error    here: Get Message*driver keeps this command for itself*    Get Message
"""
    )
    done = run("import robot; sys.exit(robot.run_cli(sys.argv[1:]))", "--outputdir", "out", "suite.robot", cwd=lab)
    assert done.returncode == 0, done.stdout + done.stderr

    found = json.loads((lab / "out" / "ipmi" / "report.json").read_text())
    assert (found["verdict"], len(found["tests"])) == ("passed", 3)


def test_a_pytest_file_runs_on_it(lab: Path) -> None:
    (lab / "test_it.py").write_text(
        "def test_it(ipmi):\n    assert ipmi.get_device_id().firmware == '2.09'\n    assert ipmi.chassis.is_on()\n"
    )
    words = ["-q", "-p", "no:cacheprovider", "--ipmi-inventory=lab.yaml", "--ipmi-target=here", "--ipmi-report=report"]
    done = run("import pytest; sys.exit(pytest.main(sys.argv[1:]))", *words, cwd=lab)
    assert done.returncode == 0, done.stdout + done.stderr

    found = json.loads((lab / "report" / "report.json").read_text())
    assert found["verdict"] == "passed"
    assert list(found["targets"]) == ["here"]
