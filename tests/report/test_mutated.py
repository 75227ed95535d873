"""Journals by other hands: whatever stands in them, a report is made or our own error says why not."""

import csv
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import pytest

from ipmi_lab.errors import LocalError
from ipmi_lab.report.events import find
from ipmi_lab.report.html import build
from tests.battery.length import scaled
from tests.report.test_report import sample

MUTATIONS = scaled(short=150, long=20_000)
ODD: list[Any] = [
    *(None, True, -1, 0, 1e308, -1e308, 10**30, 2**63, 0.1, float("inf"), float("nan")),
    *("", "x" * 5000, "\x00\x1b[31m\u202e", "\ud800", "<script>", "1970-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00+14:00", "2026-01-01", "inf", "0x10", "passed", "ended", "aborted", "zz", "** **"),
    *([], [[]], ["a", 1, None], {}, {"a": {"b": []}}, {"": ""}, {"command": ["x", "y"]}),
]


def change_a_value(chance: random.Random, lines: list[bytes]) -> None:
    at = chance.randrange(len(lines))
    event = json.loads(lines[at])
    event[chance.choice(list(event))] = chance.choice(ODD)
    lines[at] = json.dumps(event).encode() + b"\n"


def drop_a_key(chance: random.Random, lines: list[bytes]) -> None:
    at = chance.randrange(len(lines))
    event = json.loads(lines[at])
    del event[chance.choice(list(event))]
    lines[at] = json.dumps(event).encode() + b"\n"


def spoil_bytes(chance: random.Random, lines: list[bytes]) -> None:
    at = chance.randrange(len(lines))
    line = bytearray(lines[at])
    for _ in range(chance.randrange(1, 4)):
        line[chance.randrange(len(line))] = chance.randrange(256)
    lines[at] = bytes(line)


def cut(chance: random.Random, lines: list[bytes]) -> None:
    at = chance.randrange(len(lines))
    lines[at] = lines[at][: chance.randrange(len(lines[at]))]


def move(chance: random.Random, lines: list[bytes]) -> None:
    lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))


def double(chance: random.Random, lines: list[bytes]) -> None:
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))


def put_in(chance: random.Random, lines: list[bytes]) -> None:
    strange = [b"[" * 100_000, b"{}", b"null", b"5", b'{"kind":[]}', b"\xff\xfe", b"9" * 5000, chance.randbytes(50)]
    lines.insert(chance.randrange(len(lines)), chance.choice(strange) + b"\n")


SPOILERS: list[Callable[[random.Random, list[bytes]], None]] = [
    *(change_a_value, change_a_value, change_a_value, drop_a_key, spoil_bytes, cut, move, double, put_in),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("whole")
    run = sample(folder)
    run.attach(Path(__file__))
    run.fact(board="rev C")
    run.finish("interrupted")
    return find([folder])[0].read_bytes().splitlines(keepends=True)


def refuse(text: str) -> NoReturn:
    raise AssertionError(f"{text} is no JSON")


@pytest.mark.parametrize("seed", range(10))
def test_a_mutated_journal_gives_a_report_or_our_own_error(seed: int, whole: list[bytes], tmp_path: Path) -> None:
    chance = random.Random(seed)
    journal, out = tmp_path / "journal-run-1-x.jsonl", tmp_path / "out"
    for _ in range(MUTATIONS // 10):
        lines = list(whole)
        for _ in range(chance.choice((1, 1, 2, 5))):
            spoil = chance.choice(SPOILERS)
            try:
                spoil(chance, lines)
            except (ValueError, TypeError, IndexError, AttributeError, RecursionError):
                continue  # the line was spoilt before
        journal.write_bytes(b"".join(lines))
        begun = time.monotonic()
        run_id = "run-1" if chance.random() < 0.9 else ""
        try:
            run = build([tmp_path], out, trace="all", run_id=run_id)
        except LocalError as error:
            told = str(error)
            assert "runs, and a report is of one" in told, told  # the run's id was changed
            continue
        assert time.monotonic() - begun < 5
        assert run.verdict in ("failed", "aborted", "incomplete")
        json.loads((out / "report.json").read_text(), parse_constant=refuse)
        ElementTree.parse(out / "junit.xml")
        assert len(list(csv.DictReader((out / "measurements.csv").open()))) == len(run.measurements)
        assert (out / "index.html").read_text().rstrip().endswith("</html>")
        assert (out / "summary.md").read_text()


@pytest.mark.parametrize("content", [b"", b"\n\n", b"x" * 9_000_000, b"not json\n" * 100, bytes(1000)])
def test_what_is_no_journal_is_told(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)

    with pytest.raises(LocalError, match=r"no line of the journals can be read|there is no journal"):
        build([path], tmp_path / "out")


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot be read: No such file"):
        build([tmp_path / "none.jsonl"], tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match=r"the report cannot be written into .*: Not a directory"):
        build([tmp_path], tmp_path / "file" / "out")
