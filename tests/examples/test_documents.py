"""The examples run, and the code blocks of the Markdown pages are what they say they are."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ipmi_lab import document
from ipmi_lab.inventory.loading import Inventory
from ipmi_lab.virtual.profile import Profile

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LAB = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def blocks(*languages: str) -> list[object]:
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}:{page.read_text()[: found.start()].count(chr(10)) + 1}")
        for page in PAGES
        for found in BLOCK.finditer(page.read_text())
        for language, text in [found.groups()]
        if language in languages
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert LAB is not None
    (tmp_path / "lab.yaml").write_text(LAB[1])
    return tmp_path


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=cwd, env=environment, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("text", blocks("python"))
def test_a_block_of_python_runs(text: str, folder: Path) -> None:
    if "def test_" not in text:
        (folder / "script.py").write_text(text)
        run("script.py", cwd=folder)
        return
    (folder / "test_block.py").write_text(text)
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--ipmi-inventory=lab.yaml", "test_block.py", cwd=folder)
    assert "passed" in done.stdout
    assert "no inventory" not in done.stdout


@pytest.mark.parametrize("text", blocks("robotframework"))
def test_a_block_of_robot_passes(text: str, folder: Path) -> None:
    (folder / "suite.robot").write_text(text)

    assert "0 failed" in run("-m", "robot", "--outputdir", "out", "suite.robot", cwd=folder).stdout


@pytest.mark.parametrize("text", blocks("yaml"))
def test_a_block_of_yaml_is_an_inventory_or_a_profile(text: str, folder: Path) -> None:
    (folder / "block.yaml").write_text(text)
    if "targets:" in text:
        assert Inventory.load(folder / "block.yaml").targets
    else:
        assert document.read(folder / "block.yaml", Profile).summary


@pytest.mark.parametrize("text", blocks("console"))
def test_commands_of_a_console_block_work(text: str, folder: Path) -> None:
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[0] == "make":
            assert f"\n{words[1]}: $(READY)" in (ROOT / "Makefile").read_text()
        else:
            assert words[0] == "ipmi-lab"
            run("-c", "from ipmi_lab.cli.main import main; main()", *words[1:], cwd=folder)


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("name", ["blocking.py", "many.py"])
def test_the_scripts_run(name: str, tmp_path: Path) -> None:
    assert "2.09" in run(str(ROOT / "examples" / "python" / name), cwd=tmp_path).stdout


@pytest.mark.parametrize("name", ["lab.yaml", "ipmi_sim.yaml"])
def test_the_inventories_have_no_mistakes(name: str) -> None:
    assert Inventory.load(ROOT / "examples" / name).targets
