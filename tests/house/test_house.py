"""The rules of the house that a machine can check: floors, imports, what the wheel holds."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "ipmi_lab", ROOT / "keywords" / "IpmiLab", ROOT / "fixtures" / "pytest_ipmi_lab"]
HEAVY = {
    *("robot", "pytest", "pluggy", "pydantic", "yaml", "click", "tabulate", "jinja2"),
    *("pygal", "serial", "cryptography", "asyncio", "rich"),
}
MODULES = [path for source in SOURCES for path in source.rglob("*.py") if "demo_suites" not in path.parts]


def test_every_folder_has_a_floor() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {module.strip("() ") for layer in contracts[0]["layers"] for module in layer.replace(":", "|").split("|")}
    root = ROOT / "ipmi_lab"
    there = {f"ipmi_lab.{path.name}" for path in root.iterdir() if path.is_dir() and path.name != "__pycache__"}
    there |= {f"ipmi_lab.{path.stem}" for path in root.glob("*.py")} - {"ipmi_lab.__init__", "ipmi_lab.aio"}

    assert {name.strip() for name in there} <= {name.strip() for name in named}


def modules_after(statement: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_root_brings_nothing_heavy() -> None:
    assert not HEAVY & modules_after("import ipmi_lab; ipmi_lab.Secret; ipmi_lab.CompletionCode")


def test_connecting_brings_only_what_it_needs() -> None:
    brought = modules_after("import ipmi_lab; ipmi_lab.connect('lanplus://admin@127.0.0.1', password='x')")

    assert not {"robot", "pytest", "pluggy", "pydantic", "yaml", "click", "jinja2", "asyncio"} & brought


@pytest.mark.parametrize(
    ("deed", "other"),
    [("hash_of(3, b'key', b'data')", "_hashlib"), ("authentication_code(2, b'key', 1, 1, b'')", "cryptography")],
)
def test_a_session_loads_one_openssl_and_not_two(deed: str, other: str) -> None:
    assert other not in modules_after(
        f"import ipmi_lab; ipmi_lab.connect; from ipmi_lab.sessions.crypto import *; {deed}"
    )


def test_the_plugin_brings_none_of_the_house_before_it_is_used() -> None:
    code = "import pytest, sys; import pytest_ipmi_lab.plugin; print(*(m for m in sys.modules if 'ipmi' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert set(done.stdout.split()) == {"pytest_ipmi_lab", "pytest_ipmi_lab.plugin", "pytest_ipmi_lab.settings"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for_and_has_one_subject(path: Path) -> None:
    text = path.read_text()

    assert text.lstrip().startswith('"""')
    assert text.count("\n") <= 500


def test_the_folders_of_keywords_and_fixtures_are_no_packages() -> None:
    assert not (ROOT / "keywords" / "__init__.py").exists()
    assert not (ROOT / "fixtures" / "__init__.py").exists()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


def test_the_wheel_has_three_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"ipmi_lab", "IpmiLab", "pytest_ipmi_lab"}


def test_the_wheel_alone_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); import ipmi_lab, IpmiLab;"
        f"assert ipmi_lab.__file__.startswith({str(tmp_path)!r}), ipmi_lab.__file__;"
        "from ipmi_lab.cli.demo import examples; folder = examples();"
        f"assert str(folder).startswith({str(tmp_path)!r}); import robot;"
        f"sys.exit(robot.run(str(folder / 'robot'), outputdir={str(tmp_path / 'out')!r}, "
        "variable=[f'INVENTORY:{folder}/lab.yaml']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / "ipmi" / "index.html").exists()


def test_the_page_of_quirks_shows_each() -> None:
    from ipmi_lab.sessions.quirks import LESS_SAFE, QUIRKS

    rows = re.findall(r"^\| `(\w+)` \|(.*)$", (ROOT / "docs" / "quirks.md").read_text(), re.MULTILINE)

    assert [name for name, _ in rows] == sorted(QUIRKS)
    assert {name for name, text in rows if "**less safe**" in text} == set(LESS_SAFE)
