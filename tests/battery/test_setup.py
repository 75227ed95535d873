"""Sessions are opened on a lossy network (row 10)."""

import time

import pytest

from ipmi_lab.errors import IpmiLabError
from ipmi_lab.virtual.faults import Faults, Relay
from tests.battery.conftest import Record, behind
from tests.battery.length import scaled
from tests.interop.peers import Target

pytestmark = pytest.mark.interop


@pytest.mark.battery(10)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_every_session_opens_on_a_lossy_network(version: str, bmc: Target, bmc_name: str, record: Record) -> None:
    wanted, opened, troubles = scaled(short=4, long=30), 0, []
    with Relay(bmc.host, bmc.port, Faults(seed=31)) as relay:
        begun = time.monotonic()
        for _ in range(wanted):
            ipmi = behind(relay, bmc, version)
            relay.faults.set(loss=0.2)
            try:
                ipmi.session.establish()
                opened += 1
            except IpmiLabError as error:
                troubles.append(str(error))
            relay.faults.set(loss=0)
            ipmi.session.close()
        seconds = time.monotonic() - begun

    said = f"{opened} of {wanted}, {seconds:.0f} s{', '.join(['', *troubles])}"
    record(10, f"{version}, {bmc_name}", said, held=opened == wanted and seconds <= 90)
    assert opened == wanted, troubles
