"""Python libraries as clients, each command in a child process, so that none of their threads stays."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.interop.children import run
from tests.interop.peers import Answer, Asked, Client, Lan, Target, library

LEVELS = {"USER": "2", "OPERATOR": "3", "ADMINISTRATOR": "4"}  # for pyghmi
PROGRAMS = Path(__file__).parent / "programs"


def _run(script: str, how: str, asked: Asked) -> Answer:
    target = asked.target
    environment = {
        "IPMI_PASSWORD": target.password,
        "KG": target.kg.hex(),
        "WORKAROUNDS": " ".join(target.workarounds),
    }
    words = [target.host, str(target.port), target.user, *how.split(), asked.request.hex()]
    done = run([sys.executable, str(PROGRAMS / script), *words], environment, seconds=30 + asked.patience)
    said = bytes.fromhex(done.stdout) if done.returncode == 0 else b""
    return Answer(done.returncode, done.stdout, done.stderr, said[0] if said else None, said[1:])


class Pyghmi(Client):
    """pyghmi: IPMI 2.0; it tries suite 17, then 3, and nobody can tell it which."""

    def __init__(self) -> None:
        self.name = library("pyghmi", "pyghmi")

    def ask(self, asked: Asked) -> Answer:
        """The BMC must leave it no other way than this one."""
        how = f"{LEVELS[asked.level]} {asked.route or '-'} {asked.patience}"
        answer = _run("pyghmi_client.py", how, asked)
        assert answer.completion is None or f"{asked.way} came about" in f"2.0 {answer.errors}", (
            f"{asked.way}: {answer}"
        )
        return answer


class PythonIpmi(Client):
    """python-ipmi with its own sessions: IPMI 1.5 with the strongest type that the BMC has, IPMI 2.0 by suite."""

    def __init__(self) -> None:
        self.name = library("pyipmi", "python-ipmi")

    def ask(self, asked: Asked) -> Answer:
        suite = "1.5" if isinstance(asked.way, Lan) else str(asked.way.suite)
        how = f"{asked.level} {suite} {asked.patience} {asked.route or '-'}"
        return _run("python_ipmi_client.py", how, asked)


def pyghmi_calls(target: Target, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What methods of pyghmi's Command give, one after the other in one session."""
    library("pyghmi", "pyghmi")
    return _talk("pyghmi_calls.py", target, [], calls)


def python_ipmi_messages(target: Target, *messages: tuple[str, dict[str, Any]], address: int = 0x20) -> list[Any]:
    """The fields of python-ipmi's answers to its own messages, in one session; bytes are lists of numbers."""
    library("pyipmi", "python-ipmi")
    return _talk("python_ipmi_messages.py", target, ["ADMINISTRATOR", hex(address)], messages)


def _talk(script: str, target: Target, more: list[str], lines: tuple[tuple[str, dict[str, Any]], ...]) -> list[Any]:
    command = [sys.executable, str(PROGRAMS / script), target.host, str(target.port), target.user, *more]
    said = "".join(json.dumps(line) + "\n" for line in lines)
    done = run(command, {"IPMI_PASSWORD": target.password}, 60, said)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
