"""Rows 20 and 21 of the battery: BMCs that come back, ports that die, long silence."""

import threading
import time

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.chassis import Power
from ipmi_lab.sessions.events import Answered, GaveUp
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.faults import Relay
from tests.battery.machines import at, serve
from tests.interop.conftest import StartIpmiSim
from tests.sessions.pair import Pair

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("away", [0.0, 1.0])
@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
def test_20_a_restarted_bmc_is_spoken_to_again_within_four_seconds(scheme: str, away: float, farm: Farm) -> None:
    served = serve(farm)
    with at(served.port, scheme) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"
        farm.stop(served)
        back: list[float] = []

        def come_back() -> None:
            serve(farm, port=served.port)
            back.append(time.monotonic())

        timer = threading.Timer(away, come_back)
        timer.start()

        assert ipmi.get_device_id().ipmi == "2.0"

        timer.join()
        assert time.monotonic() - back[0] <= 4


@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
def test_20_a_restarted_ipmi_sim_is_spoken_to_again_within_four_seconds(
    scheme: str, start_ipmi_sim: StartIpmiSim
) -> None:
    first, second = start_ipmi_sim(), start_ipmi_sim()
    with Relay(first.target.host, first.target.port) as relay:
        how = {"cipher": 3} if scheme == "lanplus" else {}
        with at(relay.port, scheme, user="ipmiusr", password="test", **how) as ipmi:
            before = ipmi.get_device_id()
            relay.faults.set(loss=1.0)
            first.stop()
            relay.point(second.target.host, second.target.port)
            relay.faults.clear()
            begun = time.monotonic()

            assert ipmi.get_device_id() == before
            assert time.monotonic() - begun <= 4


def test_20_a_change_that_meets_a_restarted_bmc_is_settled_or_said_to_be_unknown(farm: Farm) -> None:
    served = serve(farm)
    with at(served.port) as ipmi:
        farm.stop(served)
        serve(farm, port=served.port)
        begun = time.monotonic()
        ipmi.chassis.control(Power.OFF)  # its status settles it

        assert not ipmi.chassis.is_on()
        assert time.monotonic() - begun <= 10


@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
def test_21_three_seconds_without_a_port_cost_no_more_than_five(scheme: str, farm: Farm) -> None:
    served = serve(farm)
    with at(served.port, scheme) as ipmi:
        door, sessions = served.door, served.bmc.sessions
        farm.stop(served)
        back: list[Served] = []

        def listen_again() -> None:
            again = serve(farm, port=served.port)
            again.bmc.sessions.open.update(sessions.open)  # only the port was dead, the BMC lived on
            back.append(again)

        timer = threading.Timer(3.0, listen_again)
        timer.start()
        begun = time.monotonic()

        assert ipmi.get_device_id().ipmi == "2.0"

        assert time.monotonic() - begun <= 5
        timer.join()
        assert door.fileno() == -1


@pytest.mark.parametrize("login", [{"version": "2.0"}, {"version": "1.5"}], ids=["2.0", "1.5"])
def test_21_after_75_seconds_of_silence_the_loss_is_known_and_mended_within_a_second(login: dict[str, str]) -> None:
    """On a clock that only the test turns: the BMC drops the session after 60 s, as real ones do."""
    pair = Pair(**login).opened()
    pair.now += 75
    begun = pair.now

    lost = pair.ask()
    assert isinstance(lost, GaveUp)
    assert lost.lost
    pair.opened()
    answered = pair.ask(GetDeviceId())

    assert isinstance(answered, Answered)
    assert pair.now - begun <= 1


SOON = 0.3  # seconds


@pytest.fixture
def soon_inactive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that expects a session to be dropped after 0.2 s of silence; its BMC does so after ``SOON``."""
    monkeypatch.setattr("ipmi_lab.sessions.unanswered.IDLE", 0.2)
    monkeypatch.setattr("ipmi_lab.links.link.IDLE", 0.2)


@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
@pytest.mark.parametrize("change", [False, True], ids=["read", "change"])
def test_21_after_silence_one_login_goes_before_the_next_command(
    change: bool, scheme: str, farm: Farm, soon_inactive: None
) -> None:
    served = serve(farm, session_timeout=SOON)
    with at(served.port, scheme) as ipmi:
        threading.Event().wait(0.4)  # the silence itself
        begun = time.monotonic()
        if change:
            ipmi.chassis.control(Power.CYCLE)
        else:
            assert ipmi.get_device_id().ipmi == "2.0"

        assert time.monotonic() - begun <= 1
        assert ipmi.link.session.openings == 2


def test_21_keep_alive_keeps_the_session(farm: Farm, soon_inactive: None) -> None:
    served = serve(farm, session_timeout=SOON)
    with at(served.port, keep_alive_interval=0.1) as ipmi:
        threading.Event().wait(0.6)

        assert ipmi.get_device_id().ipmi == "2.0"
        assert ipmi.link.session.openings == 1
