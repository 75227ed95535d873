"""The page of the messaging commands says what the tests proved, and has no hole."""

import re
from types import SimpleNamespace

import pytest

from tests import messaging
from tests.conftest import MessagingPage
from tests.proofs import MESSAGING, Proof


def proofs_on_the_page() -> set[Proof]:
    """What the page of the docs says, read back."""
    found = set()
    for line in messaging.PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.fullmatch(r"[0-9A-F]{2}h", cells[0]):
            continue
        name = cells[1].strip("`")
        found |= {Proof(name, face) for face, cell in zip(FACES, cells[1:6], strict=True) if cell != "missing"}
        for peers, cell in zip((messaging.CLIENTS, messaging.SERVERS, messaging.CODECS), cells[6:], strict=True):
            found |= {Proof(name, peer) for peer in peers if peer in re.split(r", (?!by hand)", cell)}
    return found


FACES = tuple(messaging.SHOWN)


def test_the_page_has_thirty_one_rows_and_no_hole() -> None:
    text = messaging.PAGE.read_text()

    assert len(MESSAGING) == len(set(MESSAGING)) == 31
    assert "missing" not in text
    assert messaging.page(proofs_on_the_page()) == text, "it was written by hand, or its shape has changed"


def test_only_get_auth_code_is_known_to_no_program_at_hand() -> None:
    assert messaging.alone(proofs_on_the_page()) == ["GetAuthCode"]


def test_what_no_test_proved_is_missing_from_the_page() -> None:
    text = messaging.page({Proof("GetMessage", "ipmi_sim"), Proof("GetMessage", "method")})
    row = next(line for line in text.splitlines() if "33h" in line)

    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("33h", "missing", "`get_message()`", "missing", "missing", "missing"),
        *("–", "ipmi_sim", "–"),
    ]


class Report:
    """What pytest tells of a test."""

    def __init__(self, nodeid: str, *proofs: Proof, passed: bool = True) -> None:
        self.nodeid, self.passed, self.when = nodeid, passed, "call"
        self.user_properties = [("proves", list(proof)) for proof in proofs]


def finished(reports: list[Report], monkeypatch: pytest.MonkeyPatch, **options: object) -> tuple[object, str]:
    """The exit status of a run with these reports, and what is told."""
    monkeypatch.delenv("IPMI_LAB_WRITE_TABLES", raising=False)
    usual = {"keyword": "", "markexpr": ""} | options
    config = SimpleNamespace(option=SimpleNamespace(**usual), args=["tests"])
    session = SimpleNamespace(config=config, exitstatus=0)
    plugin = MessagingPage()
    for report in reports:
        plugin.pytest_runtest_logreport(report)  # type: ignore[arg-type]  # enough of one
    plugin.pytest_sessionfinish(session)  # type: ignore[arg-type]  # enough of one
    return session.exitstatus, plugin.told


WHOLE = (
    "tests/commands/test_faces.py::a",
    "tests/commands/test_other_codecs.py::b",
    "tests/interop/test_messaging_at_ours.py::c",
    "tests/interop/test_bridging_at_ours.py::d",
)


def test_a_whole_run_that_proves_something_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    status, told = finished([Report(nodeid) for nodeid in WHOLE], monkeypatch)

    assert status == pytest.ExitCode.TESTS_FAILED
    assert "is not what the tests proved" in told


def test_a_whole_run_that_proves_the_page_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [Report(WHOLE[0], *proofs_on_the_page()), *map(Report, WHOLE[1:])]

    assert finished(reports, monkeypatch) == (0, "")


def test_a_run_of_some_tests_or_without_peers_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [Report(nodeid) for nodeid in WHOLE]

    assert finished(some[:3], monkeypatch) == (0, "")
    assert finished(some, monkeypatch, keyword="faces") == (0, "")
    status, told = finished([*some[:3], Report(WHOLE[3], passed=False)], monkeypatch)
    assert status == 0
    assert "is not compared" in told
