"""The example suites, unchanged, at a BMC that nobody here wrote: only the inventory is another."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ipmi_lab.lab.open import connect
from tests.interop.servers import EXAMPLE, IpmiSim

pytestmark = pytest.mark.interop
EXAMPLES = EXAMPLE.parent


@pytest.fixture
def inventory(ipmi_sim: IpmiSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's own inventory, at the port that the simulator has in this test."""
    monkeypatch.setenv("IPMI_SIM_PASSWORD", ipmi_sim.target.password)
    text = (EXAMPLES / "ipmi_sim.yaml").read_text()
    file = tmp_path / "ipmi_sim.yaml"
    file.write_text(re.sub(r"port: \d+", f"port: {ipmi_sim.target.port}", text))
    return file


def test_the_robot_suite_passes(inventory: Path, tmp_path: Path) -> None:
    command = ["-m", "robot", "--outputdir", str(tmp_path), "--variable", f"INVENTORY:{inventory}"]
    done = subprocess.run(
        [sys.executable, *command, str(EXAMPLES / "robot")], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "7 tests, 4 passed, 0 failed, 3 skipped" in done.stdout
    assert "server1 has no i2c (caps in the inventory)" in done.stdout
    assert "test" not in re.findall(r"password.*", (tmp_path / "ipmi" / "report.json").read_text())


def test_the_pytest_suite_passes(inventory: Path, tmp_path: Path) -> None:
    command = ["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--ipmi-inventory", str(inventory)]
    done = subprocess.run(
        [sys.executable, *command, str(EXAMPLES / "pytest")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stdout
    assert "4 passed, 2 skipped" in done.stdout
    assert "server1 has no self-test (caps in the inventory)" in done.stdout


def test_the_example_bmc_starts_as_a_job_of_a_script(tmp_path: Path) -> None:
    """Without an input: ipmi_sim itself aborts at /dev/null (and stops at a terminal in the background)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen([EXAMPLE / "start.sh", str(port), str(tmp_path)], stdin=subprocess.DEVNULL)
    try:
        ipmi = connect(f"lanplus://ipmiusr@127.0.0.1:{port}", password="test", timeout=1.0)
        assert ipmi.wait_until_ready(timeout=20, interval=0.1, stable=1) < 20
        assert child.poll() is None
    finally:
        child.terminate()
        child.wait(10)
