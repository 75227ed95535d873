"""What a report must not do: show green where something failed or never ended, or mix what is not one run."""

import itertools
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.lab.run import Run
from ipmi_lab.report import journal as journal_file
from ipmi_lab.report.events import find
from ipmi_lab.report.html import build
from ipmi_lab.report.load import load
from ipmi_lab.report.pages import PAGES
from tests.report.test_report import exchanged


def note_test(run: Run, test: str, verdict: str = "passed", message: str = "") -> None:
    run.test_started(test, suite="Suite")
    run.test_ended(test, verdict, 0.1, message, suite="Suite")


def cases(folder: Path) -> dict[str, str]:
    """What junit.xml says: name of each case, and the tag of its result."""
    found = ElementTree.parse(folder / "junit.xml").getroot().iter("testcase")
    return {case.get("name", ""): "".join(result.tag for result in case) for case in found}


# ---------------------------------------------------------------------- falsely green


def test_a_process_that_was_killed_between_two_tests_has_not_passed(tmp_path: Path) -> None:
    run = Run("robot", tmp_path, "killed")
    note_test(run, "one")

    built = build([tmp_path], tmp_path / "out")

    assert built.verdict == "aborted"
    assert built.reasons == ["a robot process did not come to its end: it was killed, or still runs"]
    assert cases(tmp_path / "out") == {"one": "", "robot comes to its end": "error"}


def test_a_process_that_left_an_empty_journal_has_not_passed(tmp_path: Path) -> None:
    run = Run("pytest", tmp_path, "run-1")
    note_test(run, "one")
    run.finish()
    (tmp_path / "journal-run-1-host-7-1.jsonl").touch()
    (tmp_path / "journal-other-host-7-1.jsonl").touch()

    assert build([tmp_path], tmp_path / "out").reasons == [
        "a process did not come to its end: it was killed, or still runs"
    ]


def test_a_run_that_ended_before_its_time_has_not_passed(tmp_path: Path) -> None:
    run = Run("pytest", tmp_path, "cut")
    note_test(run, "one")
    run.finish("it was interrupted")

    built = load([tmp_path])
    assert (built.verdict, built.reasons) == (
        "aborted",
        ["a pytest process did not come to its end: it was interrupted"],
    )


@pytest.mark.parametrize("verdicts", list(itertools.permutations(["failed", "passed"])))
def test_a_test_that_runs_again_is_shown_each_time_and_its_failure_stays(
    verdicts: tuple[str, str], tmp_path: Path
) -> None:
    run = Run("robot", tmp_path, "again")
    for verdict in verdicts:
        note_test(run, "flaky", verdict)
    run.finish()

    built = build([tmp_path], tmp_path / "out")

    assert [(test.title, test.verdict) for test in built.tests] == [
        ("flaky (run 1 of 2)", verdicts[0]),
        ("flaky (run 2 of 2)", verdicts[1]),
    ]
    assert built.verdict == "failed"
    assert sorted(cases(tmp_path / "out").values()) == ["", "failure"]
    assert "flaky (run 2 of 2)" in (tmp_path / "out" / "index.html").read_text()


def test_a_stranger_on_the_bench_fails_the_run_for_people_and_for_ci(tmp_path: Path) -> None:
    run = Run("robot", tmp_path, "stranger")
    note_test(run, "one")
    run.write("target", target="bmc1", found={"product": 66}, expected={"product": 65}, mismatches=["product is 66"])
    run.finish()

    built = build([tmp_path], tmp_path / "out")

    assert (built.verdict, built.reasons) == ("failed", ["bmc1 is not the expected machine"])
    assert cases(tmp_path / "out") == {"one": "", "bmc1 is the expected machine": "failure"}


def test_a_value_outside_its_limits_fails_the_run_where_its_test_passed(tmp_path: Path) -> None:
    run = Run("robot", tmp_path, "warm")
    run.test_started("caught")
    run.measure("CPU", 99, high=85)
    run.test_ended("caught", "passed", 0.1)
    run.test_started("failed")
    run.measure("P5V", 6, high=5.25)
    run.test_ended("failed", "failed", 0.1)
    run.finish()

    built = build([tmp_path], tmp_path / "out")

    assert (built.verdict, built.reasons[1]) == ("failed", "2 measurements outside the limits")
    assert cases(tmp_path / "out") == {"caught": "", "failed": "failure", "CPU is within its limits": "failure"}


def test_the_pages_of_yesterday_are_no_result_of_a_run_that_is_killed_today(tmp_path: Path) -> None:
    run = Run("robot", tmp_path, "yesterday")
    note_test(run, "one")
    run.finish()
    assert run.make_pages("failed").page == tmp_path / "index.html"

    Run("robot", tmp_path, "today")

    assert not [name for name in PAGES if (tmp_path / name).exists()]
    assert load([tmp_path], "yesterday").verdict == "passed"


def test_pages_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    for name in PAGES:
        (tmp_path / name).write_text("mine")
    Run("robot", tmp_path, "run-1")

    assert [(tmp_path / name).read_text() for name in PAGES] == ["mine"] * len(PAGES)


# ---------------------------------------------------------------------- one page, one run


def two_runs(folder: Path) -> None:
    for run_id, verdict in (("first", "failed"), ("second", "passed")):
        run = Run("robot", folder, run_id)
        note_test(run, f"in {run_id}", verdict)
        run.finish()


def test_two_runs_in_one_folder_are_not_mixed(tmp_path: Path) -> None:
    two_runs(tmp_path)

    with pytest.raises(LocalError, match=r"are of 2 runs, and a report is of one: first \(.*, second .*--run second"):
        build([tmp_path], tmp_path / "out")
    assert build([tmp_path], tmp_path / "out", run_id="second").verdict == "passed"
    assert [test.id for test in build([tmp_path], tmp_path / "out", run_id="first").tests] == ["in first"]
    with pytest.raises(LocalError, match=r"there is no journal of the run 'third'. There is: first"):
        load([tmp_path], "third")


def test_the_end_of_a_run_makes_the_page_of_that_run(tmp_path: Path) -> None:
    two_runs(tmp_path)
    run = Run("pytest", tmp_path, "third")
    note_test(run, "mine")
    run.finish()
    run.make_pages("failed")

    found = json.loads((tmp_path / "report.json").read_text())
    assert ([test["id"] for test in found["tests"]], found["verdict"]) == (["mine"], "passed")


@pytest.mark.parametrize("begin", [1, 9], ids=["1 and 2", "9 and 10"])
def test_journals_that_were_put_into_one_file_are_still_those_of_several_processes(
    begin: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_count", itertools.count(begin))  # the names of the files end in it
    for test in ("one", "two"):
        run = Run("robot", tmp_path, "merged")
        note_test(run, test)
        if test == "two":
            run.finish()
    merged = tmp_path / "all.jsonl"
    merged.write_bytes(b"".join(path.read_bytes() for path in find([tmp_path])))

    built = build([merged], tmp_path / "out")

    assert [process.why for process in built.processes] == ["it was killed, or still runs", ""]


def test_a_forked_process_writes_a_journal_of_its_own(tmp_path: Path) -> None:
    run = Run("pytest", tmp_path, "forked")
    run.test_started("forks")
    child = os.fork()
    if not child:
        run.note("from the child")
        os._exit(0)
    os.waitpid(child, 0)
    run.note("from the parent")
    run.test_ended("forks", "passed", 0.1)
    run.finish()

    assert len(find([tmp_path])) == 2
    built = load([tmp_path])
    assert sorted(note.text for note in built.notes) == ["from the child", "from the parent"]
    assert (built.verdict, built.counts) == ("passed", {"passed": 1})


# ---------------------------------------------------------------------- clocks


@pytest.mark.parametrize("jump", [timedelta(hours=1), -timedelta(hours=1), -timedelta(days=20_000)])
def test_a_wall_clock_that_is_set_changes_neither_order_nor_verdicts(
    jump: timedelta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = timedelta()
    monkeypatch.setattr(journal_file, "_now", lambda: (datetime.now(UTC) + wrong).isoformat())
    first = Run("robot", tmp_path, "clock")
    note_test(first, "one")
    first.test_started("two")
    wrong = jump
    first.observe("bmc1")(exchanged())
    first.test_ended("two", "passed", 0.1)
    second = Run("pytest", tmp_path, "clock")
    note_test(second, "three")
    second.finish()
    note_test(first, "four")
    first.finish()

    built = load([tmp_path])

    assert [test.id for test in built.tests] == ["one", "two", "three", "four"]
    assert built.verdict == "passed"
    assert built.duration < 60
    assert abs(built.exchanges[0].time - datetime.now(UTC)) < timedelta(minutes=1)


# ---------------------------------------------------------------------- what is hard to write down


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_none_is_told_and_leaves_the_report_json(value: float, tmp_path: Path) -> None:
    run = Run("pytest", tmp_path, "numbers")
    with pytest.raises(LocalError, match=f"P12V: the value is {value}, not a finite number"):
        run.measure("P12V", value)
    with pytest.raises(LocalError, match="P12V: the high limit is inf"):
        run.measure("P12V", 1, high=float("inf"))
    run.fact(odd=value)
    note_test(run, "one")
    run.finish()
    run.make_pages("all")

    found = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert (found["verdict"], found["facts"]["odd"]) == ("passed", str(value))


def test_text_that_is_no_text_loses_no_event(tmp_path: Path) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    run = Run("pytest", tmp_path, "text")
    run.note("a lone surrogate \udc80 and a null \0")
    run.fact(broken=Broken(), deep={"a": [b"\x01\x02", {1, 2}]})
    note_test(run, "one")
    run.finish()

    built = build([tmp_path], tmp_path / "out")

    assert built.notes[0].text == "a lone surrogate ? and a null \0"
    assert built.facts["broken"] == ["<Broken, which cannot be shown: RuntimeError>"]
    assert (built.verdict, built.damaged) == ("passed", 0)


def test_an_attachment_is_linked_where_its_copy_is(tmp_path: Path) -> None:
    scope = tmp_path / "a scope's <picture>.png"
    scope.write_bytes(b"png")
    run = Run("pytest", tmp_path / "report", "attached")
    run.attach(scope)
    run.finish()
    run.make_pages("failed")
    build([tmp_path / "report"], tmp_path / "elsewhere")

    page = (tmp_path / "report" / "index.html").read_text()
    assert 'href="' in page
    assert "%20scope%27s%20%3Cpicture%3E.png" in page
    assert "href=" not in (tmp_path / "elsewhere" / "index.html").read_text()
