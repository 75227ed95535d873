"""Both links over real sockets of this machine: errors, healing, interruption, keep-alive."""

import asyncio
import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

import ipmi_lab
from ipmi_lab.commands.chassis import Power
from ipmi_lab.errors import NoAnswer, OutcomeUnknown, SessionError
from ipmi_lab.lab.open import connect, connect_asyncio
from ipmi_lab.sessions.events import Exchanged
from ipmi_lab.virtual.farm import Farm, Served


def device(served: Served, **how: Any) -> Any:
    return connect(served.url, password=served.password, **how)


def test_a_session_opens_and_closes_as_a_block(served: Served) -> None:
    with device(served) as ipmi:
        assert ipmi.session.is_open
        assert ipmi.get_device_id().manufacturer == 49769

    assert not ipmi.session.is_open
    assert not served.bmc.sessions.open


def test_a_session_opens_and_closes_by_name_and_again(served: Served) -> None:
    ipmi = device(served)
    for _ in range(3):
        ipmi.session.establish()
        assert ipmi.get_device_id().firmware == "2.09"
        with pytest.raises(SessionError, match="the session is open already"):
            ipmi.session.establish()
        ipmi.session.close()
        ipmi.session.close()


def test_without_a_session_only_what_needs_none_is_answered(served: Served) -> None:
    ipmi = device(served)

    assert ipmi.get_channel_authentication_capabilities().ipmi20
    assert ipmi.get_system_guid().guid == served.profile.guid_bytes
    with pytest.raises(SessionError, match="there is no session"):
        ipmi.get_device_id()


def test_a_session_is_given_back_after_an_exception(served: Served) -> None:
    with pytest.raises(ZeroDivisionError), device(served):
        _ = 1 / 0

    assert not served.bmc.sessions.open


def test_nobody_listens_is_told_in_time_with_what_to_do() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()

    with pytest.raises(NoAnswer) as caught:
        connect(f"lanplus://admin@127.0.0.1:{port}", password="x").session.establish()

    assert time.monotonic() - begun < 2.5
    assert f"lanplus://admin@127.0.0.1:{port}" in str(caught.value)
    assert "Nobody listens on that port" in str(caught.value)


def test_a_black_hole_is_told_in_time() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="Nor did a ping come back"):
            connect(f"lanplus://admin@127.0.0.1:{silent.getsockname()[1]}", password="x").session.establish()

        assert time.monotonic() - begun < 5


def test_garbage_is_no_answer(farm: Farm) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as garbler:
        garbler.bind(("127.0.0.1", 0))

        def babble() -> None:
            for _ in range(20):
                _, peer = garbler.recvfrom(2000)
                for size in (0, 1, 4, 10, 40):
                    garbler.sendto(bytes(range(size)), peer)
                garbler.sendto(b"\x06\x00\xff\x07" + bytes(range(60)), peer)

        threading.Thread(target=babble, daemon=True).start()
        with pytest.raises(NoAnswer, match="nothing answers Get Channel Authentication Capabilities"):
            connect(
                f"lanplus://admin@127.0.0.1:{garbler.getsockname()[1]}", password="x", retries=1
            ).session.establish()


def test_a_read_survives_that_the_bmc_dropped_the_session(served: Served) -> None:
    with device(served) as ipmi:
        served.bmc.sessions.open.clear()

        assert ipmi.get_device_id().firmware == "2.09"


def test_a_change_in_a_dropped_session_is_not_repeated_blindly(served: Served) -> None:
    with device(served, timeout=0.3, retries=1) as ipmi:
        served.bmc.sessions.open.clear()
        with pytest.raises(OutcomeUnknown, match=r"it may have been done or not\. Read back"):
            ipmi.send_message_with_name("ChassisControl", action="hard reset")


def test_power_whose_answer_is_lost_is_settled_by_its_status(served: Served) -> None:
    done: list[Power] = []
    control = served.bmc.chassis.set
    served.bmc.chassis.set = lambda on, now, after: done.append(Power(on)) or control(on, now, 0)  # type: ignore[method-assign,func-returns-value]
    with device(served, timeout=0.2, retries=0) as ipmi:
        send = served.bmc.sessions.send
        lost: list[bytes] = []

        def lose_one(address: Any, datagram: bytes) -> None:
            if done and not lost:
                lost.append(datagram)
            else:
                send(address, datagram)

        served.bmc.sessions.send = lose_one  # type: ignore[method-assign]
        ipmi.chassis.control(Power.OFF)

        assert not ipmi.chassis.is_on()
        assert done == [Power.OFF]


@pytest.mark.parametrize("ask", ["get_device_id", "close_session"])
def test_a_caller_that_is_interrupted_leaves_no_question_behind(served: Served, ask: str) -> None:
    with device(served, timeout=0.2, budget=1) as ipmi:
        patient, words = ipmi.link._patience(), {"close_session": [0x77]}.get(ask, [])

        class Interrupted:
            def wait(self, seconds: float) -> Any:
                raise KeyboardInterrupt

            def ask(self, datagram: bytes, seconds: float) -> Any:
                raise KeyboardInterrupt

        ipmi.link._patient, ipmi.link._straight = Interrupted(), None
        with pytest.raises(KeyboardInterrupt):
            getattr(ipmi, ask)(*words)
        ipmi.link._patient, ipmi.link._straight = patient, None

        assert ipmi.link.session.deadline() is None
        assert ipmi.chassis.status().power_on


def test_keep_alive_asks_in_silence_and_ends_with_the_session(served: Served) -> None:
    heard = threading.Event()

    def listen(event: Any) -> None:
        if isinstance(event, Exchanged) and event.purpose == "keep-alive":
            heard.set()

    with device(served, keep_alive_interval=0.05, observe=listen):
        assert heard.wait(5)
    assert not [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("keep-alive") and thread.is_alive() and not thread.join(2) and thread.is_alive()
    ]


def test_a_feature_may_be_used_from_several_threads(served: Served) -> None:
    with device(served) as ipmi:
        found: list[str] = []

        def work() -> None:
            found.extend(ipmi.get_device_id().firmware for _ in range(50))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == ["2.09"] * 200


def test_asyncio_gives_the_same_from_the_same_text(served: Served) -> None:
    async def main() -> tuple[str, bool, list[int]]:
        async with connect_asyncio(served.url, password=served.password, in_flight=4) as ipmi:
            await ipmi.chassis.control(Power.OFF)
            await ipmi.chassis.wait_until(False, interval=0.02)
            numbers = await asyncio.gather(*(ipmi.get_device_id() for _ in range(40)))
            found = await ipmi.get_device_id()
            return found.firmware, await ipmi.chassis.is_on(), [each.product for each in numbers]

    assert asyncio.run(main()) == ("2.09", False, [0x0815] * 40)
    assert not served.bmc.sessions.open


def test_asyncio_heals_all_questions_with_one_login(served: Served) -> None:
    async def main() -> int:
        async with connect_asyncio(served.url, password=served.password, in_flight=8) as ipmi:
            served.bmc.sessions.open.clear()
            answers = await asyncio.gather(*(ipmi.get_device_id() for _ in range(8)))
            assert [each.firmware for each in answers] == ["2.09"] * 8
            return ipmi.link.session.openings

    assert asyncio.run(main()) == 2


def test_asyncio_questions_can_be_cancelled(served: Served) -> None:
    async def main() -> bool:
        async with connect_asyncio(served.url, password=served.password) as ipmi:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await ipmi.chassis.wait_until(False, timeout=60, interval=0.05)
            return (await ipmi.chassis.status()).power_on

    assert asyncio.run(main())


def test_asyncio_questions_end_when_the_session_is_given_back(served: Served) -> None:
    async def main() -> None:
        async with connect_asyncio(served.url, password=served.password, in_flight=2) as ipmi:
            port = ipmi.link.port
            send, port.send = port.send, lambda datagram: None  # type: ignore[method-assign]  # what is sent is lost
            waiting = asyncio.ensure_future(ipmi.get_device_id())
            await asyncio.sleep(0)
            port.send = send  # type: ignore[method-assign]
        with pytest.raises(NoAnswer):
            async with asyncio.timeout(5):
                await waiting

    asyncio.run(main())


def test_a_virtual_url_needs_nothing_else() -> None:
    with ipmi_lab.connect("virtual:legacy") as ipmi:
        assert ipmi.get_device_id().ipmi == "1.5"


def test_features_have_types_and_words(served: Served) -> None:
    ipmi = device(served)

    assert "IPMI 2.0 §20.1" in ipmi.get_device_id.__doc__
    assert "rack-server" not in repr(ipmi)


def test_a_guard_is_asked_once_for_each_command_whichever_way_it_goes(served: Served) -> None:
    asked: list[str] = []
    with device(served) as ipmi:
        ipmi.link.guard = lambda request: asked.append(request.label())
        ipmi.get_device_id()
        ipmi.get_device_id()
        ipmi.link.session.timing = replace(ipmi.link.session.timing, spacing=0.001)
        ipmi.get_device_id()

    assert asked == ["Get Device Id (0x06 0x01)"] * 3
