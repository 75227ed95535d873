"""What users read of the keywords: libdoc, the table of the docs, the examples."""

import subprocess
import sys
from pathlib import Path

from robot.libdoc import LibraryDocumentation

from IpmiLab.messaging import MADE
from tests.keywords.suites import run

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_dry_run_and_libdoc_speak_to_nobody(tmp_path: Path) -> None:
    ran = run(tmp_path, "Any\n    Establish Session    no-such\n    Get Device Id\n", options=("--dryrun",))

    assert ran.code == 0
    assert not (ran.folder / "ipmi").exists()


def test_every_keyword_is_documented_with_its_arguments_and_an_example() -> None:
    library = LibraryDocumentation("IpmiLab")
    assert len(library.keywords) > 30
    for keyword in library.keywords:
        assert "Example" in keyword.doc, keyword.name
        for argument in keyword.args:
            said = getattr(argument, "doc", "") or f"{argument.name}:" in keyword.doc  # as old Robots leave it
            assert said or argument.is_marker, f"{keyword.name}: {argument.name}"
            assert argument.type is not None or argument.is_marker, f"{keyword.name}: {argument.name}"


def test_the_table_of_the_docs_names_every_keyword_but_those_that_are_made() -> None:
    table = (EXAMPLES.parent / "docs" / "robot.md").read_text()
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and not line.startswith("| `")]
    named = {word.strip().lower() for row in rows for word in row.split(",")}
    there = {keyword.name.lower() for keyword in LibraryDocumentation("IpmiLab").keywords}

    assert there - named - {name.lower() for name in MADE} == set()


def test_the_examples_pass(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), str(EXAMPLES / "robot")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
    assert "0 failed" in done.stdout
