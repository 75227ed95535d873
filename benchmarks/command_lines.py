"""ipmitool and FreeIPMI's ipmi-raw: a file of commands in one session, less what start and login cost."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, timed
from tests.interop.peers import program

NUMBERS = " ".join(f"0x{byte:02x}" for byte in GET_DEVICE_ID)


def _execute(words: list[str], line: str, commands: int) -> Lap:
    """``words`` end with the option that takes a file of commands."""
    with tempfile.NamedTemporaryFile("w") as script:
        script.write(line * commands)
        script.flush()
        environment = {**os.environ, "IPMI_PASSWORD": PASSWORD}

        def run() -> int:
            subprocess.run([*words, script.name], env=environment, stdout=subprocess.DEVNULL, check=True)
            return commands

        return timed(run)


@contextmanager
def _laps(words: list[str], line: str) -> Iterator[Callable[[float], Lap]]:
    starts = [_execute(words, line, 1) for _ in range(5)]
    start_seconds, start_cpu = median(lap.seconds for lap in starts), median(lap.cpu for lap in starts)
    rate = 2000.0

    def run(seconds: float) -> Lap:
        nonlocal rate
        lap = _execute(words, line, 1 + max(100, int(seconds * rate)))
        lap = Lap(lap.commands - 1, lap.seconds - start_seconds, lap.cpu - start_cpu)
        rate = lap.commands / lap.seconds
        return lap

    yield run


def _ipmitool(how: list[str], host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    words = [program("ipmitool", "ipmitool"), *how, "-H", host, "-p", str(port), "-U", USER, "-E", "exec"]
    return _laps(words, f"raw {NUMBERS}\n")


@contextmanager
def _ipmi_raw(how: list[str], host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "freeipmi.conf"
        settings.write_text(f"username {USER}\npassword {PASSWORD}\nprivilege-level ADMIN\n")
        words = [
            program("ipmi-raw", "freeipmi-tools"),
            "--config-file",
            str(settings),
            *how,
            "-h",
            f"{host}:{port}",
            "--file",
        ]
        with _laps(words, f"0 {NUMBERS}\n") as run:
            yield run


def ipmitool_raw(host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    """``ipmitool exec``, suite 3."""
    return _ipmitool(["-I", "lanplus", "-C", "3"], host, port)


def ipmitool_md5(host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    """``ipmitool exec``, IPMI 1.5 with MD5."""
    return _ipmitool(["-I", "lan", "-A", "MD5"], host, port)


def ipmi_raw_raw(host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    """``ipmi-raw --file``, suite 3; ipmi_sim needs the workaround."""
    return _ipmi_raw(["-D", "LAN_2_0", "-I", "3", "-W", "opensesspriv"], host, port)


def ipmi_raw_md5(host: str, port: int) -> AbstractContextManager[Callable[[float], Lap]]:
    """``ipmi-raw --file``, IPMI 1.5 with MD5."""
    return _ipmi_raw(["-D", "LAN", "-a", "MD5"], host, port)
