"""Runs that are killed, or that lose their disk or their clock: every test that was finished is in the report that is
made of their journals, what was not is shown as aborted, and nothing is green that never ended.

Each test of a run leaves its name in a file of its process when it begins. So all but the last of a process were
finished when it was killed, whatever our own journal says.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from ipmi_lab.report.html import build
from ipmi_lab.report.run import Run
from tests.battery.length import scaled

KILLS = scaled(short=1, long=25)
TESTS = 40
LAB = 'targets: {a: {transport: "virtual:rack-server"}}\n'
PYTEST = f"""\
import os, pathlib, time, pytest
@pytest.mark.parametrize("n", range({TESTS}))
def test_it(ipmi, n, request):
    with open(f"began/{{os.getpid()}}", "a", buffering=1) as file: file.write(request.node.nodeid + "\\n")
    ipmi.get_device_id()
    time.sleep(0.01)
    assert n % 5
"""
LIBRARY = """\
import os
def began(name):
    with open(f"began/{os.getpid()}", "a", buffering=1) as file: file.write(name + "\\n")
"""
ROBOT_HEAD = """\
*** Settings ***
Library          IpmiLab    inventory=lab.yaml
Library          library.py
Test Setup       Began    ${SUITE NAME}.${TEST NAME}

*** Test Cases ***
"""
ROBOT_TEST = """\
Test {n}
    Establish Session    a
    Get Device Id
    Sleep    10ms
    Should Be True    {n} % 5
"""
WAYS = {
    "pytest": ["pytest", "-q", "-p", "no:cacheprovider"],
    "xdist": ["pytest", "-q", "-p", "no:cacheprovider", "-n", "2"],
    "robot": ["robot", "--outputdir", "robot", "suites"],
    "pabot": ["pabot.pabot", "--processes", "2", "--outputdir", "robot", "suites"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "began").mkdir()
    (tmp_path / "suites").mkdir()
    (tmp_path / "lab.yaml").write_text(LAB)
    (tmp_path / "test_it.py").write_text(PYTEST)
    (tmp_path / "library.py").write_text(LIBRARY)
    for suite, numbers in (("one", range(TESTS // 2)), ("two", range(TESTS // 2, TESTS))):
        text = ROBOT_HEAD + "".join(ROBOT_TEST.format(n=n) for n in numbers)
        (tmp_path / "suites" / f"{suite}.robot").write_text(text)
    return tmp_path


def start(folder: Path, way: str) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    environment |= {"IPMI_LAB_REPORT": str(folder / "report"), "IPMI_LAB_RUN_ID": "run-1", "PYTHONPATH": str(folder)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"  # pabot looks for robot there
    if way in ("pytest", "xdist"):
        environment["IPMI_LAB_INVENTORY"] = "lab.yaml"
    return subprocess.Popen(
        [sys.executable, "-m", *WAYS[way]],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def began(folder: Path) -> list[list[str]]:
    """The tests that began, in their order, of each process."""
    return [path.read_text().splitlines() for path in (folder / "began").iterdir()]


def wait_for(folder: Path, count: int, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while sum(map(len, began(folder))) < count and child.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)


def kill_all(child: subprocess.Popen[bytes]) -> None:
    """The whole family, whatever process groups it is in; each is stopped first, so that it has no more children."""
    family = [child.pid]
    for member in family:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(member, signal.SIGSTOP)
            for task in Path(f"/proc/{member}/task").iterdir():
                family += map(int, (task / "children").read_text().split())
    for member in family:
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    child.wait()


def hold_against_what_began(run: Run, folder: Path) -> None:
    seen = {test.id: test.verdict for test in run.tests}
    for tests in began(folder):
        for place, name in enumerate(tests):
            right = "passed" if int(re.findall(r"\d+", name)[-1]) % 5 else "failed"
            finished = place < len(tests) - 1
            assert seen[name] == right or (not finished and seen[name] == "aborted"), (name, seen[name])
    assert len(seen) == len(run.tests)


@pytest.mark.battery(37)
@pytest.mark.parametrize("seed", range(KILLS))
@pytest.mark.parametrize("way", WAYS)
def test_a_killed_run_keeps_what_was_finished_and_is_not_green(way: str, seed: int, folder: Path) -> None:
    chance = random.Random(f"{way} {seed}")
    child = start(folder, way)
    wait_for(folder, chance.randrange(1, TESTS), child)
    time.sleep(chance.uniform(0, 0.03))
    kill_all(child)

    run = build([folder / "report"], folder / "again")

    hold_against_what_began(run, folder)
    assert run.verdict in ("failed", "aborted")
    assert run.cut_off or len(run.tests) == TESTS
    assert not (folder / "report" / "index.html").exists() or way == "pabot"


@pytest.mark.battery(37)
@pytest.mark.parametrize("way", ["xdist", "pabot"])
def test_one_killed_process_of_several_makes_no_green_page(way: str, folder: Path) -> None:
    for path in (folder / "test_it.py", *(folder / "suites").iterdir()):
        text = path.read_text().replace(f"range({TESTS})", "range(12)")
        path.write_text(text.replace("assert n % 5", "pass").replace("% 5", "+ 1"))
    child = start(folder, way)
    wait_for(folder, 6, child)
    victim = min((folder / "began").iterdir(), key=lambda path: path.stat().st_mtime)
    os.kill(int(victim.name), signal.SIGKILL)
    assert child.wait(120) != 0

    found = json.loads((folder / "report" / "report.json").read_text())

    assert found["verdict"] == "aborted"
    assert any("did not come to its end" in reason for reason in found["reasons"])
    assert 'class="verdict aborted"' in (folder / "report" / "index.html").read_text()


# ---------------------------------------------------------------------- disks and clocks

TROUBLES = {
    "full disk": ("os.close(journal._file); journal._file = os.open('/dev/full', os.O_WRONLY)", "aborted"),
    "an hour on": ("later(3600)", "passed"),
    "an hour back": ("later(-3600)", "passed"),
}
TROUBLE = """\
import os
from datetime import UTC, datetime, timedelta
from ipmi_lab.report import journal as file
def later(seconds): file._now = lambda: (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
def strike(run):
    journal = run.journal
    spare = os.dup(journal._file)
    {trouble}
    return spare
def heal(run, spare):
    if run.journal._file is not None:
        os.close(run.journal._file)
    run.journal._file = spare
"""
PYTEST_IN_TROUBLE = """\
import trouble
def test_before(ipmi): ipmi.get_device_id()
def test_in_trouble(ipmi, ipmi_lab):
    global spare
    spare = trouble.strike(ipmi_lab.run)
    ipmi.get_device_id()
def test_still(ipmi): ipmi.get_device_id()
def test_healed(ipmi, ipmi_lab):
    trouble.heal(ipmi_lab.run, spare)
    ipmi.get_device_id()
def test_behind(ipmi): ipmi.get_device_id()
"""
ROBOT_IN_TROUBLE = """\
*** Settings ***
Library    IpmiLab    inventory=lab.yaml
Library    library.py
Test Setup    Establish Session    a

*** Test Cases ***
Before
    Get Device Id
In Trouble
    Strike
    Get Device Id
Still
    Get Device Id
Healed
    Heal
    Get Device Id
Behind
    Get Device Id
"""
TROUBLE_LIBRARY = """\
import trouble
from robot.libraries.BuiltIn import BuiltIn
ROBOT_LIBRARY_SCOPE = "GLOBAL"
def _run(): return BuiltIn().get_library_instance("IpmiLab").context.run
def strike():
    global spare
    spare = trouble.strike(_run())
def heal(): trouble.heal(_run(), spare)
"""


@pytest.fixture(params=["pytest", "robot"])
def way(request: pytest.FixtureRequest, folder: Path) -> str:
    for path in (folder / "test_it.py", *(folder / "suites").iterdir()):
        path.unlink()
    (folder / "test_it.py").write_text(PYTEST_IN_TROUBLE)
    (folder / "suites" / "suite.robot").write_text(ROBOT_IN_TROUBLE)
    (folder / "library.py").write_text(TROUBLE_LIBRARY)
    return str(request.param)


@pytest.mark.battery(38)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_run_goes_on_through_trouble_and_says_what_was_lost(trouble: str, way: str, folder: Path) -> None:
    deed, verdict = TROUBLES[trouble]
    (folder / "trouble.py").write_text(TROUBLE.format(trouble=deed))

    assert start(folder, way).wait(60) == 0

    run = build([folder / "report"], folder / "again")
    assert run.verdict == verdict, run.reasons
    assert run.duration < 60
    if trouble != "full disk":
        assert Counter(test.verdict for test in run.tests) == {"passed": 5}
        assert len(run.exchanges) > 20
    else:
        assert Counter(test.verdict for test in run.tests)["passed"] >= 3
        assert "events could not be written to the journal" in run.reasons[-1]


@pytest.mark.battery(38)
def test_a_run_goes_on_where_no_report_can_be_written(way: str, folder: Path) -> None:
    place = "/proc/report"  # where not even root can make a folder
    (folder / "trouble.py").write_text("def strike(run): pass\ndef heal(run, spare): pass\n")
    environment = dict(os.environ, IPMI_LAB_REPORT=place, PYTHONPATH=str(folder), IPMI_LAB_INVENTORY="lab.yaml")
    done = subprocess.run(
        [sys.executable, "-m", *WAYS[way]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )

    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "cannot be written, the run goes on" in said
    assert "the IPMI report could not be made" in said
    assert "Traceback" not in said
