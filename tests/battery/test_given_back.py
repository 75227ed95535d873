"""Sessions are given back however their owner ends, and those of owners that were killed lock nobody out (22, 23)."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipmi_lab.lab.open import connect
from ipmi_lab.packets import lan20
from ipmi_lab.packets.rakp import OpenSessionRequest, Proposal, Rakp1
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.profile import load
from tests.battery.conftest import Record
from tests.battery.length import scaled

PROGRAMS = Path(__file__).parent / "programs"
SCRIPTS = {"script": "holds_a_session.py", "asyncio": "holds_a_session_by_asyncio.py"}
PYTEST = """\
import sys
import pytest

def test_holds_a_session(ipmi):
    print("open", flush=True, file=sys.__stdout__)
    if {ending!r} == "exception":
        raise ValueError("as told")
    while {ending!r} != "normal":
        ipmi.get_device_id()
"""
ROBOT = """\
*** Settings ***
Library    IpmiLab    report=off

*** Test Cases ***
Holds A Session
    Establish Session    {url}
    Evaluate    print("open", flush=True, file=sys.__stdout__)    modules=sys
    IF    $ENDING == "exception"    Fail    as told
    WHILE    $ENDING != "normal"    limit=NONE
        Get Device Id
    END
"""
SIGNALS = {"SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "Ctrl-C": signal.SIGINT}


FACES = {"script": 40, "asyncio": 20, "pytest": 20, "robot": 20}
"""How often each ends in the long form."""


@pytest.fixture
def served() -> Iterator[Served]:
    with Farm() as farm:
        yield farm.open(load("rack-server").model_copy(update={"session_slots": 63}))


def child(face: str, ending: str, served: Served, folder: Path) -> subprocess.Popen[str]:
    """A process that opens a session by one of the faces, in a process group of its own, like a job of a shell."""
    if face in SCRIPTS:
        command = [str(PROGRAMS / SCRIPTS[face]), served.url, ending]
    elif face == "pytest":
        (folder / "test_held.py").write_text(PYTEST.format(ending=ending))
        command = ["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--ipmi-target", served.url, "test_held.py"]
    else:
        (folder / "held.robot").write_text(ROBOT.format(url=served.url))
        quiet = ["--output", "NONE", "--log", "NONE", "--report", "NONE", "--console", "none"]
        command = ["-m", "robot", *quiet, "--variable", f"ENDING:{ending}", "held.robot"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    environment["IPMI_LAB_PASSWORD"] = served.password.reveal().decode()
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], ending: str) -> str:
    """Wait until it holds its session, end it, and give what it said after that."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "open" in line:
            break
    else:
        raise AssertionError(f"it never opened a session:\n{said}")
    if ending in SIGNALS:
        process.send_signal(SIGNALS[ending])
    rest, _ = process.communicate(timeout=30)
    return said + rest


@pytest.mark.battery(22)
@pytest.mark.parametrize("ending", ["normal", "exception", "forgotten", *SIGNALS])
def test_every_session_is_given_back(ending: str, served: Served, tmp_path: Path, record: Record) -> None:
    """By a script with ``connect``, one with asyncio, a pytest run and a Robot run; none of them handles signals."""
    counts = scaled(short=dict.fromkeys(FACES, 1), long=FACES)
    faces = [face for face, count in counts.items() for _ in range(count) if ending != "forgotten" or face in SCRIPTS]
    given_back, kept = 0, []
    with connect(served.url, password=served.password) as counting:
        for face in faces:
            said = ended(child(face, ending, served, tmp_path), ending)
            if counting.get_session_info().active == 1:
                given_back += 1
            else:
                kept.append(said)
                for session in [s for s in served.bmc.sessions.open.values() if s is not _own(served)]:
                    served.bmc.sessions.close(session)
    assert kept == []
    record(22, ending, f"{given_back} of {len(faces)} closed ({', '.join(dict.fromkeys(faces))})")


def _own(served: Served) -> object:
    return next(iter(served.bmc.sessions.open.values()))


# ---------------------------------------------------------------------- those that were not given back


def login_time(served: Served) -> float:
    """Seconds that a whole login takes, by a console that comes now."""
    ipmi = connect(served.url, password=served.password)
    begun = time.monotonic()
    ipmi.session.establish()
    took = time.monotonic() - begun
    ipmi.session.close()
    return took


@pytest.mark.battery(23)
@pytest.mark.alone
def test_killed_clients_lock_nobody_out(tmp_path: Path, record: Record) -> None:
    """The BMC has 16 slots, and each client that is killed leaves a session open."""
    count, slowest = scaled(short=4, long=100), 0.0
    with Farm() as farm:
        served = farm.open("rack-server")
        for _ in range(count):
            process = child("script", "killed", served, tmp_path)
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n", process.communicate()
            process.kill()
            process.communicate()
            slowest = max(slowest, login_time(served))
    record(23, f"{count} clients killed", f"slowest login {slowest:.2f} s", held=slowest <= 1)


def half_open(door: socket.socket, served: Served, number: int, *, further: bool) -> None:
    """Begin a login and never end it."""
    ask = OpenSessionRequest(
        tag=number % 256,
        privilege=0,
        console_id=number + 1,
        authentication=Proposal(kind=0, algorithm=3).encode(),
        integrity=Proposal(kind=1, algorithm=4).encode(),
        confidentiality=Proposal(kind=2, algorithm=1).encode(),
    )
    to = served.host, served.port
    door.sendto(lan20.pack(lan20.OPEN_REQUEST, 0, 0, ask.encode()), to)
    packet = lan20.parse(door.recv(200))
    while packet.kind != lan20.OPEN_RESPONSE:  # the answer to a RAKP 1 of before
        packet = lan20.parse(door.recv(200))
    answer = packet.payload
    if further and not answer[1]:
        rakp1 = Rakp1(
            tag=1,
            bmc_id=int.from_bytes(answer[8:12], "little"),
            console_random=bytes(16),
            role=0x14,
            name_length=5,
            user_name=b"admin",
        )
        door.sendto(lan20.pack(lan20.RAKP1, 0, 0, rakp1.encode()), to)


@pytest.mark.battery(23)
@pytest.mark.alone
def test_half_open_logins_lock_nobody_out(record: Record) -> None:
    """From another address, which is locked out itself by the logins that it does not end."""
    count, slowest = scaled(short=100, long=1000), 0.0
    with Farm() as farm, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        served = farm.open("rack-server")
        door.bind(("127.0.0.2", 0))
        door.settimeout(5)
        for number in range(count):
            half_open(door, served, number, further=number % 2 == 0)
            if number % 50 == 0:
                slowest = max(slowest, login_time(served))
        slowest = max(slowest, login_time(served))
        assert len(served.bmc.sessions._logins) <= 64
    record(23, f"{count:,} logins half-open", f"slowest login {slowest:.2f} s", held=slowest <= 1)
