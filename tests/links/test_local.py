"""Both links over the driver's stand-in, with our virtual BMCs behind it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipmi_lab.ports.openipmi
from ipmi_lab.errors import CompletionError, LocalError, NoAnswer, OutcomeUnknown, SessionError
from ipmi_lab.lab.open import connect, connect_asyncio
from ipmi_lab.sessions.events import Exchanged
from tests.ports.driver import EVENT, Driver, Sent, virtual


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Driver]]:
    """Puts a driver behind ``open://``: with a virtual BMC of that profile, or with answers of one's own."""
    made: list[Driver] = []

    def make(behind: str | Callable[[Sent], bytes | None] = "rack-server") -> Driver:
        made.append(Driver(virtual(behind) if isinstance(behind, str) else behind))
        monkeypatch.setattr(ipmi_lab.ports.openipmi, "OpenIpmiPort", made[-1].port)
        return made[-1]

    yield make
    for driver in made:
        driver.close()


def test_a_session_opens_works_and_closes_and_again(drive: Callable[..., Driver]) -> None:
    driver = drive()
    ipmi = connect("open:///dev/ipmi0")
    for _ in range(3):
        with ipmi:
            assert ipmi.session.how == "system interface, no login"
            assert ipmi.get_device_id().manufacturer == 49769
            assert ipmi.get_self_test_results().result.words == "passed"
            ipmi.set_bmc_global_enables(event_message_buffer=True)
            assert ipmi.get_bmc_global_enables().event_message_buffer
            with pytest.raises(CompletionError, match="0xC1"):
                ipmi.raw(0x06, 0x7E)
        assert not ipmi.session.is_open
    with pytest.raises(SessionError, match="there is no session"):
        ipmi.get_device_id()

    assert [sent.command for sent in driver.sent].count(0x3C) == 0  # nobody closes what was never opened


def test_asyncio_gives_the_same_from_the_same_text(drive: Callable[..., Driver]) -> None:
    drive()

    async def main() -> list[int]:
        ipmi = connect_asyncio("open://", in_flight=8)
        for _ in range(2):
            async with ipmi:
                assert (await ipmi.get_device_id()).firmware == "2.09"
                found = await asyncio.gather(*(ipmi.get_device_id() for _ in range(100)))
        return [each.product for each in found]

    async def bounded() -> list[int]:
        return await asyncio.wait_for(main(), 30)

    assert asyncio.run(bounded()) == [0x0815] * 100


def test_user_and_password_mean_nothing_and_are_not_missed(drive: Callable[..., Driver]) -> None:
    drive()
    with connect("open://", user="somebody") as ipmi:
        assert ipmi.get_device_id().firmware == "2.09"


def test_only_a_network_answers_pings(drive: Callable[..., Driver]) -> None:
    drive()
    with connect("open://") as ipmi, pytest.raises(SessionError, match="only a BMC on a network answers pings"):
        ipmi.ping()


def test_what_the_driver_keeps_for_itself_is_told_with_what_to_do(drive: Callable[..., Driver]) -> None:
    drive()
    with (
        connect("open://") as ipmi,
        pytest.raises(LocalError, match=r"Get Message \(0x06 0x33\): Linux's IPMI driver keeps this command"),
    ):
        ipmi.get_message()


@pytest.mark.parametrize(("route", "device"), [("0x82@0", 0x82), ("0x82@0,0x76@7", 0x76)])
def test_controllers_behind_the_bmc_are_reached_through_the_driver(
    drive: Callable[..., Driver], route: str, device: int
) -> None:
    drive("atca-shelf")
    with connect(f"open:///dev/ipmi0?bridge={route}") as ipmi:
        for _ in range(70):
            assert ipmi.get_device_id().device_id == device


def test_a_controller_that_is_not_there_is_told(drive: Callable[..., Driver]) -> None:
    drive("atca-shelf")
    with connect("open://?bridge=0x52@0") as ipmi, pytest.raises(CompletionError, match="0x83"):
        ipmi.get_device_id()


def test_what_the_driver_refuses_is_told_at_once_in_both_worlds(drive: Callable[..., Driver]) -> None:
    driver = drive()
    says = r"open://: Chassis Control .*/dev/ipmi0 did not take it: too many messages are under way"
    begun = time.monotonic()
    with connect("open://") as ipmi:
        driver.refusals.append(16)
        with pytest.raises(NoAnswer, match=says) as caught:
            ipmi.send_message_with_name("ChassisControl", action="on")
        assert not isinstance(caught.value, OutcomeUnknown)
        assert ipmi.get_device_id().firmware == "2.09"

    async def main() -> None:
        async with connect_asyncio("open://", in_flight=4) as ipmi:
            asked = [asyncio.create_task(ipmi.link.exchange(request)) for request in requests]  # type: ignore[arg-type]  # a feature's coroutine
            driver.refusals.append(16)
            done = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(each) for each in done].count(NoAnswer) == 1
            assert (await ipmi.get_device_id()).firmware == "2.09"

    from ipmi_lab.commands.raw import Raw

    requests: list[Any] = [Raw(0x06, 0x01) for _ in range(12)]
    asyncio.run(asyncio.wait_for(main(), 30))
    assert time.monotonic() - begun < 10


def test_completion_codes_of_the_driver_are_explained_and_are_no_sign_of_life(drive: Callable[..., Driver]) -> None:
    code = [0x00]
    behind = virtual("rack-server")
    drive(lambda sent: bytes((code[0],)) if code[0] else behind(sent))
    with connect("open://") as ipmi:
        assert ipmi.wait_until_ready(5, interval=0.01) < 5
        code[0] = 0xC3
        says = r"the BMC answered 0xC3, timeout\. Linux's driver says so itself where nobody answered it in time"
        with pytest.raises(CompletionError, match=says):
            ipmi.get_device_id()
        with pytest.raises(CompletionError, match=says):
            ipmi.raw(0x06, 0x01)
        assert ipmi.exchange(0x06, 0x01).completion == 0xC3
        assert ipmi.wait_until_down(5) < 5
        with pytest.raises(NoAnswer, match=r"the BMC is not ready after 0\.1 s"):
            ipmi.wait_until_ready(0.1, interval=0.01)
        code[0] = 0xFF
        with pytest.raises(CompletionError, match=r"the interface does not work: see dmesg"):
            ipmi.get_device_id()


def test_a_device_that_vanishes_ends_what_is_under_way_and_can_be_opened_again(drive: Callable[..., Driver]) -> None:
    silent: list[bool] = []
    behind = virtual("rack-server")
    driver = drive(lambda sent: None if silent else behind(sent))
    ipmi = connect("open://")
    ipmi.session.establish()
    silent.append(True)
    threading.Timer(0.1, driver.vanish).start()
    with pytest.raises(NoAnswer, match="the BMC's interface has gone, or its module was unloaded"):
        ipmi.get_device_id()
    with pytest.raises(NoAnswer, match="the BMC's interface has gone"):
        ipmi.get_device_id()
    ipmi.session.close()


def test_a_bmc_that_never_answers_is_told_in_time_and_nothing_was_asked_twice(drive: Callable[..., Driver]) -> None:
    driver = drive(lambda sent: None)
    begun = time.monotonic()
    with pytest.raises(NoAnswer, match=r"open://: no BMC answers behind the device \(/dev/ipmi0\)"):
        connect("open://", budget=0.5).session.establish()

    assert 0.4 < time.monotonic() - begun < 3
    assert len(driver.sent) == 1


def test_a_change_that_is_not_answered_may_have_happened(drive: Callable[..., Driver]) -> None:
    behind = virtual("rack-server")
    driver = drive(lambda sent: None if sent.netfn == 0 else behind(sent))
    with (
        connect("open://", budget=0.3) as ipmi,
        pytest.raises(OutcomeUnknown, match=r"no answer from /dev/ipmi0 after 1 try in 0\.3 s: it may have been done"),
    ):
        ipmi.send_message_with_name("ChassisControl", action="hard reset")

    assert [sent.netfn for sent in driver.sent].count(0) == 1


def test_events_and_answers_to_others_are_not_taken(drive: Callable[..., Driver]) -> None:
    driver = drive()
    with connect("open://") as ipmi:
        for number in range(5):
            driver.say(EVENT, 0, 0x04, 0x02, bytes(16))
            driver.say(1, 1000 + number, 0x07, 0x01, b"\0" + bytes(15))
        assert ipmi.get_device_id().manufacturer == 49769


def test_keep_alive_asks_in_silence(drive: Callable[..., Driver]) -> None:
    drive()
    heard = threading.Event()

    def listen(event: Any) -> None:
        if isinstance(event, Exchanged) and event.purpose == "keep-alive":
            heard.set()

    with connect("open://", keep_alive_interval=0.05, observe=listen):
        assert heard.wait(5)


def test_a_caller_that_is_interrupted_leaves_no_question_behind(drive: Callable[..., Driver]) -> None:
    drive()
    with connect("open://") as ipmi:
        turn = ipmi.link._turn  # type: ignore[attr-defined]  # of a blocking link

        def interrupt(now: float) -> Any:
            raise KeyboardInterrupt

        ipmi.link._turn = interrupt  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            ipmi.get_device_id()
        ipmi.link._turn = turn  # type: ignore[attr-defined]

        assert ipmi.link.session.deadline() is None
        assert ipmi.get_device_id().firmware == "2.09"


def test_elsewhere_than_on_linux_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(LocalError, match=r"is a device of Linux, and this machine runs win32\. Reach its BMC"):
        connect("open://")
