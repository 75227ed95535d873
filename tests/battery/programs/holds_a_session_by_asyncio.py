"""What ``holds_a_session.py`` does, with asyncio; eight tasks ask."""

import asyncio
import sys

import ipmi_lab.aio


async def main(url: str, ending: str) -> None:
    if ending == "forgotten":
        await ipmi_lab.aio.connect(url).session.establish()
        print("open", flush=True)
        return
    async with ipmi_lab.aio.connect(url, in_flight=4) as ipmi:
        print("open", flush=True)
        if ending == "exception":
            raise ValueError("as told")

        async def ask() -> None:
            while True:
                await ipmi.get_device_id()

        if ending != "normal":
            await asyncio.gather(*(ask() for _ in range(8)))


asyncio.run(main(*sys.argv[1:]))
