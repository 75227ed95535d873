"""FreeIPMI and python-ipmi at our virtual BMC with a fault: what they live with by a name is what ours does wrong."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import FreeIpmi
from tests.interop.libraries import PythonIpmi
from tests.interop.ours import serve
from tests.interop.peers import Lan, LanPlus, Way
from tests.interop.test_peers_at_ipmi_sim import GET_DEVICE_ID

pytestmark = pytest.mark.interop

FREEIPMI: list[tuple[str, Way]] = [
    ("authcap", Lan("md5")),
    ("authcap", LanPlus(3)),
    ("endianseq", Lan("md5")),
    ("forcepermsg", Lan("md5")),
    ("idzero", Lan("md5")),
    ("integritycheckvalue", LanPlus(0)),
    *[("intel20", LanPlus(suite)) for suite in (1, 3, 8)],
    ("noauthcodecheck", Lan("md5")),
    ("nochecksumcheck", Lan("md5")),
    ("nochecksumcheck", LanPlus(3)),
    ("opensesspriv", LanPlus(3)),
    ("opensesspriv", LanPlus(17)),
    ("sun20", LanPlus(3)),
    ("supermicro20", LanPlus(3)),
    ("supermicro20", LanPlus(8)),
]
PYTHON_IPMI = [("nosdulength", "rmcp_ignore_sdu_length"), ("norqseq", "rmcp_ignore_rq_seq")]


@pytest.fixture
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


@pytest.mark.parametrize(("fault", "way"), FREEIPMI, ids=[f"{fault}-{way}" for fault, way in FREEIPMI])
def test_freeipmi_lives_with_a_fault_by_its_workaround_of_that_name_alone(
    fault: str, way: Way, farm: Farm, freeipmi: FreeIpmi
) -> None:
    bmc = serve(farm, quirks=[fault])
    without = freeipmi.raw(bmc.target, way, GET_DEVICE_ID, patience=0.6)
    assert without.completion is None, without

    answer = freeipmi.raw(replace(bmc.target, workarounds=(fault,)), way, GET_DEVICE_ID)
    assert answer.completion == 0, answer


def test_ipmipower_lives_with_unexpected_codes_by_its_workaround_alone(farm: Farm, freeipmi: FreeIpmi) -> None:
    """FreeIPMI's other tools do not: their library checks the code a second time as if there must be none."""
    bmc = serve(farm, quirks=["unexpectedauth"])
    assert freeipmi.run("ipmipower", bmc.target, Lan("md5"), "--stat", patience=0.6).exit_code

    target = replace(bmc.target, workarounds=("unexpectedauth",))
    assert freeipmi.run("ipmipower", target, Lan("md5"), "--stat").output.endswith(": on\n")


@pytest.mark.parametrize(("fault", "workaround"), PYTHON_IPMI)
def test_python_ipmi_lives_with_a_fault_by_its_quirk_alone(
    fault: str, workaround: str, farm: Farm, python_ipmi: PythonIpmi
) -> None:
    bmc = serve(farm, quirks=[fault])
    without = python_ipmi.raw(bmc.target, Lan("md5"), GET_DEVICE_ID, patience=0.6)
    assert without.completion is None, without

    answer = python_ipmi.raw(replace(bmc.target, workarounds=(workaround,)), Lan("md5"), GET_DEVICE_ID)
    assert answer.completion == 0, answer
