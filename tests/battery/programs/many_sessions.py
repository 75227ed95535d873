"""Holds many sessions in one process, at the BMCs whose URLs come on standard input, and asks through all of them.

Arguments: sessions for each BMC, commands for each session. Prints what came of it as JSON.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import ipmi_lab.aio

ASKS = [(0x06, 0x01, b""), (0x06, 0x41, b"\x01\x40"), (0x06, 0x46, b"\x02"), (0x06, 0x46, b"\x03")]


async def main(urls: list[str], each: int, count: int) -> dict[str, float]:
    devices = [ipmi_lab.aio.connect(url, cipher=3) for url in urls for _ in range(each)]
    begun = time.monotonic()
    gate = asyncio.Semaphore(16)  # logins are dear for the BMCs, which all run on one core

    async def establish(ipmi: Any) -> None:
        async with gate:
            await ipmi.session.establish()

    await asyncio.gather(*map(establish, devices))
    opened = time.monotonic()
    right = {ask: await devices[0].raw(*ask) for ask in ASKS}
    tally = {"right": 0, "wrong": 0}

    async def ask(ipmi: Any, first: int) -> None:
        for number in range(first, first + count):
            wanted = ASKS[number % len(ASKS)]
            tally["right" if await ipmi.raw(*wanted) == right[wanted] else "wrong"] += 1

    await asyncio.gather(*(ask(ipmi, number) for number, ipmi in enumerate(devices)))
    asked = time.monotonic()
    lost = sum(ipmi.link.session.openings != 1 for ipmi in devices)
    await asyncio.gather(*(ipmi.session.close() for ipmi in devices))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**tally, "lost": lost, "peak": peak, "opening": opened - begun, "asking": asked - opened}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.stdin.read().split(), int(sys.argv[1]), int(sys.argv[2])))))
