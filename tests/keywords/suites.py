"""Runs a small Robot suite in a process of its own, and says what came of it."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

HEAD = """\
*** Settings ***
Library    IpmiLab    inventory={inventory}    {more}
{settings}

*** Test Cases ***
"""
LAB = """\
targets:
  a: {transport: "virtual:rack-server", allow: [power]}
  b: {transport: "virtual:legacy"}
  guarded: {transport: "virtual:rack-server"}
  pinned: {transport: "virtual:rack-server", expect: {device_id: {manufacturer: 1}}}
"""


@dataclass
class Ran:
    """What came of a suite: verdict and message by test, and the folder of its outputs."""

    code: int
    tests: dict[str, tuple[str, str]]
    folder: Path
    console: str

    def report(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / "ipmi" / "report.json").read_text())
        return found

    def everything(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.rglob("*") if path.is_file())


def run(
    tmp_path: Path,
    tests: str,
    *,
    settings: str = "",
    more: str = "",
    options: tuple[str, ...] = (),
    lab: str = LAB,
    **env: str,
) -> Ran:
    inventory, suite, out = tmp_path / "lab.yaml", tmp_path / "suite.robot", tmp_path / "out"
    inventory.write_text(lab)
    head = HEAD.format(inventory=inventory, more=more, settings=settings)
    suite.write_text(head + textwrap.dedent(tests).strip("\n") + "\n")
    command = [sys.executable, "-m", "robot", "--outputdir", str(out), *options, str(suite)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")} | env
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    found = {}
    for test in ElementTree.parse(out / "output.xml").iter("test"):
        status = test.find("status")
        assert status is not None
        found[test.get("name", "")] = (status.get("status", ""), status.text or "")
    return Ran(done.returncode, found, out, done.stdout + done.stderr)
