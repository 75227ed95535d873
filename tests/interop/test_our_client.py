"""Our client at BMCs that were written elsewhere."""

import asyncio
from collections.abc import Callable

import pytest

from ipmi_lab.commands.chassis import Power
from ipmi_lab.commands.session import AuthenticationType
from ipmi_lab.errors import CompletionError
from ipmi_lab.lab.open import connect, connect_asyncio
from tests.interop.conftest import InteropRecord, StartIpmiSim
from tests.interop.ours import IpmiLab, opened
from tests.interop.peers import Lan, LanPlus, Way
from tests.interop.reasons import LANS, NO_RC4, NO_SHA256, RC4, SHA256, SHORT_CONSTANTS, Why
from tests.interop.servers import IpmiSim, PyghmiBmc
from tests.interop.test_peers_at_ipmi_sim import DEVICE_ID, GET_DEVICE_ID

pytestmark = pytest.mark.interop

OURS = IpmiLab()
WAYS: list[Way] = [*LANS, *map(LanPlus, (0, 1, 2, 3, 6))]


@pytest.mark.parametrize("way", [*WAYS, LanPlus(11)], ids=str)
def test_it_gets_the_device_id_of_ipmi_sim(
    way: Way, sim_for: Callable[[Way], IpmiSim], interop_record: InteropRecord
) -> None:
    ipmi_sim = sim_for(way)
    with interop_record(OURS.name, ipmi_sim.name, way):
        answer = OURS.raw(ipmi_sim.target, way, GET_DEVICE_ID)

        assert (answer.exit_code, answer.completion, answer.data) == (0, 0, DEVICE_ID), answer


NOTHING = [
    *[(LanPlus(suite), "Set Session Privilege Level is not answered", SHORT_CONSTANTS) for suite in (7, 8, 12)],
    *[(LanPlus(suite), "invalid confidentiality algorithm, 0x10", NO_RC4) for suite in RC4],
    *[(LanPlus(suite), "invalid authentication algorithm", NO_SHA256) for suite in SHA256],
]


@pytest.mark.parametrize(("way", "words", "why"), NOTHING, ids=[str(way) for way, *_ in NOTHING])
def test_it_gets_nothing_for_a_known_reason(
    way: Way, words: str, why: Why, sim_for: Callable[[Way], IpmiSim], interop_record: InteropRecord
) -> None:
    ipmi_sim = sim_for(way)
    with interop_record(OURS.name, ipmi_sim.name, way, *why):
        answer = OURS.raw(ipmi_sim.target, way, GET_DEVICE_ID, patience=0.5)

        assert answer.completion is None
        assert words in answer.errors


@pytest.mark.parametrize(
    ("way", "words"),
    [(LanPlus(3), "knows another password for this user"), (Lan("md5"), "refuse a wrong password")],
    ids=str,
)
def test_a_wrong_password_is_told(way: Way, words: str, ipmi_sim: IpmiSim) -> None:
    answer = OURS.raw(ipmi_sim.target.as_user("ipmiusr", "wrong"), way, GET_DEVICE_ID, patience=0.5)

    assert answer.exit_code in (3, 4)
    assert words in answer.errors


@pytest.mark.parametrize(
    ("way", "words"), [(LanPlus(3), "unauthorized name"), (Lan("md5"), "invalid user name (0x81)")], ids=str
)
def test_a_wrong_user_is_told(way: Way, words: str, ipmi_sim: IpmiSim) -> None:
    answer = OURS.raw(ipmi_sim.target.as_user("nobody", "test"), way, GET_DEVICE_ID)

    assert answer.exit_code == 4
    assert words in answer.errors


def test_a_password_of_19_bytes_logs_in(ipmi_sim: IpmiSim) -> None:
    longest = ipmi_sim.target.as_user("longpw", "0123456789abcdefWXY")

    assert OURS.raw(longest, LanPlus(3), GET_DEVICE_ID).data == DEVICE_ID


def test_a_bmc_key_is_used_and_missed(ipmi_sim_with_key: IpmiSim, interop_record: InteropRecord) -> None:
    with interop_record(OURS.name, ipmi_sim_with_key.name, f"{LanPlus(3)} with K_g"):
        assert OURS.raw(ipmi_sim_with_key.target, LanPlus(3), GET_DEVICE_ID).data == DEVICE_ID
        target = ipmi_sim_with_key.target
        without = type(target)(target.host, target.port, target.user, target.password)
        assert "it has a K_g, and none was given" in OURS.raw(without, LanPlus(3), GET_DEVICE_ID).errors


def test_the_choice_of_a_suite_ends_at_the_one_that_pyghmis_bmc_has(pyghmi_bmc: PyghmiBmc) -> None:
    """It agrees to whatever is proposed first, and means suite 3."""
    target = pyghmi_bmc.target
    url = f"lanplus://{target.user}@{target.host}:{target.port}"
    with connect(url, password=target.password) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"
        assert "cipher suite 3" in ipmi.link.session.how


def test_pyghmis_bmc_with_a_key_answers(pyghmi_bmc_with_key: PyghmiBmc, interop_record: InteropRecord) -> None:
    with interop_record(OURS.name, pyghmi_bmc_with_key.name, f"{LanPlus(3)} with K_g"):
        assert OURS.raw(pyghmi_bmc_with_key.target, LanPlus(3), GET_DEVICE_ID).completion == 0


def test_every_session_is_given_back(start_ipmi_sim: StartIpmiSim) -> None:
    server = start_ipmi_sim()
    for way in WAYS:
        OURS.raw(server.target, way, GET_DEVICE_ID)

    assert server.wait_until_sessions_are_closed(len(WAYS)), server.sessions()
    assert server.sessions() == (len(WAYS), len(WAYS))


def test_power_reaches_the_machine(ipmi_sim: IpmiSim) -> None:
    with opened(ipmi_sim.target, LanPlus(3)) as ipmi:
        ipmi.chassis.control(Power.OFF)
        assert ipmi_sim.machine("power") == "0"
        assert not ipmi.chassis.is_on()
        ipmi.chassis.control(Power.ON)
        assert ipmi_sim.machine("power") == "1"
        assert ipmi.chassis.wait_until(True, interval=0.01) < 5


def test_typed_commands_read_what_it_says(ipmi_sim: IpmiSim) -> None:
    with opened(ipmi_sim.target, LanPlus(3)) as ipmi:
        assert ipmi.get_device_id().firmware == "9.08"
        assert ipmi.get_system_guid().uuid == "efcdab89-6745-23a1-efcd-ab89674523a1"
        assert ipmi.get_user_name(2) == "ipmiusr"
        assert ipmi.get_user_access(2, 1).privilege_limit == 4
        assert ipmi.get_channel_info(1).medium == 4
        assert ipmi.get_channel_access(1).access_mode == 2
        assert ipmi.get_session_info().user_id == 2
        assert [suite.number for suite in ipmi.get_channel_cipher_suites()][:4] == [0, 1, 2, 3]
        assert ipmi.set_session_privilege_level(2) == 2
        with pytest.raises(CompletionError, match="invalid command"):
            ipmi.get_self_test_results()
        with pytest.raises(CompletionError, match="Master Write Read"):
            ipmi.i2c_write_read(1, 1, 0, 0x50, 1, b"\0")


def test_capabilities_need_no_session(ipmi_sim: IpmiSim) -> None:
    found = opened(ipmi_sim.target, LanPlus(3)).get_channel_authentication_capabilities(channel=0x0E, priv_lvl=4)

    assert found.ipmi20
    assert AuthenticationType.MD5 in found.authentications


def test_a_ping_is_answered(ipmi_sim: IpmiSim) -> None:
    assert opened(ipmi_sim.target, LanPlus(3)).ping() < 1


@pytest.mark.parametrize("way", [Lan("md5"), LanPlus(3)], ids=str)
def test_a_thousand_commands_are_a_thousand_right_answers(way: Way, ipmi_sim: IpmiSim) -> None:
    with opened(ipmi_sim.target, way) as ipmi:
        for _ in range(500):
            assert ipmi.raw(0x06, 0x01) == DEVICE_ID
            assert len(ipmi.raw(0x00, 0x01)) == 3


def test_asyncio_speaks_with_it_too(ipmi_sim: IpmiSim) -> None:
    target = ipmi_sim.target

    async def main() -> list[str]:
        url = f"lanplus://{target.user}@{target.host}:{target.port}"
        async with connect_asyncio(url, password=target.password, cipher=3, in_flight=8) as ipmi:
            found = await asyncio.gather(*(ipmi.get_device_id() for _ in range(100)))
            return [each.firmware for each in found]

    assert asyncio.run(main()) == ["9.08"] * 100
