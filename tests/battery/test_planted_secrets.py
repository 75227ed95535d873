"""A password is planted in a lab and used there, rightly and wrongly; then it is looked for in every place that a run
leaves behind, and in what other programs of the machine can see while it goes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ipmi_lab.lab.open import connect
from ipmi_lab.virtual.farm import Farm, Served

PLANTED = "Pl4nted'\"pä"
WRONG = "Wr0ng-Pl4nted"
FORMS = [
    form.encode() if isinstance(form, str) else form
    for secret in (PLANTED, WRONG)
    for raw in [secret.encode()]
    for form in (
        *(raw, repr(secret)[1:-1], repr(raw)[2:-1], json.dumps(secret)[1:-1], raw.hex(), raw.hex(" "), raw.hex(":")),
        *(
            ", ".join(map(str, raw)),
            " ".join(f"0x{byte:02x}" for byte in raw),
            "".join(f"\\x{byte:02x}" for byte in raw),
        ),
        *(secret.replace("'", "&#39;").replace('"', "&#34;"), secret.replace("'", "'\"'\"'")),
    )
]
SEEN = """\
import os, pathlib
def seen(into):
    '''What any program of this user sees of this process and its children: arguments and environment.'''
    mine = os.getpgid(0)
    with open(into, "ab") as file:
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(process.name)) == mine:
                    file.write((process / "cmdline").read_bytes() + (process / "environ").read_bytes())
            except OSError:
                continue
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Served]:
    """A BMC that takes the planted password, and an inventory that has it in a file."""
    for name, secret in (("secret", PLANTED), ("wrong", WRONG)):
        path = tmp_path / name
        path.touch(0o600)
        path.write_text(secret)
    with Farm() as farm:
        served = farm.open("rack-server", passwords={"admin": PLANTED, "viewer": PLANTED})
        old = farm.open("legacy", passwords={"admin": PLANTED, "viewer": PLANTED})
        where = f"credentials: {{user: admin, password: 'file:{tmp_path}/"
        (tmp_path / "lab.yaml").write_text(
            "defaults: {timeout: 0.3s, retries: 1}\n"
            "targets:\n"
            f"  new: {{host: 127.0.0.1, port: {served.port}, allow: [raw, write], {where}secret'}}}}\n"
            f"  old: {{host: 127.0.0.1, port: {old.port}, transport: lan, allow: [raw, write], {where}secret'}}}}\n"
            f"  locked: {{host: 127.0.0.1, port: {served.port}, {where}wrong'}}}}\n"
            f"  locked-old: {{host: 127.0.0.1, port: {old.port}, transport: lan, {where}wrong'}}}}\n"
        )
        (tmp_path / "look.py").write_text(SEEN)
        yield served


def no_hit(folder: Path, *texts: str) -> None:
    places = {str(index): text.encode() for index, text in enumerate(texts)}
    own = {"secret", "wrong"}
    places |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name not in own}
    hits = [f"{place}: {form!r}" for place, content in places.items() for form in FORMS if form in content]
    assert not hits


def run(folder: Path, *words: str) -> str:
    """Run a program in a process group of its own; all that it printed. ``ipmi-lab`` is the program, else a module."""
    own = ["-c", "from ipmi_lab.cli.main import main; main()", *words[1:]]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    done = subprocess.run(
        [sys.executable, *(own if words[0] == "ipmi-lab" else ["-m", *words])],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        process_group=0,
    )
    return done.stdout + done.stderr


PYTEST = """\
import logging, pathlib, pytest, ipmi_lab
from look import seen
SECRET = pathlib.Path("secret").read_bytes()[:8]
@pytest.fixture
def planted(): return ipmi_lab.Secret(pathlib.Path("secret").read_text())
def test_uses_it(ipmi, ipmi_target, ipmi_report, ipmi_trace, planted):
    seen("seen.txt")
    ipmi.set_user_password(3, password=planted, operation="set password")
    for netfn, command in ((0x3A, 0x99), (0x06, 0x47), (0x2E, 0x10), (0x06, 0x34)):
        try: ipmi.raw(netfn, command, b"\\x01\\x02" + pathlib.Path("secret").read_bytes())
        except ipmi_lab.IpmiLabError as error: logging.getLogger("mine").debug("%s %r", error, error)
    ipmi_report.note("text: " + pathlib.Path("secret").read_text())
    ipmi_report.fact(board=pathlib.Path("secret").read_text())
    logging.getLogger("mine").debug("%s %r %r %r", planted, planted, ipmi, ipmi_target)
    print(planted, repr(planted), ipmi, repr(ipmi.link), repr(ipmi.link.session.login), ipmi_trace.text())
    login = ipmi.link.session.login
    ipmi.raw(0x06, 0x44, b"too long")
def test_fails_with_it(ipmi, ipmi_lab, ipmi_trace, planted):
    run, said = ipmi_lab.run, ipmi_trace.exchanges
    ipmi.set_user_password(3, password=planted, operation="set password")
    exchanges = ipmi_trace.exchanges
    ipmi.set_user_password(9, password=planted, operation="test password")
def test_is_told_no(ipmi, planted):
    ipmi.set_user_password(63, password=planted, operation="set password")
@pytest.mark.ipmi_allow("write")
@pytest.mark.parametrize("ipmi_virtual", ["rack-server", "legacy"], indirect=True)
def test_is_not_answered(ipmi_virtual, ipmi_open, planted):
    ipmi = ipmi_open(ipmi_virtual.url, password=ipmi_virtual.password, timeout=0.2, retries=0, budget=0.3)
    ipmi_virtual.faults.set(loss=1)
    ipmi.set_user_password(3, password=planted, operation="set password")
@pytest.mark.parametrize("target", ["locked", "locked-old"])
def test_is_refused(ipmi_open, target): ipmi_open(target)
URLS = ["lanplus", *(f"lan?authentication={kind}" for kind in ("md5", "md2", "password"))]
@pytest.mark.parametrize("url", URLS)
def test_is_refused_inside(url, ipmi_lab):
    import ipmi_lab as house
    target = ipmi_lab.lab.target("locked" if url == "lanplus" else "locked-old")
    scheme, _, options = url.partition("?")
    wrong = house.Secret(pathlib.Path("wrong").read_text())
    at = f"{scheme}://admin@127.0.0.1:{target.address.port}?{options}"
    with house.connect(at, password=wrong, timeout=0.3) as ipmi:
        ipmi.get_device_id()
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["plain", "xdist"])
@pytest.mark.battery(32)
def test_pytest_leaves_no_trace_of_it(workers: list[str], lab: Served, tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PYTEST)
    options = ["-l", "-vv", "--full-trace", "--tb=long", "--log-level=DEBUG", "--log-cli-level=DEBUG", "-rA"]
    files = ["--junitxml=own.xml", "--log-file=log.txt", "--log-file-level=DEBUG", "--ipmi-report=out"]
    said = run(tmp_path, "pytest", *options, *files, *workers, "--ipmi-inventory=lab.yaml", "--ipmi-trace=all")

    assert "knows another password" in said, said
    assert "IPMI trace" in said
    assert (tmp_path / "seen.txt").read_bytes().count(b"pytest") >= 1
    assert "** **" in (tmp_path / "out" / "index.html").read_text()
    no_hit(tmp_path, said)


ROBOT = """\
*** Settings ***
Library    IpmiLab    inventory=lab.yaml    trace=ALL
Library    OperatingSystem
Library    look.py

*** Test Cases ***
Uses It
    ${raw}=    Get File    secret
    VAR    ${PLANTED: Secret}    ${raw}
    Establish Session    new
    Seen    seen.txt
    Send Raw Command    0x06 0x44 0x01
Is Refused
    Establish Session    locked
Given
    Establish Session    new    user=admin    password=${GIVEN}
    Set User Password    3    set password    ${GIVEN}
    Send Raw Command    0x06 0x44 0x01
"""


@pytest.mark.battery(32)
def test_robot_leaves_no_trace_of_it(lab: Served, tmp_path: Path) -> None:
    suite = ROBOT.replace("    ${raw}=    Get File    secret\n    VAR    ${PLANTED: Secret}    ${raw}\n", "")
    (tmp_path / "suite.robot").write_text(suite)
    (tmp_path / "variables.py").write_text(
        "import pathlib\nfrom robot.utils import Secret\nGIVEN = Secret(pathlib.Path('secret').read_text())\n"
    )
    said = run(
        *(
            tmp_path,
            "robot",
            "--outputdir",
            "out",
            "--loglevel",
            "TRACE",
            "--debugfile",
            "debug.txt",
            "--xunit",
            "x.xml",
        ),
        *("--variablefile", "variables.py", "suite.robot"),
    )

    assert "knows another password" in said, said
    assert (tmp_path / "out" / "ipmi" / "index.html").exists()
    assert "IPMI trace of this test" in (tmp_path / "out" / "output.xml").read_text()
    no_hit(tmp_path, said)


@pytest.mark.battery(32)
def test_a_password_on_robots_command_line_stays_out_of_the_report(lab: Served, tmp_path: Path) -> None:
    """Other programs see it there, as with every program; what the run leaves behind has it nowhere."""
    (tmp_path / "suite.robot").write_text(
        ROBOT.replace("    Seen    seen.txt\n", "").partition("Uses It\n")[0] + "Given" + ROBOT.partition("Given")[2]
    )
    said = run(
        tmp_path, "robot", "-v", f"GIVEN: Secret:{PLANTED}", "--outputdir", "out", "--loglevel", "TRACE", "suite.robot"
    )

    assert "Test Cases" not in said
    assert "-v 'GIVEN:****'" in (tmp_path / "out" / "ipmi" / "summary.md").read_text().replace("\\", ""), said
    no_hit(tmp_path, said)


@pytest.mark.battery(32)
def test_the_shell_leaves_no_trace_of_it(lab: Served, tmp_path: Path) -> None:
    program = ["ipmi-lab", "-i", "lab.yaml", "--report", "out", "--trace", "trace.txt"]
    said = "".join(
        run(tmp_path, *program, *words)
        for words in (
            ["-t", "new", "info"],
            ["-t", "new", "raw", "0x3A", "0x99", *(f"0x{byte:02x}" for byte in PLANTED.encode())],
            [
                "-t",
                "new",
                "raw",
                *("06", "47", "3", "2"),
                *(f"{byte:02x}" for byte in PLANTED.encode().ljust(16, b"\0")),
            ],
            ["-t", "new", "send", "SetUserPassword", "user_id=3", "operation=set password", f"password={PLANTED}"],
            ["-t", "new", "doctor"],
            ["-t", "locked", "info"],
            ["inventory", "show", "new"],
            ["inventory", "check", "lab.yaml"],
        )
    )

    assert "knows another password" in said, said
    assert "0x3A 0x99" in (tmp_path / "trace.txt").read_text()
    no_hit(tmp_path, said)


@pytest.mark.battery(32)
def test_nothing_that_holds_it_shows_it(lab: Served) -> None:
    ipmi = connect(lab.url, password=PLANTED)
    ipmi.session.establish()
    holders = [ipmi, ipmi.link, ipmi.link.session, ipmi.link.session.login, lab, lab.bmc, lab.profile, lab.password]
    show: list[Callable[[object], str]] = [repr, str, lambda each: repr(getattr(each, "__dict__", ""))]
    shown = "".join(form(each) for each in holders for form in show)
    ipmi.session.close()

    assert not [form for form in FORMS if form.decode() in shown]
