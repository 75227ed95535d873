"""Tasks that do at random all that may be done to one asyncio device: each gets an end, and all is left tidy."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest

from ipmi_lab.commands.chassis import Power
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.links.aio import AsyncioLink
from ipmi_lab.sessions.events import Observed
from ipmi_lab.virtual.farm import Farm, Served
from tests.links.test_answer import device

LIMIT = 30  # seconds after which a test that hangs is ended
DEEDS, TASKS = 60, 8


class FullDisk(Exception):
    pass


class Crowd:
    """Eight tasks at one device, on a bad network, with a BMC that forgets sessions and an observer that fails."""

    def __init__(self, served: Served, seed: int) -> None:
        self.served, self.chance, self.failing = served, random.Random(seed), True
        self.ipmi = device(
            served,
            in_flight=self.chance.choice([1, 4, 8]),
            keep_alive_interval=0.05,
            gentle=self.chance.random() < 0.3,
            observe=self._observe,
            timeout=0.1,
            retries=1,
            budget=0.5,
        )

    def _observe(self, event: Observed) -> None:
        if self.failing and self.chance.random() < 0.02:
            raise FullDisk

    async def _forget(self) -> None:
        self.served.bmc.sessions.open.clear()

    async def _weather(self) -> None:
        self.served.faults.set(loss=self.chance.choice([0, 0, 0.2]))

    def _deed(self) -> Any:
        ipmi, session = self.ipmi, self.ipmi.session
        read, outside = ipmi.get_device_id, ipmi.get_channel_authentication_capabilities
        change = [lambda: ipmi.chassis.control(Power.ON)]
        others = [outside, ipmi.ping, self._forget, self._weather, session.establish, session.establish, session.close]
        return self.chance.choice([read] * 8 + change + others)

    async def one(self) -> None:
        """What one task does."""
        for _ in range(DEEDS):
            with suppress(IpmiLabError, FullDisk, TimeoutError):
                async with asyncio.timeout(self.chance.choice([0.001, 0.01, LIMIT])):
                    await self._deed()()
            await asyncio.sleep(0)

    async def all(self) -> None:
        """What they all do, and what must hold behind that."""
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # of its observer
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(self.one() for _ in range(TASKS)))
            self.failing = False
            self.served.faults.set(loss=0)
            await self.ipmi.session.close()
            assert self.ipmi.link.session.idle
            assert AsyncioLink.listening == 0
            async with self.ipmi:
                assert (await self.ipmi.get_device_id()).manufacturer == 49769


@pytest.mark.parametrize("seed", range(3))
def test_everybody_gets_an_end(seed: int, farm: Farm) -> None:
    crowd = Crowd(farm.open("rack-server"), seed)
    for _ in range(2):
        asyncio.run(crowd.all())
        crowd.failing = True
