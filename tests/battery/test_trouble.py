"""Rows 18 and 19 of the battery: nobody there, logins that are refused.

What counts is time, and that the text names the machine, the cause and what to try.
"""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ipmi_lab.errors import NoAnswer, NoSlot, SessionError
from ipmi_lab.lab.open import connect_asyncio
from ipmi_lab.sessions.events import Exchanged, Observed
from ipmi_lab.virtual.farm import Farm
from tests.battery.machines import PASSWORD, SCHEMES, at, refusal, serve
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop

# ---------------------------------------------------------------------- 18: nobody listens, a black hole


@contextmanager
def nobody() -> Iterator[int]:
    """A port where every datagram is refused: its socket hears one other peer only."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        held.connect(("127.0.0.1", 9))
        yield held.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port where everything is swallowed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()[1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("where", "seconds", "words"),
    [(nobody, 2.5, "Nobody listens on that port: check the port"), (black_hole, 5, "check host and port, the cable")],
    ids=["nobody listens", "black hole"],
)
def test_18_where_nobody_answers_that_is_told_soon_after_three_tries(
    where: Callable[[], Any], seconds: float, words: str, scheme: str
) -> None:
    heard: list[Observed] = []
    with where() as port:
        text = refusal(lambda: at(port, scheme, observe=heard.append).session.establish(), seconds)

    assert f"127.0.0.1:{port}" in text
    assert f"127.0.0.1 UDP port {port}" in text
    assert words in text
    assert max(event.tries for event in heard if isinstance(event, Exchanged)) >= 3


async def fails_to_open(port: int) -> None:
    await connect_asyncio(f"lanplus://127.0.0.1:{port}", user="admin", password=PASSWORD).session.establish()


def test_18_asyncio_tells_the_same() -> None:
    with nobody() as port:
        assert "Nobody listens on that port" in refusal(lambda: asyncio.run(fails_to_open(port)), 2.5)


# ---------------------------------------------------------------------- 19: twelve causes, twelve texts


SIM: list[tuple[str, str, dict[str, Any], str]] = [
    ("wrong password", "lanplus", {"password": "x", "cipher": 3}, "it knows another password for this user"),
    ("wrong password", "lan", {"password": "x"}, "refuse a wrong password"),
    ("unknown user", "lanplus", {"user": "who", "cipher": 3}, "user 'who' .*unauthorized name"),
    ("unknown user", "lan", {"user": "who"}, "user 'who' .*invalid user name"),
    ("suite", "lanplus", {"cipher": 4}, r"none of the cipher suites that were tried: 4 \(invalid confidentiality"),
    ("privilege", "lan", {"user": "viewer"}, "user 'viewer' as administrator: privilege exceeds"),
]


@pytest.mark.parametrize(
    ("cause", "scheme", "how", "words"), SIM, ids=[f"{cause}, {scheme}" for cause, scheme, _, _ in SIM]
)
def test_19_the_cause_is_named_at_ipmi_sim(
    cause: str, scheme: str, how: dict[str, Any], words: str, ipmi_sim: IpmiSim
) -> None:
    usual = {"user": "ipmiusr", "password": "test"}

    text = refusal(lambda: at(ipmi_sim.target.port, scheme, **usual | how).session.establish(), 4)

    assert re.search(words, text), text


@pytest.mark.parametrize(
    ("kg", "words"),
    [({}, "it has a K_g, and none was given"), ({"kg": "no"}, "the K_g that was given is not the BMC's")],
)
def test_19_a_missing_or_wrong_bmc_key_is_named_at_ipmi_sim(
    kg: dict[str, Any], words: str, ipmi_sim_with_key: IpmiSim
) -> None:
    device = at(ipmi_sim_with_key.target.port, user="ipmiusr", password="test", cipher=3, **kg)

    assert words in refusal(device.session.establish, 4)


OURS: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("wrong password", "lanplus", {}, {"password": "x"}, "another password for this user"),
    ("wrong password", "lan", {}, {"password": "x"}, "refuse a wrong password"),
    ("unknown user", "lanplus", {}, {"user": "who"}, "Check user and password"),  # it does not tell, for safety
    ("unknown user", "lan", {}, {"user": "who", "timeout": 0.2}, "Check user and password"),
    ("suite", "lanplus", {}, {"cipher": 8}, "tried: 8 .*0x11.*it lists 3, 17"),
    ("suites, all", "lanplus", {"suites": [0], "insecure": True}, {}, r"tried: 17 \(.*3 \(.*it lists 0"),
    ("privilege", "lanplus", {}, {"user": "viewer"}, "user 'viewer' as administrator: unauthorized role"),
    ("privilege", "lan", {}, {"user": "viewer"}, "user 'viewer' as administrator: privilege exceeds"),
    ("1.5 only", "lanplus", {"suites": []}, {}, "speaks only IPMI 1.5"),
    ("2.0 only", "lan", {"authentications": []}, {}, "offers no authentication that is safe .*lanplus"),
    ("authentication", "lan", {}, {"authentication": "md2"}, "does not offer authentication md2 .*only md5"),
    ("slots", "lanplus", {"quirks": ["fewslots"]}, {"taken": 1}, "All session slots of the BMC are taken.*wait_for"),
    ("slots", "lan", {"quirks": ["fewslots"]}, {"taken": 1}, "All session slots of the BMC are taken.*wait_for"),
]


@pytest.mark.parametrize(
    ("cause", "scheme", "played", "how", "words"), OURS, ids=[f"{cause}, {scheme}" for cause, scheme, *_ in OURS]
)
def test_19_the_cause_is_named(
    cause: str, scheme: str, played: dict[str, Any], how: dict[str, Any], words: str, farm: Farm
) -> None:
    served = serve(farm, **played)
    for _ in range(how.pop("taken", 0)):
        at(served.port, scheme).session.establish()

    text = refusal(lambda: at(served.port, scheme, **how).session.establish(), 4)

    assert re.search(words, text), text


def test_19_full_slots_have_an_error_of_their_own(farm: Farm) -> None:
    served = serve(farm, session_slots=1)
    at(served.port).session.establish()

    with pytest.raises(NoSlot):
        at(served.port).session.establish()


@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
def test_19_a_disabled_user_is_told_to_be_looked_at(scheme: str, farm: Farm) -> None:
    served = serve(farm)
    served.bmc.users.users[2].enabled = False

    assert "Check user and password" in refusal(at(served.port, scheme, timeout=0.2).session.establish, 4)


def test_19_a_channel_that_lets_nobody_in_so_high_is_named(farm: Farm) -> None:
    served = serve(farm)
    with at(served.port) as ipmi:
        ipmi.send_message_with_name("SetChannelAccess", channel=1, change_privilege="volatile", privilege_limit=3)

    text = refusal(at(served.port).session.establish, 4)

    assert "refuses Get Channel Authentication Capabilities for administrator" in text
    assert "The channel's privilege limit may be lower" in text


@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
def test_19_a_lock_out_after_wrong_logins_is_named(scheme: str, farm: Farm) -> None:
    served = serve(farm)
    for _ in range(5):
        served.bmc.sessions.lockout.failed(("127.0.0.1", 1), time.monotonic())

    assert "a lock-out" in refusal(at(served.port, scheme, timeout=0.1).session.establish, 4)


@contextmanager
def other_service(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """Something that is no BMC, on a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        stop = threading.Event()

        def talk() -> None:
            door.settimeout(0.05)
            while not stop.is_set():
                try:
                    datagram, peer = door.recvfrom(2000)
                except TimeoutError:
                    continue
                door.sendto(answer(datagram), peer)

        thread = threading.Thread(target=talk)
        thread.start()
        yield door.getsockname()[1]
        stop.set()
        thread.join()


SERVICES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("echo", lambda datagram: datagram),
    ("text", lambda datagram: b"-ERR unknown command\r\n"),
    ("garbage behind a right header", lambda datagram: datagram[:4] + bytes(range(60))),
    ("nothing", lambda datagram: b""),
]


@pytest.mark.parametrize(("service", "answer"), SERVICES, ids=[service for service, _ in SERVICES])
def test_19_what_is_no_bmc_is_named_as_such(service: str, answer: Callable[[bytes], bytes]) -> None:
    with other_service(answer) as port:
        text = refusal(at(port, retries=1).session.establish, 5)

    assert re.search(r"\d+ datagrams came that are no answers \(.+\): something else than a BMC may listen there", text)


def test_a_password_never_stands_in_any_of_these_texts(farm: Farm) -> None:
    served = serve(farm)
    for how in ({"password": "hunter2"}, {"password": "hunter2", "kg": "hunter3"}):
        with pytest.raises(SessionError) as caught:
            at(served.port, **how).session.establish()
        assert "hunter" not in str(caught.value)


def test_no_answer_is_what_silence_raises() -> None:
    with black_hole() as port, pytest.raises(NoAnswer):
        at(port, timeout=0.05, retries=0).session.establish()
