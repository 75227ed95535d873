"""Tasks that wait for answers: they go on where the answer came, may be cancelled, and are never forgotten."""

import asyncio
import contextvars
import functools
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ipmi_lab.errors import IpmiLabError
from ipmi_lab.lab.open import connect_asyncio
from ipmi_lab.links.answer import Answer, wake
from ipmi_lab.sessions.events import Answered
from ipmi_lab.virtual.farm import Farm, Served

LIMIT = 20  # seconds after which a test that hangs is ended
WHO = contextvars.ContextVar("WHO", default="nobody")


def device(served: Served, **how: Any) -> Any:
    return connect_asyncio(served.url, password=served.password, **how)


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**fixtures), LIMIT))

    return run


def outcome(number: int = 1) -> Answered:
    return Answered(number, 0, b"data")


class Waiting:
    """Tasks that wait for answers of their own, and what is woken is ours to say."""

    def __init__(self, count: int) -> None:
        self.come: list[Answer] = []
        self.answers = [Answer(self.come.append, asyncio.get_running_loop()) for _ in range(count)]
        self.went_on: list[int] = []
        self.tasks = [asyncio.create_task(self._wait(number)) for number in range(count)]

    async def _wait(self, number: int) -> Answered:
        found = await self.answers[number]
        self.went_on.append(number)
        assert isinstance(found, Answered)
        assert asyncio.current_task() is self.tasks[number]
        return found


@in_a_loop
async def test_a_task_goes_on_when_it_is_woken_and_not_before() -> None:
    waiting = Waiting(2)
    await asyncio.sleep(0)
    for number in (1, 0):
        waiting.answers[number].hear(outcome(number))

    assert waiting.come == [waiting.answers[1], waiting.answers[0]]
    assert waiting.went_on == []
    asyncio.get_running_loop().call_soon(waiting.come[0].wake)
    assert (await waiting.tasks[1]).number == 1
    assert waiting.went_on == [1]
    asyncio.get_running_loop().call_soon(waiting.come[1].wake)
    assert (await waiting.tasks[0]).number == 0


@in_a_loop
async def test_an_answer_that_has_come_already_is_not_waited_for() -> None:
    answer = Answer(lambda answer: None, asyncio.get_running_loop())
    answer.hear(outcome())
    answer.hear(outcome(2))

    assert (await answer) == outcome()
    answer.wake()


@pytest.mark.parametrize("first", ["cancelled", "answered"])
@in_a_loop
async def test_who_is_cancelled_ends_so_even_where_the_answer_came_just_before(first: str) -> None:
    waiting = Waiting(1)
    (task,), (answer,) = waiting.tasks, waiting.answers
    await asyncio.sleep(0)
    if first == "answered":
        answer.hear(outcome())
        task.cancel("enough")
    else:
        task.cancel("enough")
        answer.hear(outcome())
    asyncio.get_running_loop().call_soon(answer.wake)

    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert caught.value.args == ("enough",)
    assert waiting.went_on == []
    assert answer.cancel() is False


@in_a_loop
async def test_a_caller_out_of_time_leaves_no_question_behind(farm: Farm) -> None:
    served = farm.open("rack-server")
    async with device(served, timeout=5, budget=5) as ipmi:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await ipmi.get_device_id()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ipmi.get_device_id(), 0)

        assert ipmi.link.session.idle
        assert (await ipmi.get_device_id()).manufacturer == 49769


@in_a_loop
async def test_each_task_keeps_its_own_context(served: Served) -> None:
    async def ask(who: str, ipmi: Any) -> str:
        WHO.set(who)
        for _ in range(20):
            await ipmi.get_device_id()
        return WHO.get()

    async with device(served, in_flight=8) as ipmi:
        names = [f"task {number}" for number in range(8)]
        assert await asyncio.gather(*(ask(name, ipmi) for name in names)) == names
    assert WHO.get() == "nobody"


@in_a_loop
async def test_a_task_may_close_the_link_as_soon_as_it_goes_on(served: Served) -> None:
    async def ask(ipmi: Any) -> str:
        try:
            while True:
                await ipmi.get_device_id()
        except IpmiLabError as error:
            return error.message

    async def close(ipmi: Any) -> None:
        await ipmi.get_device_id()
        await ipmi.session.close()

    async with device(served, in_flight=4) as ipmi:
        *found, _ = await asyncio.gather(*(ask(ipmi) for _ in range(4)), close(ipmi))

    assert all(re.match("there is no session|no answer", message) for message in found)
    assert not served.bmc.sessions.open


@in_a_loop
async def test_a_task_may_cancel_another_whose_answer_came_with_its_own(served: Served) -> None:
    async with device(served, in_flight=8) as ipmi:
        for _ in range(30):
            others = [asyncio.create_task(ipmi.get_device_id()) for _ in range(7)]
            await ipmi.get_device_id()
            for other in others:
                other.cancel()
            ended = await asyncio.gather(*others, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) or each.manufacturer == 49769 for each in ended)
        assert ipmi.link.session.idle


def test_where_one_task_is_interrupted_the_others_still_go_on() -> None:
    with asyncio.Runner() as runner:
        loop, went_on = runner.get_loop(), []
        answers = [Answer(lambda answer: None, loop) for _ in range(4)]

        def go_on(answer: Answer) -> None:
            went_on.append(answers.index(answer))
            if len(went_on) == 2:
                raise KeyboardInterrupt

        for answer in answers:
            answer.add_done_callback(go_on, context=contextvars.copy_context())
        with pytest.raises(KeyboardInterrupt):
            wake(answers)
        assert went_on == [0, 1]
        runner.run(asyncio.sleep(0))

    assert went_on == [0, 1, 2, 3]


def test_it_works_where_asyncio_looks_closely(served: Served) -> None:
    async def main() -> int:
        async with asyncio.timeout(LIMIT), device(served) as ipmi:
            return (await ipmi.get_device_id()).manufacturer  # type: ignore[no-any-return]  # a device of any kind

    assert asyncio.run(main(), debug=True) == 49769


def test_a_device_may_be_used_in_one_event_loop_after_the_other(served: Served) -> None:
    ipmi = device(served, in_flight=8)

    async def main() -> None:
        async with asyncio.timeout(LIMIT), ipmi:
            await asyncio.gather(*(ipmi.get_device_id() for _ in range(8)))

    for _ in range(3):
        asyncio.run(main())


@in_a_loop
async def test_who_is_cancelled_ends_even_where_nobody_wakes_him() -> None:
    waiting = Waiting(1)
    await asyncio.sleep(0)
    waiting.answers[0].hear(outcome())
    waiting.tasks[0].cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting.tasks[0]


@in_a_loop
async def test_a_guard_is_asked_once_for_each_command(served: Served) -> None:
    asked: list[str] = []
    async with device(served) as ipmi:
        ipmi.link.guard = lambda request: asked.append(request.label())
        await asyncio.gather(*(ipmi.get_device_id() for _ in range(4)))

    assert asked == ["Get Device Id (0x06 0x01)"] * 4


@in_a_loop
async def test_who_asks_while_the_link_is_given_up_is_told(served: Served) -> None:
    async with device(served, in_flight=4) as ipmi:
        tasks = [asyncio.create_task(ipmi.get_channel_authentication_capabilities()) for _ in range(3)]
        await asyncio.sleep(0)
        ipmi.link.session.abandon()
        ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(each, IpmiLabError) and "given up" in each.message for each in ended)


@in_a_loop
async def test_among_many_links_nobody_gets_more_than_his_share(farm: Farm) -> None:
    first, second = (device(farm.open("rack-server")) for _ in range(2))
    async with first:
        assert first.link.listening == 1
        async with second:
            assert first.link.listening == 2
            assert (await first.get_device_id()) == (await second.get_device_id())
        assert (await first.get_device_id()).manufacturer == 49769
    assert first.link.listening == 0
