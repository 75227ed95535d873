"""The messaging commands of OpenIPMI's library at our virtual BMC."""

from collections.abc import Iterator

import pytest

from ipmi_lab.virtual.farm import Farm
from ipmi_lab.wire.codes import Privilege
from tests.interop.conftest import present
from tests.interop.crossings import asked_by
from tests.interop.openipmi import OpenIpmi
from tests.interop.ours import opened, serve
from tests.interop.peers import LanPlus
from tests.interop.test_our_bmc import DEVICE_ID, GET_DEVICE_ID
from tests.proofs import Proves

pytestmark = pytest.mark.interop
WAY = LanPlus(3)
BMC = "t(0.20)"


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


@pytest.fixture
def openipmi() -> OpenIpmi:
    return present(OpenIpmi)


@pytest.mark.parametrize("authentication", ["md5", "rmcp+"])
def test_openipmi_looks_at_our_bmc_whole(authentication: str, openipmi: OpenIpmi, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("OpenIPMI", bmc, proves) as seen, openipmi.domain(bmc.target, authentication) as domain:
        shown = domain.said(f"mc chan info {BMC} 1", "Aux Info: 0x00 0x00")
        assert "Medium String: 8023_LAN" in shown
        assert "Session Support: multi-session" in shown
    assert (("ActivateSession", 0) in seen) == (authentication == "md5")


def test_openipmi_switches_the_log_and_reads_it_back(openipmi: OpenIpmi, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    with asked_by("OpenIPMI", bmc, proves), openipmi.domain(bmc.target, "rmcp+") as domain:
        domain.said(f"mc set_event_log_enable {BMC} off", "Event Log Enable Set")
        domain.said(f"mc get_event_log_enable {BMC}", "Event Log Enabled: false")
    with opened(bmc.target, WAY) as ipmi:
        found = ipmi.get_bmc_global_enables()
    assert (found.event_logging, found.event_message_buffer) == (False, False)


def test_openipmi_makes_a_user_and_sets_the_access_of_a_channel(openipmi: OpenIpmi, farm: Farm, proves: Proves) -> None:
    bmc = serve(farm)
    user = "name bench password benchpass privilege_limit operator msg_enabled true enable session_limit 2"
    access = "present user_auth false privilege_limit operator"
    with asked_by("OpenIPMI", bmc, proves), openipmi.domain(bmc.target, "rmcp+") as domain:
        domain.said(f"mc chan user set {BMC} 1 6 {user}", f"User Info Set: {BMC}")
        shown = domain.said(f"mc chan user list {BMC} 1 6", "Privilege Limit: operator")
        assert "String Name: bench" in shown
        domain.said(f"mc chan set_access {BMC} 1 {access}", "Channel Access Set")
        shown = domain.said(f"mc chan get_access {BMC} 1 both", "Type: non-volatile")
        assert "User Auth: false" in shown
        assert "Privilege Limit: operator" in shown
    bench = bmc.target.as_user("bench", "benchpass")
    with opened(bench, WAY, level="operator") as ipmi:
        assert ipmi.get_session_info().user_id == 6
        assert ipmi.get_channel_access().privilege_limit == Privilege.OPERATOR
        assert ipmi.raw(*GET_DEVICE_ID) == DEVICE_ID
