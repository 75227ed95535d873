"""A network on purpose bad between our client and a BMC, over real sockets: nothing wrong, nothing lost.

Each row stands in front of ipmi_sim and of our own virtual BMC; the seeds are fixed, so a failure can be repeated.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.lab.open import connect
from ipmi_lab.links.link import Blocking
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.faults import Faults, Relay
from tests.interop.conftest import *  # noqa: F403  # its fixtures start ipmi_sim
from tests.interop.ours import serve
from tests.interop.peers import Target

pytestmark = pytest.mark.interop
READS = 100


@pytest.fixture(params=["ipmi_sim", "virtual"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A BMC, and who logs in."""
    if request.param == "ipmi_sim":
        yield request.getfixturevalue("ipmi_sim").target
    else:
        with Farm() as farm:
            yield serve(farm).target


@pytest.fixture(params=["2.0", "1.5"])
def bad(request: pytest.FixtureRequest, target: Target) -> Iterator[Callable[..., tuple[Device[Blocking], Relay]]]:
    """Opens a session through a relay, while it still lets everything through."""
    relays = []

    def opened(**how: Any) -> tuple[Device[Blocking], Relay]:
        relay = Relay(target.host, target.port)
        relays.append(relay)
        scheme = "lanplus" if request.param == "2.0" else "lan"
        usual = {"cipher": 3} if request.param == "2.0" else {}
        device = connect(f"{scheme}://{target.user}@127.0.0.1:{relay.port}", password=target.password, **usual | how)
        device.session.establish()
        return device, relay

    yield opened
    for relay in relays:
        relay.close()


ASKS: list[tuple[int, int, bytes]] = [(0x06, 0x01, b""), (0x00, 0x01, b""), (0x06, 0x2F, b""), (0x06, 0x42, b"\x01")]


def read(ipmi: Device[Blocking], count: int) -> None:
    """So many reads of four kinds: each answer must be the one of its own question."""
    right = {ask: ipmi.raw(*ask) for ask in ASKS}
    for ask in itertools.islice(itertools.cycle(ASKS), count):
        assert ipmi.raw(*ask) == right[ask]


FAULTS = [
    {"loss": 0.05},
    {"loss": 0.1},
    {"duplicate": 0.5},
    {"reorder": 0.5, "duplicate": 0.2},
    {"jitter": 0.03},
    {"corrupt": 0.05},
    {"truncate": 0.05},
    {"loss": 0.03, "duplicate": 0.1, "reorder": 0.1, "corrupt": 0.02, "truncate": 0.02, "jitter": 0.005},
]


@pytest.mark.parametrize("faults", FAULTS, ids=lambda faults: "-".join(faults))
def test_every_read_is_answered_and_right(
    faults: dict[str, float], bad: Callable[..., tuple[Device[Blocking], Relay]]
) -> None:
    ipmi, relay = bad()
    read(ipmi, 8)
    relay.faults.set(**faults)

    read(ipmi, READS)

    relay.faults.clear()
    ipmi.session.close()


def test_answers_that_come_late_are_not_lost_time(bad: Callable[..., tuple[Device[Blocking], Relay]]) -> None:
    ipmi, relay = bad()
    relay.answers = Faults(delay=0.6)
    begun = time.monotonic()

    read(ipmi, 4)

    assert time.monotonic() - begun < 8
    relay.answers = relay.faults
    ipmi.session.close()


def test_a_blackout_is_survived(bad: Callable[..., tuple[Device[Blocking], Relay]]) -> None:
    ipmi, relay = bad()
    relay.faults.set(loss=1.0)
    light = threading.Timer(2.0, relay.faults.clear)
    light.start()
    begun = time.monotonic()

    read(ipmi, 4)

    assert 1.9 < time.monotonic() - begun < 6
    light.join()
    ipmi.session.close()


def test_sessions_open_on_a_lossy_network(target: Target) -> None:
    with Relay(target.host, target.port, Faults(loss=0.1, seed=4)) as relay:
        for _ in range(5):
            ipmi = connect(f"lanplus://{target.user}@127.0.0.1:{relay.port}", password=target.password, cipher=3)
            for attempt in range(3):
                try:
                    ipmi.session.establish()
                    break
                except IpmiLabError:
                    assert attempt < 2
            assert ipmi.get_device_id().ipmi == "2.0"
            ipmi.session.close()


def test_thousands_of_damaged_answers_are_never_taken(target: Target) -> None:
    """Before each right answer come ten damaged ones."""
    chance = random.Random(6)

    class Spoiler(Faults):
        def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
            for _ in range(10):
                spoilt = bytearray(datagram)
                for _ in range(chance.randrange(1, 4)):
                    spoilt[chance.randrange(4, len(spoilt))] ^= chance.randrange(1, 256)
                yield 0.0, bytes(spoilt[: chance.randrange(4, len(spoilt) + 1)])
            yield 0.0, datagram

    with Relay(target.host, target.port) as relay:
        ipmi = connect(f"lanplus://{target.user}@127.0.0.1:{relay.port}", password=target.password, cipher=3)
        with ipmi:
            right = {ask: ipmi.raw(*ask) for ask in ASKS}
            relay.answers = Spoiler()
            for ask in itertools.islice(itertools.cycle(ASKS), 300):
                assert ipmi.raw(*ask) == right[ask]
            relay.answers = relay.faults


def test_a_bmc_that_was_restarted_is_spoken_to_again_soon() -> None:
    with Farm() as farm:
        bmc = serve(farm)
        with connect(f"lanplus://admin@127.0.0.1:{bmc.target.port}", password=bmc.target.password) as ipmi:
            farm.stop(bmc.served)
            again = threading.Timer(
                1.0,
                lambda: farm.open(
                    bmc.served.profile,
                    port=bmc.target.port,
                    passwords={"admin": bmc.target.password, "viewer": bmc.target.password},
                ),
            )
            again.start()
            begun = time.monotonic()
            assert ipmi.get_device_id().ipmi == "2.0"
            assert time.monotonic() - begun < 1 + 4
            again.join()


def test_a_busy_bmc_is_told_as_what_it_is() -> None:
    with Farm() as farm:
        served = farm.open("rack-server")
        with connect(served.url, password=served.password) as ipmi:
            served.faults.set(refuse=2, code=0xC0)
            for _ in range(2):
                with ipmi.expect(0xC0):
                    ipmi.get_device_id()
            assert ipmi.get_device_id().firmware == "2.09"


@pytest.mark.parametrize("fault", ["lss", "delays"])
def test_a_fault_that_is_none_is_told(fault: str) -> None:
    with pytest.raises(IpmiLabError, match="there is no fault"):
        Faults().set(**{fault: 0.1})
    with pytest.raises(IpmiLabError, match="no share from 0 to 1"):
        Faults().set(loss=2)
