"""ipmi-lab itself."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipmi_lab
import ipmi_lab.aio
from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat, timed

NETFN, COMMAND = GET_DEVICE_ID


@contextmanager
def raw(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands, suite 3."""
    with ipmi_lab.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3) as ipmi:
        yield lambda seconds: repeat(lambda: ipmi.raw(NETFN, COMMAND, b""), seconds)


@contextmanager
def typed(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Get Device ID as an object, suite 3."""
    with ipmi_lab.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3) as ipmi:
        yield lambda seconds: repeat(ipmi.get_device_id, seconds)


@contextmanager
def md5(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands, IPMI 1.5 with MD5."""
    with ipmi_lab.connect(f"lan://{USER}@{host}:{port}", password=PASSWORD) as ipmi:
        yield lambda seconds: repeat(lambda: ipmi.raw(NETFN, COMMAND, b""), seconds)


@contextmanager
def asynchronous(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands by asyncio, suite 3, one in flight."""
    with asyncio.Runner() as runner:
        ipmi = ipmi_lab.aio.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3)
        runner.run(ipmi.session.establish())

        async def run(seconds: float) -> int:
            commands, end = 0, time.perf_counter() + seconds
            while time.perf_counter() < end:
                for _ in range(16):
                    await ipmi.raw(NETFN, COMMAND, b"")
                commands += 16
            return commands

        yield lambda seconds: timed(lambda: runner.run(run(seconds)))
        runner.run(ipmi.session.close())
