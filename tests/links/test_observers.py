"""Observers that raise, such as a journal on a full disk: whoever asked is told, in both worlds, and nobody hangs."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from ipmi_lab.errors import SessionError
from ipmi_lab.lab.open import connect, connect_asyncio
from ipmi_lab.sessions.events import Closed, Dropped, Exchanged, Observed, Opened, Refused
from ipmi_lab.virtual.farm import Farm, Served
from tests.links.test_tasks import Mute, in_a_loop

WORLDS = pytest.mark.parametrize("world", [connect, connect_asyncio])


class FullDisk(Exception):
    pass


class Observer:
    """Raises once ``full`` says so of what it is told."""

    def __init__(self, full: Callable[[Observed], bool] = lambda event: False) -> None:
        self.full, self.refused = full, 0

    def __call__(self, event: Observed) -> None:
        if self.full(event):
            self.refused += 1
            raise FullDisk


def of_commands(event: Observed) -> bool:
    return isinstance(event, Exchanged) and event.purpose == "command"


async def end_of(called: Any) -> Any:
    """What came of a call, in either world."""
    return await called if inspect.isawaitable(called) else called


def device(world: Any, served: Served, observer: Observer, **how: Any) -> Any:
    return world(served.url, password=served.password, observe=observer, **how)


@WORLDS
@in_a_loop
async def test_who_asks_is_told_of_an_observer_that_raises(world: Any, served: Served) -> None:
    observer = Observer()
    ipmi = device(world, served, observer)
    await end_of(ipmi.session.establish())
    for ask in (ipmi.get_device_id, ipmi.get_device_guid, lambda: ipmi.send_message_with_name("GetChassisStatus")):
        observer.full = of_commands
        with pytest.raises(FullDisk):
            await end_of(ask())
        observer.full = lambda event: False
        assert ipmi.link.session.idle
        assert (await end_of(ipmi.get_device_id())).manufacturer == 49769
    await end_of(ipmi.session.close())
    assert not served.bmc.sessions.open


@WORLDS
@in_a_loop
async def test_also_where_the_answer_stays_out(world: Any, served: Served) -> None:
    observer = Observer()
    ipmi = device(world, served, observer, timeout=0.05, budget=0.1)
    await end_of(ipmi.session.establish())
    send, ipmi.link.port.send = ipmi.link.port.send, lambda datagram: None
    observer.full = of_commands
    ask = ipmi.get_channel_authentication_capabilities if world is connect_asyncio else ipmi.chassis.status
    ipmi.link._straight = None
    with pytest.raises(FullDisk):
        await end_of(ask())
    observer.full, ipmi.link.port.send = lambda event: False, send

    assert (await end_of(ipmi.get_device_id())).manufacturer == 49769
    await end_of(ipmi.session.close())


@WORLDS
@pytest.mark.parametrize("kind", [Opened, Refused, Exchanged])
@in_a_loop
async def test_who_establishes_a_session_is_told(world: Any, kind: type[Observed], served: Served) -> None:
    observer = Observer(lambda event: isinstance(event, kind))
    ipmi = device(world, served, observer)
    served.bmc.users.key = b"k" * 20 if kind is Refused else b""
    with pytest.raises(FullDisk):
        await end_of(ipmi.session.establish())
    assert observer.refused == 1
    assert not ipmi.session.is_open
    observer.full, served.bmc.users.key = lambda event: False, b""

    await end_of(ipmi.session.establish())
    assert (await end_of(ipmi.get_device_id())).manufacturer == 49769
    await end_of(ipmi.session.close())


@WORLDS
@in_a_loop
async def test_who_closes_a_session_is_told_and_it_is_closed(world: Any, served: Served) -> None:
    ipmi = device(world, served, Observer(lambda event: isinstance(event, Closed)))
    await end_of(ipmi.session.establish())
    with pytest.raises(FullDisk):
        await end_of(ipmi.session.close())

    assert not served.bmc.sessions.open
    assert ipmi.link._port is None
    await end_of(ipmi.session.close())


@WORLDS
@in_a_loop
async def test_who_waits_is_told_where_a_datagram_is_dropped(world: Any, served: Served) -> None:
    observer = Observer()
    ipmi = device(world, served, observer)
    await end_of(ipmi.session.establish())
    send = served.bmc.sessions.send

    def babble(address: Any, datagram: bytes) -> None:
        send(address, b"no answer")
        served.bmc.sessions.send = send  # type: ignore[method-assign]
        send(address, datagram)

    served.bmc.sessions.send = babble  # type: ignore[method-assign]
    observer.full = lambda event: isinstance(event, Dropped)
    with pytest.raises(FullDisk):
        await end_of(ipmi.get_device_id())
    observer.full = lambda event: False

    assert (await end_of(ipmi.get_device_id())).manufacturer == 49769
    await end_of(ipmi.session.close())


@in_a_loop
async def test_all_who_lose_a_session_are_told(served: Served) -> None:
    observer = Observer()
    async with device(connect_asyncio, served, observer, in_flight=4) as ipmi:
        served.bmc.sessions.open.clear()
        observer.full = of_commands
        asked = [asyncio.create_task(ipmi.get_device_id()) for _ in range(6)]
        ended = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in ended] == [FullDisk] * 6
        observer.full = lambda event: False

        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_where_nobody_waits_the_event_loop_is_told(farm: Farm) -> None:
    served = farm.open("rack-server")
    told: asyncio.Queue[Any] = asyncio.Queue()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.put_nowait(context["exception"]))
    observer = Observer()
    async with device(connect_asyncio, served, observer) as ipmi:
        observer.full = lambda event: isinstance(event, Dropped)
        served.door.sendto(b"no answer", ipmi.link.port._socket.getsockname())

        assert isinstance(await told.get(), FullDisk)
        observer.full = lambda event: False
        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_a_session_is_kept_alive_whatever_becomes_of_its_observer(served: Served) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.put_nowait(context["exception"]))
    observer = Observer(lambda event: isinstance(event, Exchanged) and event.purpose == "keep-alive")
    async with device(connect_asyncio, served, observer, keep_alive_interval=0.02) as ipmi:
        for _ in range(2):
            assert isinstance(await told.get(), FullDisk)
        assert not ipmi.link._keeper.done()


@in_a_loop
async def test_who_is_behind_others_is_not_told_of_their_trouble(served: Served) -> None:
    observer = Observer()
    async with device(connect_asyncio, served, observer, in_flight=1) as ipmi:
        observer.full = lambda event: isinstance(event, Exchanged) and observer.refused == 0 and of_commands(event)
        first, second = asyncio.create_task(ipmi.get_device_id()), asyncio.create_task(ipmi.get_device_id())
        ended = await asyncio.gather(first, second, return_exceptions=True)

        assert isinstance(ended[0], FullDisk)
        assert ended[1].manufacturer == 49769


@in_a_loop
async def test_who_waits_for_a_pong_is_told(served: Served) -> None:
    observer = Observer()
    async with device(connect_asyncio, served, observer) as ipmi:
        mute = Mute(ipmi.link)
        observer.full = lambda event: mute.sent > 0
        with pytest.raises(FullDisk):
            await ipmi.ping()
        observer.full = lambda event: False
        assert await ipmi.ping() > 0
    with pytest.raises(SessionError):
        await ipmi.get_device_id()
