"""The program as its user sees it: output, exit codes, no traceback."""

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

EXAMPLES = Path(__file__).parents[2] / "examples"
LAB = ["-i", str(EXAMPLES / "lab.yaml")]


def program(*words: str, password: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    if password:
        environment["IPMI_LAB_PASSWORD"] = password
    command = [sys.executable, "-c", "from ipmi_lab.cli.main import main; main()", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Farm() as farm:
        yield farm.open("rack-server", passwords={"viewer": "viewing"})


def well(*words: str, password: str = "") -> str:
    done = program(*words, password=password)
    assert done.returncode == 0, done.stderr
    return done.stdout


def url(served: Served) -> tuple[str, str, str]:
    return "-t", served.url, served.password.reveal().decode()


def test_info_shows_who_the_bmc_is(served: Served) -> None:
    option, target, password = url(served)

    assert re.search(r"firmware +2\.09", well(option, target, "info", password=password))
    found = json.loads(well(option, target, "--format", "json", "info", password=password))[0]
    assert (found["manufacturer"], found["ipmi"]) == (49769, "2.0")


def test_raw_send_i2c_power_and_ping_work_on_a_url(served: Served) -> None:
    option, target, password = url(served)

    def said(*words: str) -> str:
        return well(option, target, *words, password=password)

    assert "20 01 02 09" in said("raw", "0x06", "0x01")
    assert "power on" in said("send", "get-chassis-status")
    assert "0x48, 0x50" in said("i2c", "scan", "--bus", "1")
    assert "42 4f 31 01" in said("i2c", "read", "--bus", "1", "0x50", "4", "0x00")
    assert "Chassis Control (0x00 0x02): a dry run holds back the data 00" in said("--dry-run", "power", "off")
    assert "off" in said("power", "off", "--wait", "5")
    assert "on" in said("send", "ChassisControl", "action=on") + said("power", "on", "--wait", "5")
    assert "milliseconds" in said("ping")


def test_the_system_event_log_is_written_and_read(served: Served) -> None:
    option, target, password = url(served)

    def said(*words: str) -> str:
        return well(option, target, *words, password=password)

    assert re.search(r"entries +0", said("sel", "info"))
    assert "0x0001" in said("sel", "add", "00 00 02 00 00 00 00 41 00 04 01 30 01 57 5a 50")
    shown = said("sel", "get", "0xffff")
    assert "04 01 30 01 57 5a 50" in shown
    assert "0xffff" in shown


def test_the_boot_device_is_chosen_and_shown(served: Served) -> None:
    option, target, password = url(served)

    def said(*words: str) -> str:
        return well(option, target, *words, password=password)

    assert re.search(r"valid +no", said("boot"))
    assert "a dry run holds back" in said("--dry-run", "boot", "pxe")
    assert re.search(
        r"device +remote cd\npersistent +yes\nefi +yes", said("boot", "remote-cd", "--efi", "--persistent")
    )
    assert json.loads(said("--format", "json", "boot", "status"))[0]["device"] == "remote cd"
    assert re.search(r"device +none", said("boot", "none"))


def test_several_targets_make_a_table_and_their_worst_exit_code(tmp_path: Path) -> None:
    both = well(*LAB, "-t", "server", "info")
    assert "server1" in both
    assert "board1" in both

    lab = tmp_path / "lab.yaml"
    lab.write_text('targets: {good: {transport: "virtual:legacy"}, bad: {host: no-such-host.invalid}}')
    done = program("-i", str(lab), "-t", "*", "info")
    assert done.returncode == 3
    assert "cannot be found" in done.stdout
    assert "1.42" in done.stdout


MISTAKES: list[tuple[list[str], int, str]] = [
    (["-t", "lanplus://no-such-host.invalid", "info"], 3, "the host 'no-such-host.invalid' cannot be found"),
    (["-t", "lanplus://u:secret@h", "info"], 2, "a password stands in it"),
    (["info"], 2, "no target"),
    (["inf"], 2, "Did you mean info"),
    ([*LAB, "-t", "servr1", "info"], 2, "Did you mean server1"),
    ([*LAB, "-t", "server1", "raw", "0x06", "0xzz"], 2, "server1: raw: '0xzz' is not a byte in hex"),
    ([*LAB, "-t", "server1", "raw", "0x06"], 2, "at least two bytes"),
    ([*LAB, "-t", "server1", "send", "GetDeviceIdd"], 2, "Did you mean GetDeviceId"),
    ([*LAB, "-t", "server1", "send", "ChassisControl", "action=onn"], 2, "Did you mean on"),
    ([*LAB, "-t", "server1", "send", "ChassisControl"], 2, "the field 'action' is missing"),
    ([*LAB, "-t", "server1", "send", "ChassisControl", "on"], 2, "is no FIELD=VALUE"),
    ([*LAB, "-t", "server1", "raw", "0x06", "0x44", "0x01"], 5, "0xC7, request data length invalid"),
    ([*LAB, "-t", "server", "power", "off"], 4, "Give --allow power"),
    ([*LAB, "-t", "server1", "boot", "pex"], 2, "'pex' is not one of"),
    ([*LAB, "-t", "server1", "boot", "--efi"], 2, "--persistent and --efi go with a device"),
    ([*LAB, "-t", "server", "boot", "pxe"], 4, "Give --allow write"),
    (["-i", "no-such.yaml", "targets"], 2, "no-such.yaml: cannot be read"),
    ([*LAB, "--allow", "pwoer", "-t", "server1", "info"], 2, "Did you mean power"),
    (["report", "build", "no-such", "-o", "out"], 2, "no-such"),
    (["virtual", "serve", "rackserver"], 2, "Did you mean rack-server"),
    (["commands", "nonsense"], 2, "no command has 'nonsense' in its name"),
]


@pytest.mark.parametrize(("words", "code", "says"), MISTAKES)
def test_a_mistake_ends_in_one_sentence_and_its_exit_code(words: list[str], code: int, says: str) -> None:
    done = program(*words)

    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


LOGINS: list[tuple[str, str, str, int, str]] = [
    ("admin", "wrong", "", 4, "knows another password for this user"),
    ("nobody", "wrong", "", 4, "knows another password for this user"),
    ("viewer", "viewing", "", 4, "unauthorized role or privilege"),
    ("admin", "wrong", "?cipher=8", 4, "none of the cipher suites that were tried: 8"),
    ("viewer", "viewing", "?privilege=usr", 2, "Did you mean user"),
]


@pytest.mark.parametrize(("user", "password", "options", "code", "says"), LOGINS)
def test_a_refused_login_names_its_cause(
    user: str, password: str, options: str, code: int, says: str, tmp_path: Path
) -> None:
    with Farm() as farm:
        served = farm.open("rack-server", passwords={"viewer": "viewing"})
        target = f"lanplus://{user}@127.0.0.1:{served.port}{options}"
        done = program("-t", target, "info", password=password)

    assert done.returncode == code
    assert says in done.stderr
    assert target in done.stderr or code == 2


def test_a_password_that_nobody_gave_is_missed_only_where_it_is_needed(served: Served) -> None:
    target = f"lanplus://admin@127.0.0.1:{served.port}"

    assert program("-t", target, "ping").returncode == 0
    done = program("-t", target, "info")
    assert done.returncode == 2
    assert f"{target}: no password was given for user 'admin'. Set IPMI_LAB_PASSWORD" in done.stderr


@pytest.mark.parametrize("user", ["admin@", ""])
def test_what_is_answered_outside_of_a_session_needs_no_password(user: str, served: Served) -> None:
    target = f"lanplus://{user}127.0.0.1:{served.port}"

    assert re.search(r"ipmi20 connections +yes", well("-t", target, "send", "GetChannelAuthenticationCapabilities"))
    assert "01 80" in well("-t", target, "raw", "0x06", "0x38", "0x8e", "0x04")
    assert program("-t", target, "send", "GetSystemGuid", password="wrong").returncode == 4
    assert "guid" in well("-t", target, "send", "GetSystemGuid", "--no-session", password="wrong")
    assert not served.bmc.sessions.open

    done = program("-t", target, "send", "GetDeviceId", "--no-session", password="wrong")
    assert done.returncode == 2
    assert "BMCs answer it only inside of a session. Leave --no-session out" in done.stderr


def test_what_is_answered_outside_of_a_session_goes_inside_with_a_password(served: Served, tmp_path: Path) -> None:
    option, target, password = url(served)
    for more, sessions in (([], 1), (["--no-session"], 0)):
        trace = tmp_path / f"trace-{sessions}"
        well(option, target, "--trace", str(trace), "send", "GetSystemGuid", *more, password=password)
        assert trace.read_text().count("Close Session") == sessions


def test_a_password_in_an_inventory_is_warned_of(tmp_path: Path, served: Served) -> None:
    lab = tmp_path / "lab.yaml"
    lab.write_text(
        f"targets: {{a: {{host: 127.0.0.1, port: {served.port}, credentials: "
        "{user: viewer, password: viewing, allow_literal: true}, privilege: user}}"
    )
    done = program("-i", str(lab), "info")

    assert done.returncode == 0
    assert f"warning: {lab}:1: a password stands in the file as it is; use a reference\n" in done.stderr


def test_too_little_privilege_is_the_bmcs_no(served: Served) -> None:
    target = f"lanplus://viewer@127.0.0.1:{served.port}?privilege=user"
    done = program("-t", target, "power", "off", password="viewing")

    assert done.returncode == 5
    assert "0xD4, insufficient privilege" in done.stderr


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    lab = tmp_path / "lab.yaml"
    lab.write_text('targets: {a: {host: 127.0.0.1, credentials: {user: u, password: "env:NOT_SET_ANYWHERE"}}}')
    done = program("-i", str(lab), "info")

    assert done.returncode == 2
    assert "a: the environment variable NOT_SET_ANYWHERE is not set" in done.stderr


def test_inventories_are_checked_and_shown(tmp_path: Path) -> None:
    assert "2 targets, no mistakes" in well("inventory", "check", str(EXAMPLES / "lab.yaml"))
    assert "properties" in json.loads(well("inventory", "schema"))
    assert "eeprom: private bus 1, 0x50" in well(*LAB, "inventory", "show", "server1")
    assert "virtual:rack-server" in well(*LAB, "targets")
    bad = tmp_path / "bad.yaml"
    bad.write_text("targets:\n  a: {hots: x}\n")
    done = program("inventory", "check", str(bad))
    assert done.returncode == 2
    assert f"{bad}:2:7: targets.a.hots: is no key that is known here. Did you mean host?" in done.stderr
    bad.write_text(
        "defaults: {transport: 'virtual:no-such.yaml'}\ntargets:\n  a: {transport: 'virtual:rack-sever'}\n  b: {}\n"
    )
    done = program("inventory", "check", str(bad))
    assert done.returncode == 2
    said = f"{bad}:3:7: targets.a.transport: there is no virtual profile 'rack-sever'. Did you mean rack-server?"
    assert said in done.stderr
    assert f"{bad}:4:3: targets.b: no-such.yaml: cannot be read" in done.stderr


def test_a_trace_and_a_report_are_kept(served: Served, tmp_path: Path) -> None:
    option, target, password = url(served)
    report, trace = tmp_path / "report", tmp_path / "trace.txt"
    well(option, target, "--trace", str(trace), "--report", str(report), "info", password=password)

    assert "Get Device Id" in trace.read_text()
    assert "Get Device Id" in (report / "index.html").read_text()
    assert password not in trace.read_text() + (report / "index.html").read_text()
    assert well("report", "build", str(report), "-o", str(tmp_path / "again")).startswith("nothing tested")


def test_doctor_goes_step_by_step(served: Served) -> None:
    option, target, password = url(served)
    rows = json.loads(well("--format", "json", option, target, "doctor", password=password))
    assert [row["verdict"] for row in rows if row["what"].startswith(target)] == ["well"] * 4
    assert "BMC of this machine" in [row["what"] for row in rows]

    done = program(option, target, "doctor", password="wrong")
    assert done.returncode == 4
    assert "session" in done.stdout


def test_commands_are_listed_with_their_fields() -> None:
    assert re.search(r"ChassisControl +0x00 +0x02 +power +action", well("commands"))


def test_a_virtual_bmc_serves_until_it_is_told_to_stop() -> None:
    command = [
        sys.executable,
        "-c",
        "from ipmi_lab.cli.main import main; main()",
        "--format",
        "json",
        "virtual",
        "serve",
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = json.loads(child.stdout.readline())
    assert "2.09" in well("-t", told["url"], "info", password=told["password"])

    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 128 + signal.SIGTERM
    child.stdout.close()


def test_help_is_there_for_every_command() -> None:
    from ipmi_lab.cli.main import COMMANDS

    shown = well("--help")
    for name in COMMANDS:
        assert name in shown
        assert "Usage" in well(name, "--help")


def test_demo_makes_one_report_of_both_suites(tmp_path: Path) -> None:
    done = program("demo", "-o", str(tmp_path / "report"), cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {test["source"] for test in found["tests"]} == {"robot", "pytest"}
    assert found["verdict"] == "passed"
