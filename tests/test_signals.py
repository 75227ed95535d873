"""SIGTERM and SIGHUP end a program as exceptions do; whoever handles or ignores them is left alone."""

import signal
import subprocess
import sys

import pytest

ENDS = [signal.SIGTERM, signal.SIGHUP]
BEGIN = """
import os, signal, sys, threading
from ipmi_lab.signals import end_well
"""
WAIT = """
try:
    print("ready", flush=True)
    while True:
        signal.pause()
finally:
    print("left", flush=True)
"""


def ended(script: str, number: signal.Signals) -> tuple[int, str]:
    """The exit code of a script that is told to end once it is ready, and what it said."""
    child = subprocess.Popen([sys.executable, "-c", BEGIN + script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    said, _ = child.communicate(timeout=20)
    return child.returncode, said.strip()


@pytest.mark.parametrize("number", ENDS)
def test_it_ends_by_an_exit(number: signal.Signals) -> None:
    assert ended(f"end_well(){WAIT}", number) == (128 + number, "left")


@pytest.mark.parametrize("number", ENDS)
def test_it_ends_as_is_wanted(number: signal.Signals) -> None:
    assert ended(f"end_well(lambda number: sys.exit(7)){WAIT}", number) == (7, "left")


@pytest.mark.parametrize("number", ENDS)
def test_whoever_handles_it_is_left_alone(number: signal.Signals) -> None:
    mine = f"signal.signal({int(number)}, lambda number, frame: sys.exit(9))\nend_well()"

    assert ended(mine + WAIT, number) == (9, "left")


def test_whoever_ignores_it_is_left_alone() -> None:
    script = (
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nend_well()\nprint('ready', flush=True)\nsys.stdin.readline()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", BEGIN + script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGHUP)

    child.communicate("\n", timeout=20)

    assert child.returncode == 0


def test_another_thread_changes_nothing() -> None:
    script = "thread = threading.Thread(target=end_well)\nthread.start()\nthread.join()"

    assert ended(script + WAIT, signal.SIGTERM) == (-signal.SIGTERM, "")


def test_a_forked_child_dies_of_it_as_ever() -> None:
    script = """
end_well()
ready, tell = os.pipe()
child = os.fork()
if not child:
    os.write(tell, b"1")
    try:
        while True:
            signal.pause()
    finally:
        print("left", flush=True)
os.read(ready, 1)
os.kill(child, signal.SIGTERM)
print("ready", flush=True)
sys.exit(0 if os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM else 1)
"""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + script], capture_output=True, text=True, timeout=20, check=False
    )

    assert (done.returncode, done.stdout) == (0, "ready\n")
