"""A client loop in a process of its own, on one core: told when to run a lap, it says how it went.

``python -m benchmarks.racer MODULE:LOOP CORE HOST PORT…`` is the process; ``Racer`` drives it.
"""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from benchmarks.lap import Lap, Loop

WARM_UP = 0.1  # seconds before the first lap counts


class Unavailable(Exception):
    """A client that cannot run on this machine, and why."""


class Racer:
    """The process of one loop; its session stays open from lap to lap."""

    def __init__(self, loop: str, host: str, ports: list[int], core: int) -> None:
        words = [sys.executable, "-m", "benchmarks.racer", loop, str(core), host, *map(str, ports)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self._answer()
        except Unavailable:
            self.close()
            raise

    def lap(self, seconds: float) -> Lap:
        """Run one lap."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        return Lap(**self._answer())

    def close(self) -> None:
        """Let it log out and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable(f"its process ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "unavailable" in answer:
            raise Unavailable(answer["unavailable"])
        return answer


def main(name: str, core: int, host: str, ports: list[int]) -> None:
    os.sched_setaffinity(0, {core})
    module, function = name.split(":")
    try:
        loop: Loop = getattr(importlib.import_module(f"benchmarks.{module}"), function)
        with loop(host, *ports) as run:
            run(WARM_UP)
            print("{}", flush=True)
            for line in sys.stdin:
                print(json.dumps(asdict(run(float(line)))), flush=True)
    except Exception as error:  # whatever another's library raises: the others go on
        print(json.dumps({"unavailable": f"{type(error).__name__}: {error}"}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], [int(port) for port in sys.argv[4:]])
