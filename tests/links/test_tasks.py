"""Several tasks at one asyncio device: they open, heal, ask, cancel and close at once, and everybody gets an end."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from ipmi_lab.commands.chassis import Power
from ipmi_lab.commands.raw import Raw
from ipmi_lab.errors import LocalError, NoAnswer, SessionError
from ipmi_lab.sessions.client import State
from ipmi_lab.virtual.farm import Farm, Served
from tests.links.test_answer import device

LIMIT = 10  # seconds after which a test that hangs is ended


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**fixtures), LIMIT))

    return run


class Mute:
    """A network on which everything is lost while ``on``; ``lost`` is set with each datagram."""

    def __init__(self, link: Any, *, on: bool = False) -> None:
        self.on, self.lost, self.sent = on, asyncio.Event(), 0
        port = link.port
        self._send, port.send = port.send, self._pass

    def _pass(self, datagram: bytes) -> None:
        self.sent += 1
        if self.on:
            self.lost.set()
        else:
            self._send(datagram)


@asynccontextmanager
async def healing(served: Served, ask: Callable[[Any], Any], **how: Any) -> AsyncIterator[tuple[Any, Any, Mute]]:
    """A device whose session was lost, a task that is in the middle of the new login, and the network."""
    async with device(served, **how) as ipmi:
        mute = Mute(ipmi.link)
        served.bmc.sessions.open.clear()
        opening, begin = asyncio.Event(), ipmi.link.session.open

        def open_mute(now: float) -> None:
            mute.on = True
            begin(now)
            opening.set()

        ipmi.link.session.open = open_mute
        healer = asyncio.create_task(ask(ipmi))
        await opening.wait()
        ipmi.link.session.open = begin
        assert ipmi.link.session.state is State.OPENING
        yield ipmi, healer, mute
        mute.on = False


# ---------------------------------------------------------------------- a login that is under way


@in_a_loop
async def test_who_asks_while_another_heals_waits_for_the_new_session(served: Served) -> None:
    async with healing(served, lambda ipmi: ipmi.get_device_id(), in_flight=8) as (ipmi, healer, mute):
        read, raw = asyncio.create_task(ipmi.get_device_id()), asyncio.create_task(ipmi.raw(0x06, 0x01))
        change = asyncio.create_task(ipmi.chassis.control(Power.ON))
        await asyncio.sleep(0)
        mute.on = False

        assert [each.manufacturer for each in await asyncio.gather(healer, read)] == [49769] * 2
        await raw
        await change
        assert ipmi.link.session.openings == 2


@in_a_loop
async def test_who_waits_for_a_login_gets_its_error(served: Served) -> None:
    async with healing(served, lambda ipmi: ipmi.get_device_id(), in_flight=8) as (ipmi, healer, mute):
        others = [asyncio.create_task(ipmi.get_device_id()) for _ in range(3)]
        await asyncio.sleep(0)
        served.bmc.users.key = b"k" * 20
        mute.on = False
        ended = await asyncio.gather(healer, *others, return_exceptions=True)

    assert ["it has a K_g" in str(each) for each in ended] == [True] * 4, ended


@in_a_loop
async def test_where_the_one_who_heals_is_cancelled_the_next_one_heals(served: Served) -> None:
    async with healing(served, lambda ipmi: ipmi.get_device_id(), in_flight=8) as (ipmi, healer, mute):
        others = [asyncio.create_task(ipmi.get_device_id()) for _ in range(3)]
        await asyncio.sleep(0)
        mute.on = False
        healer.cancel()

        assert [each.manufacturer for each in await asyncio.gather(*others)] == [49769] * 3
        assert ipmi.link.session.openings == 2
        assert healer.cancelled()


@in_a_loop
async def test_who_asks_before_the_session_is_wanted_is_told_so(served: Served) -> None:
    ipmi = device(served)
    mute = Mute(ipmi.link, on=True)
    establishing = asyncio.create_task(ipmi.session.establish())
    await mute.lost.wait()
    with pytest.raises(SessionError, match="there is no session"):
        await ipmi.get_device_id()
    mute.on = False

    assert (await ipmi.get_channel_authentication_capabilities()).ipmi20
    await establishing
    await ipmi.session.close()


# ---------------------------------------------------------------------- closing


@in_a_loop
async def test_who_heals_is_told_when_the_session_is_closed(served: Served) -> None:
    async with healing(served, lambda ipmi: ipmi.get_device_id(), in_flight=8) as (ipmi, healer, _):
        other = asyncio.create_task(ipmi.get_device_id())
        await asyncio.sleep(0)
        await ipmi.session.close()
        ended = await asyncio.gather(healer, other, return_exceptions=True)
        assert all(isinstance(each, SessionError) for each in ended), ended

        assert ipmi.link._port is None
        assert ipmi.link.session.idle
        await ipmi.session.establish()
        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_a_session_that_is_closed_while_it_is_established_is_not_open(served: Served) -> None:
    ipmi = device(served)
    mute = Mute(ipmi.link, on=True)
    establishing = asyncio.create_task(ipmi.session.establish())
    await mute.lost.wait()
    await ipmi.session.close()

    with pytest.raises(SessionError, match="closed"):
        await establishing
    assert not ipmi.session.is_open
    async with ipmi:
        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_several_may_close_at_once(served: Served) -> None:
    ipmi = device(served)
    for _ in range(2):
        await ipmi.session.establish()
        await asyncio.gather(*(ipmi.session.close() for _ in range(3)))
        assert not served.bmc.sessions.open
        assert ipmi.link.listening == 0


@in_a_loop
async def test_who_pings_while_the_link_is_closed_is_told(served: Served) -> None:
    async with device(served) as ipmi:
        mute = Mute(ipmi.link, on=True)
        ping = asyncio.create_task(ipmi.ping())
        await mute.lost.wait()
        mute.on = False  # the ping is not sent again yet
    with pytest.raises(SessionError, match="closed"):
        await ping
    async with ipmi:
        assert await ipmi.ping() > 0


@in_a_loop
async def test_who_asks_behind_the_end_of_a_session_opens_no_port(served: Served) -> None:
    ipmi = device(served)
    async with ipmi:
        pass
    with pytest.raises(SessionError, match="there is no session"):
        await ipmi.get_device_id()

    assert ipmi.link._port is None
    assert ipmi.link.listening == 0


@in_a_loop
async def test_a_session_that_is_refused_leaves_no_port_behind(served: Served) -> None:
    ipmi = device(served)
    served.bmc.users.key = b"k" * 20
    with pytest.raises(SessionError):
        await ipmi.session.establish()

    assert ipmi.link._port is None
    assert ipmi.link.listening == 0


# ---------------------------------------------------------------------- cancelled


@pytest.mark.parametrize("gentle", [False, True])
@in_a_loop
async def test_where_one_is_cancelled_the_next_question_goes_at_once(served: Served, gentle: bool) -> None:
    async with device(served, gentle=gentle, timeout=5) as ipmi:
        ipmi.link.session.timing = replace(ipmi.link.session.timing, first=5.0)
        mute = Mute(ipmi.link, on=True)
        first = asyncio.create_task(ipmi.get_device_id())
        await mute.lost.wait()
        second = asyncio.create_task(ipmi.get_device_id())
        await asyncio.sleep(0)
        mute.on = False
        first.cancel()

        async with asyncio.timeout(2):
            assert (await second).manufacturer == 49769
        assert mute.sent == 2


@in_a_loop
async def test_a_ping_that_is_cancelled_ends_nothing_else(served: Served) -> None:
    ipmi = device(served, retries=0)
    mute = Mute(ipmi.link, on=True)
    ping = asyncio.create_task(ipmi.ping())
    await mute.lost.wait()
    ping.cancel()
    await asyncio.wait([ping])
    mute.on = False

    assert ipmi.link.session.idle
    async with ipmi:
        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_a_ping_goes_on_while_another_heals(farm: Farm) -> None:
    served = farm.open("rack-server")
    async with device(served, in_flight=8) as ipmi:
        mute = Mute(ipmi.link, on=True)
        ping = asyncio.create_task(ipmi.ping())
        await mute.lost.wait()
        mute.on = False
        ipmi.link.session.abandon()

        assert (await ipmi.get_device_id()).manufacturer == 49769
        assert await ping > 0


@in_a_loop
async def test_what_does_not_fit_is_told_to_who_asked_also_behind_others(farm: Farm) -> None:
    served = farm.open("legacy")
    async with device(served, in_flight=1) as ipmi:
        fits = asyncio.create_task(ipmi.get_device_id())
        does_not = asyncio.create_task(ipmi.link.send(Raw(0x06, 0x01, bytes(300))))
        ended = await asyncio.gather(fits, does_not, return_exceptions=True)

        assert ended[0].product
        assert isinstance(ended[1], LocalError)
        assert ipmi.link.session.idle


# ---------------------------------------------------------------------- one event loop after the other


def test_a_session_goes_on_in_another_event_loop(served: Served) -> None:
    ipmi = device(served, in_flight=2, keep_alive_interval=30)

    async def ask() -> None:
        async with asyncio.timeout(LIMIT):
            if not ipmi.session.is_open:
                await ipmi.session.establish()
            found = await asyncio.gather(*(ipmi.get_device_id() for _ in range(8)))
            assert [each.manufacturer for each in found] == [49769] * 8
            assert ipmi.link.listening == 1
            assert not ipmi.link._keeper.done()

    for _ in range(3):
        asyncio.run(ask())
    asyncio.run(ipmi.session.close())

    assert ipmi.link.session.openings == 1
    assert ipmi.link.listening == 0
    assert not served.bmc.sessions.open


@pytest.mark.parametrize("ends", ["closed", "stopped"])
def test_what_was_under_way_in_an_event_loop_that_ended_is_dropped(served: Served, ends: str) -> None:
    ipmi = device(served, timeout=5)
    tasks: list[asyncio.Task[Any]] = []

    async def leave(mute_from: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        async with asyncio.timeout(LIMIT):
            mute = Mute(ipmi.link, on=True)
            tasks.append(asyncio.create_task(mute_from()))
            await mute.lost.wait()
            ipmi.link.port.send = mute._send

    async def ask() -> int:
        async with asyncio.timeout(LIMIT):
            found: int = (await ipmi.get_device_id()).manufacturer
            await ipmi.session.close()
            return found

    for under_way in (ipmi.get_device_id, ipmi.ping):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(ipmi.session.establish())
        loop.run_until_complete(leave(under_way))
        if ends == "closed":
            loop.close()
        assert asyncio.run(ask()) == 49769
        assert ipmi.link.listening == 0
        if ends == "stopped":
            with pytest.raises(SessionError):
                loop.run_until_complete(asyncio.wait_for(tasks.pop(), LIMIT))
            loop.close()
        else:
            tasks.pop()._log_destroy_pending = False  # type: ignore[attr-defined]


@in_a_loop
async def test_two_event_loops_at_once_are_refused(served: Served) -> None:
    async with device(served) as ipmi:
        with pytest.raises(SessionError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(ipmi.get_device_id()))
        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_a_login_that_no_one_answers_is_told_to_all_who_wait_for_it(farm: Farm) -> None:
    served = farm.open("rack-server")
    async with healing(served, lambda ipmi: ipmi.get_device_id(), timeout=0.05, retries=0, in_flight=8) as made:
        ipmi, healer, _ = made
        others = [asyncio.create_task(ipmi.get_device_id()) for _ in range(6)]
        ended = await asyncio.gather(healer, *others, return_exceptions=True)

    assert all(isinstance(each, NoAnswer) for each in ended), ended


@pytest.mark.parametrize("half", ["send", "receive"])
@in_a_loop
async def test_who_waits_is_told_of_a_port_that_raises(half: str, served: Served) -> None:
    async with device(served, in_flight=1) as ipmi:
        port = ipmi.link.port
        works = getattr(port, half)

        def fail(*datagram: bytes) -> None:
            works(*datagram)
            setattr(port, half, works)
            raise ZeroDivisionError

        setattr(port, half, fail)
        first, second = asyncio.create_task(ipmi.get_device_id()), asyncio.create_task(ipmi.get_device_id())
        ended = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(ended[0], ZeroDivisionError)
        assert half == "receive" or ended[1].manufacturer == 49769

        assert (await ipmi.get_device_id()).manufacturer == 49769
