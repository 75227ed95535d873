"""ipmi-lab itself."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipmi_lab
import ipmi_lab.aio
from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat, timed
from ipmi_lab.device.device import Device
from ipmi_lab.links.worlds import Asyncio

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
    with _tasks(host, [port], in_flight=1) as run:
        yield run


@contextmanager
def eight_in_flight(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands by asyncio, suite 3, eight in flight at one BMC."""
    with _tasks(host, [port], in_flight=8) as run:
        yield run


@contextmanager
def fleet(host: str, *ports: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands by asyncio, suite 3, one in flight at each of many BMCs."""
    with _tasks(host, ports, in_flight=1) as run:
        yield run


@contextmanager
def _tasks(host: str, ports: Sequence[int], *, in_flight: int) -> Iterator[Callable[[float], Lap]]:
    """``in_flight`` tasks for each BMC, each with one command after the other."""
    how: dict[str, Any] = {"password": PASSWORD, "cipher": 3, "in_flight": in_flight}
    with asyncio.Runner() as runner:
        devices = [ipmi_lab.aio.connect(f"lanplus://{USER}@{host}:{port}", **how) for port in ports]

        async def each(do: str) -> None:
            for device in devices:
                await getattr(device.session, do)()

        async def loop(ipmi: Device[Asyncio], end: float) -> int:
            commands = 0
            while time.perf_counter() < end:
                await ipmi.raw(NETFN, COMMAND, b"")
                commands += 1
            return commands

        async def run(seconds: float) -> list[int]:
            end = time.perf_counter() + seconds
            done = await asyncio.gather(*(loop(ipmi, end) for ipmi in devices for _ in range(in_flight)))
            return [sum(done[at : at + in_flight]) for at in range(0, len(done), in_flight)]

        runner.run(each("establish"))
        yield lambda seconds: timed(lambda: runner.run(run(seconds)))
        runner.run(each("close"))


@contextmanager
def sessions(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Open a session of suite 3, ask, close."""

    def step() -> None:
        with ipmi_lab.connect(f"lanplus://{USER}@{host}:{port}", password=PASSWORD, cipher=3) as ipmi:
            ipmi.raw(NETFN, COMMAND, b"")

    yield lambda seconds: repeat(step, seconds, batch=1)
