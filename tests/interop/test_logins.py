"""Logins at our virtual BMC that are weak, or without a name: what it announces is what it does."""

from collections.abc import Iterator

import pytest

from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import UserProfile
from tests.interop.command_lines import Ipmitool
from tests.interop.conftest import InteropRecord
from tests.interop.ours import PASSWORD, IpmiLab, VirtualBmc, serve
from tests.interop.peers import Client, Lan, LanPlus, Target, Way
from tests.interop.test_our_bmc import DEVICE_ID, GET_DEVICE_ID

pytestmark = pytest.mark.interop
WAY = LanPlus(3)
CLIENTS = ["ipmitool", "freeipmi", "openipmi", "python_ipmi", "ours"]


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


@pytest.mark.parametrize(
    ("client", "way"),
    [(client, way) for client in CLIENTS for way in (Lan("md5"), WAY)] + [("pyghmi", WAY)],
    indirect=["client"],
    ids=str,
)
def test_the_null_user_logs_in(client: Client, way: Way, farm: Farm, interop_record: InteropRecord) -> None:
    bmc = null_user(farm)
    with interop_record(client.name, bmc.name, f"{way}, null user"):
        assert client.raw(bmc.target, way, GET_DEVICE_ID).data == DEVICE_ID


def null_user(farm: Farm) -> VirtualBmc:
    users = [UserProfile(user=""), UserProfile(user="viewer", privilege="user")]
    bmc = serve(farm, users=users, suites=[3], insecure=False, passwords={"": PASSWORD})
    return VirtualBmc(bmc.served, Target("127.0.0.1", bmc.target.port, "", PASSWORD))


def test_ipmitool_sees_the_null_user_and_needs_no_name(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = null_user(farm)
    shown = ipmitool.run(bmc.target, WAY, "channel", "authcap", "1", "4").output
    assert "Null user names exist      : yes" in shown
    assert "Anonymous login enabled    : no" in shown

    assert ipmitool.nameless(bmc.target, WAY, "mc", "guid").exit_code == 0


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
def test_a_users_session_works_where_users_packets_need_no_codes(
    client: Client, farm: Farm, interop_record: InteropRecord
) -> None:
    bmc = serve(farm, user_level_authentication=False)
    viewer = bmc.target.as_user("viewer", PASSWORD)
    with interop_record(client.name, bmc.name, "1.5 md5, user level unsigned"):
        assert client.raw(viewer, Lan("md5"), GET_DEVICE_ID, level="USER").data == DEVICE_ID


def test_what_we_announce_is_read_by_ipmitool(ipmitool: Ipmitool, farm: Farm) -> None:
    bmc = serve(farm, user_level_authentication=False, oem_authentication={"maker": 343}, kg="a key")
    shown = ipmitool.run(bmc.target, LanPlus(17), "channel", "authcap", "1", "2").output

    assert "NONE MD2 MD5 PASSWORD OEM" in shown
    assert "KG status                  : non-zero" in shown
    assert "User level authentication  : disabled" in shown
    assert "Per message authentication : enabled" in shown


def test_an_anonymous_login_needs_neither_name_nor_password(ipmitool: Ipmitool, farm: Farm) -> None:
    users = [UserProfile(user="", privilege="user", password="none"), UserProfile(user="admin")]
    bmc = serve(farm, users=users)
    shown = ipmitool.run(bmc.target, WAY, "channel", "authcap", "1", "2").output
    assert "Anonymous login enabled    : yes" in shown
    nobody = Target(bmc.target.host, bmc.target.port, "", "")

    assert ipmitool.raw(nobody, Lan("md5"), GET_DEVICE_ID, level="USER").data == DEVICE_ID
    assert IpmiLab().raw(nobody, Lan("md5"), GET_DEVICE_ID, level="USER").data == DEVICE_ID
    assert IpmiLab().raw(nobody, Lan("none"), GET_DEVICE_ID, level="USER").data == DEVICE_ID
