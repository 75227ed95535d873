"""The journal and the pages that are made of it: nothing lost, nothing betrayed, nothing run."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.lab.run import Run
from ipmi_lab.report.events import find
from ipmi_lab.report.html import build
from ipmi_lab.report.journal import Journal
from ipmi_lab.report.load import load
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Exchanged
from ipmi_lab.sessions.login import Login

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\"'&"
FORMULA = "=cmd|' /C calc'!A0"


def exchanged(**changes: Any) -> Exchanged:
    usual: dict[str, Any] = {"netfn": 6, "command": 1, "lun": 0, "request": b"", "code": 0, "tries": 1}
    usual |= {"response": bytes.fromhex("20010209028069c20015080000000000"), "elapsed": 0.001, "purpose": "command"}
    return Exchanged(**usual | changes)


def sample(folder: Path, source: str = "robot") -> Run:
    run = Run(source, folder, "run-1", facts={"operator": HOSTILE, "station": "bench-1"})
    run.test_started("Suite.Good", suite="Suite")
    run.target = "bmc1"
    for _ in range(6):
        run.observe("bmc1")(exchanged())
    run.measure("P12V", 12.1, low=11.4, high=12.6, unit="V")
    run.test_ended("Suite.Good", "passed", 0.5, suite="Suite")
    run.test_started("Suite.Bad", suite="Suite")
    run.observe("bmc1")(exchanged(code=0xC7, response=b""))
    run.observe("bmc1")(exchanged(code=None, response=b"", tries=4))
    run.measure(FORMULA, 99.0, low=0.0, high=50.0, unit="degC")
    run.note(HOSTILE)
    run.test_ended("Suite.Bad", "failed", 1.0, HOSTILE, suite="Suite")
    run.test_started("Suite.Killed", suite="Suite")
    run.write("target", target="bmc1", found={"firmware": HOSTILE}, expected={"firmware": "2.0"}, mismatches=["wrong"])
    return run


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    sample(tmp_path).finish()
    run = load([tmp_path])

    assert {test.id: test.verdict for test in run.tests} == {
        "Suite.Good": "passed",
        "Suite.Bad": "failed",
        "Suite.Killed": "aborted",
    }
    assert [(m.verdict, m.margin) for m in run.measurements] == [("passed", 83.33), ("failed", -196.0)]
    assert run.verdict == "failed"
    assert run.coverage() == {"Get Device Id": {"bmc1": {"00": 6, "C7": 1, "none": 1}}}


def test_a_run_of_which_nothing_was_tested_has_not_passed(tmp_path: Path) -> None:
    Run("shell", tmp_path, "empty").finish()

    assert load([tmp_path]).verdict == "nothing tested"


@pytest.mark.parametrize("trace", ["off", "failed", "all"])
def test_the_page_runs_nothing_that_a_bmc_sent_and_loads_nothing(tmp_path: Path, trace: str) -> None:
    sample(tmp_path).finish()
    build([tmp_path], tmp_path / "out", trace=trace)
    page = (tmp_path / "out" / "index.html").read_text()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert ("request data length invalid" in page) == (trace != "off")


def test_the_companions_can_be_read_by_their_programs(tmp_path: Path) -> None:
    sample(tmp_path).finish()
    build([tmp_path], tmp_path / "out")
    out = tmp_path / "out"

    suite = ElementTree.parse(out / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    rows = list(csv.DictReader((out / "measurements.csv").open()))
    assert [row["name"] for row in rows] == ["P12V", "'" + FORMULA]
    assert json.loads((out / "report.json").read_text())["verdict"] == "failed"
    assert "# Lab report run-1: failed" in (out / "summary.md").read_text()


def test_two_programs_under_one_id_make_one_page(tmp_path: Path) -> None:
    sample(tmp_path, "robot").finish()
    sample(tmp_path, "pytest").finish()

    run = build([tmp_path], tmp_path)

    assert len(run.tests) == 6
    assert len(find([tmp_path])) == 2


def test_a_page_is_made_anew_of_the_same_journals(tmp_path: Path) -> None:
    sample(tmp_path).finish()

    assert build([tmp_path], tmp_path / "a").verdict == build([tmp_path], tmp_path / "b").verdict
    assert (tmp_path / "a" / "report.json").read_bytes() == (tmp_path / "b" / "report.json").read_bytes()


def test_no_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="there is no journal"):
        build([tmp_path], tmp_path / "out")


def test_damaged_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    sample(tmp_path).finish()
    journal = find([tmp_path])[0]
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(b"not json\n" + b'{"kind": 5}\n' + b"\xff\xfe\n" + whole + lines[-1][:20])

    run = build([tmp_path], tmp_path / "out")

    assert run.damaged == 4
    assert len(run.tests) == 3


def test_events_of_a_later_version_do_no_harm(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "r", "robot")
    journal.run("started", new_field={"deep": [1]})
    journal.write("new_kind", facts=5)
    journal.write("test", what="ended", id="t", verdict="passed", colour="green")
    journal.run("ended")
    journal.close()

    assert build([tmp_path], tmp_path / "out").verdict == "passed"


def test_what_is_missing_in_a_journal_makes_the_run_incomplete(tmp_path: Path) -> None:
    kinds = ("run", "target", "session", "exchange", "measurement", "test", "note", "attachment", "problem")
    journal = Journal(tmp_path, "r", "robot")
    journal.run("started")
    journal.write("test", what="ended", id="t", verdict="passed")
    for kind in kinds:
        journal.write(kind)
        journal.write(kind, facts=5, target=None, what=[], ms="x", id=3, verdict=None)
    journal.run("ended")
    journal.close()
    run = build([tmp_path], tmp_path / "out")

    assert run.damaged == 2 * len(kinds)
    assert run.verdict == "incomplete"
    assert f"{run.damaged} lines of the journal could not be read" in (tmp_path / "out" / "index.html").read_text()


def test_everything_that_was_finished_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from ipmi_lab.lab.run import Run\n"
        f"run = Run('robot', Path({str(tmp_path)!r}), 'killed')\n"
        "for n in range(20):\n"
        "    run.test_started(f't{n}'); run.test_ended(f't{n}', 'passed', 0.1)\n"
        "run.test_started('unfinished'); print('ready', flush=True); signal.pause()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()

    run = build([tmp_path], tmp_path / "out")

    assert run.counts == {"passed": 20, "aborted": 1}
    assert run.verdict == "aborted"


def test_no_secret_gets_into_a_file(tmp_path: Path) -> None:
    run = Run("robot", tmp_path, "secrets")
    run.hide(Login("admin", Secret("planted-secret")))
    run.test_started("t")
    listen = run.observe("bmc1")
    listen(exchanged(command=0x47, request=b"\x02\x02planted-secret\0\0", response=b""))
    listen(exchanged(command=0x56, request=b"\x01\x01\x01" + b"planted-secret".ljust(20, b"\0"), response=b"\x02"))
    listen(exchanged(command=0x56, request=b"\x01\x00\x01", response=b"\x02" + b"planted-secret".ljust(20, b"\0")))
    run.note("the password is planted-secret")
    run.write("note", text=Secret("planted-secret"), more={"deep": ["planted-secret"]})
    run.test_ended("t", "failed", 0.1, "planted-secret")
    run.finish()
    build([tmp_path], tmp_path, trace="all")

    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"planted" not in everything
    assert b"planted".hex(" ").encode() not in everything
    assert b"planted".hex().encode() not in everything


def test_a_journal_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    with pytest.warns(UserWarning, match="the run goes on"):
        journal = Journal(blocked / "folder", "r", "robot")
    journal.write("note", text="x")
    journal.close()

    assert journal.lost >= 2


def full_disk(journal: Journal) -> int:
    """Puts a file that takes no byte in the place of the journal's; gives the journal's own."""
    there = journal._file
    assert there is not None
    journal._file = os.open("/dev/full", os.O_WRONLY)
    return there


def test_a_full_disk_is_said_in_the_report_once_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "r", "robot")
    journal.run("started")
    real = full_disk(journal)
    with pytest.warns(UserWarning, match="No space left"):
        journal.write("note", text="lost")
    journal.write("note", text="lost too")
    os.close(journal._file or 0)
    journal._file = real
    journal.write("test", what="ended", id="t", verdict="passed")
    journal.run("ended")
    journal.close()
    run = build([tmp_path], tmp_path / "out")

    assert (run.verdict, run.damaged) == ("incomplete", 0)
    assert run.reasons == ["2 events could not be written to the journal"]


def test_a_disk_that_stays_full_does_not_fail_the_end_of_the_run(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "r", "robot")
    os.close(full_disk(journal))
    with pytest.warns(UserWarning, match="No space left"):
        journal.write("note", text="lost")
    journal.run("ended")
    journal.close()

    assert journal.lost == 2


@pytest.mark.filterwarnings("error")
def test_a_full_disk_fails_no_test_where_warnings_are_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(tmp_path, "r", "robot")
    os.close(full_disk(journal))
    journal.write("note", text="lost")
    journal.close()

    assert "the run goes on" in capsys.readouterr().err


def test_ten_thousand_exchanges_make_a_page_that_says_what_it_leaves_out(tmp_path: Path) -> None:
    run = Run("robot", tmp_path, "large")
    listen = run.observe("bmc1")
    run.test_started("t")
    for _ in range(3000):
        listen(exchanged())
    run.test_ended("t", "passed", 1.0)
    run.finish()
    build([tmp_path], tmp_path / "out", trace="all")

    assert "1000 more exchanges are in report.json" in (tmp_path / "out" / "index.html").read_text()
