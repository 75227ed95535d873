"""The same for many BMCs at once, with asyncio.

python examples/python/many.py [URL ...]     (the password comes from IPMI_LAB_PASSWORD)
"""

import asyncio
import sys

import ipmi_lab.aio

URLS = sys.argv[1:] or ["virtual:rack-server", "virtual:legacy"]


async def firmware(url: str) -> str:
    async with ipmi_lab.aio.connect(url) as ipmi:
        return (await ipmi.get_device_id()).firmware


async def main() -> None:
    for url, found in zip(URLS, await asyncio.gather(*map(firmware, URLS)), strict=True):
        print(url, found)


asyncio.run(main())
