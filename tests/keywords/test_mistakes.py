"""What can go wrong on the way to a BMC, told in one sentence by Robot and by pytest, with sessions given back."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipmi_lab.virtual.farm import Farm, Served

LAB = """\
credentials:
  right: {{user: admin, password: "env:RIGHT"}}
  wrong: {{user: admin, password: "env:WRONG"}}
  nobody: {{user: nobody, password: "env:RIGHT"}}
  viewer: {{user: viewer, password: "env:VIEWER"}}
  missing: {{user: admin, password: "env:NOT_SET_ANYWHERE"}}
defaults: {{host: 127.0.0.1, port: {port}, timeout: 500ms, retries: 2}}
targets:
  wrong-host: {{host: no-such-host.invalid, credentials: right}}
  nobody-there: {{port: {closed}, credentials: right}}
  wrong-password: {{credentials: wrong}}
  wrong-user: {{credentials: nobody}}
  wrong-suite: {{credentials: right, cipher: 8}}
  low-privilege: {{credentials: viewer}}
  missing-secret: {{credentials: missing}}
  wrong-version: {{credentials: right, transport: lan}}
  garbage: {{port: {garbage}, credentials: right}}
"""
MISTAKES = {
    "wrong-host": "wrong-host: the host 'no-such-host.invalid' cannot be found",
    "nobody-there": "nobody-there: nothing answers Get Channel Authentication Capabilities",
    "wrong-password": "wrong-password: the BMC's proof does not fit",
    "wrong-user": "wrong-user: the BMC's proof does not fit",
    "wrong-suite": "wrong-suite: the BMC takes none of the cipher suites that were tried: 8",
    "low-privilege": "low-privilege: the BMC refused RAKP 3 for user 'viewer' as administrator",
    "missing-secret": "missing-secret: the environment variable NOT_SET_ANYWHERE is not set",
    "wrong-version": "wrong-version: the BMC offers no authentication that is safe",
    "garbage": "garbage: nothing answers Get Channel Authentication Capabilities",
    "no-such-target": "has no target 'no-such-target'",
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Farm() as farm:
        yield farm.open("rack-server", passwords={"admin": "right-one", "viewer": "viewing"})


@pytest.fixture
def lab(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, value in {"RIGHT": "right-one", "WRONG": "wrong-one", "VIEWER": "viewing"}.items():
        monkeypatch.setenv(name, value)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as garbler,
    ):
        closed.bind(("127.0.0.1", 0))
        garbler.bind(("127.0.0.1", 0))
        ports = {"closed": closed.getsockname()[1], "garbage": garbler.getsockname()[1], "port": served.port}
        closed.close()
        file = tmp_path / "lab.yaml"
        file.write_text(LAB.format(**ports))
        yield file


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )
    assert done.returncode
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_robot_tells_each_of_them_as_a_failed_test(lab: Path, tmp_path: Path, served: Served) -> None:
    tests = "".join(f"{name}\n    Establish Session    {name}\n" for name in MISTAKES)
    head = "*** Settings ***\nLibrary    IpmiLab    inventory=lab.yaml\n*** Test Cases ***\n"
    (tmp_path / "suite.robot").write_text(head + tests)

    said = run("robot", "--outputdir", "out", "--consolewidth", "200", "suite.robot", cwd=tmp_path)

    assert f"{len(MISTAKES)} tests, 0 passed, {len(MISTAKES)} failed" in said
    for sentence in MISTAKES.values():
        assert sentence in said
    assert not served.bmc.sessions.open


def test_pytest_tells_each_of_them_as_an_error_at_setup(lab: Path, tmp_path: Path, served: Served) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(ipmi): pass")

    said = run("pytest", "-p", "no:cacheprovider", "--ipmi-inventory", "lab.yaml", "test_it.py", cwd=tmp_path)

    assert f"{len(MISTAKES) - 1} errors" in said
    for name, sentence in MISTAKES.items():
        assert sentence in said or name == "no-such-target"
    assert not served.bmc.sessions.open


CODES = [
    ("wrong-host", 3),
    ("nobody-there", 3),
    ("garbage", 3),
    ("wrong-password", 4),
    ("wrong-suite", 4),
    ("low-privilege", 4),
    ("missing-secret", 2),
]


@pytest.mark.parametrize(("name", "code"), CODES)
def test_the_shell_ends_with_the_code_of_each(name: str, code: int, lab: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from ipmi_lab.cli.main import main; main()", "-i", "lab.yaml", "-t", name, "info"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)

    assert done.returncode == code
    assert re.fullmatch(rf"ipmi-lab: {re.escape(MISTAKES[name])}[^\n]*\n", done.stderr), done.stderr
