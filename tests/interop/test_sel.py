"""The system event log crosses over: their clients read what ours keeps, and ours reads what theirs keep."""

import json
from pathlib import Path

import pytest

from ipmi_lab.commands.sel import LAST
from ipmi_lab.errors import CompletionError
from ipmi_lab.virtual.farm import Farm
from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.conftest import StartIpmiSim
from tests.interop.ours import opened, serve
from tests.interop.peers import Lan, LanPlus, Way

pytestmark = pytest.mark.interop

STORED = json.loads((Path(__file__).parents[1] / "vectors" / "sel.json").read_text())["entries"]
RECORDS = [bytes(2) + bytes.fromhex(entry) for entry in STORED]


def test_ipmitool_and_freeipmi_read_the_log_of_our_bmc(ipmitool: Ipmitool, freeipmi: FreeIpmi) -> None:
    with Farm() as farm:
        bmc = serve(farm)
        bmc.served.bmc.sel.clock = lambda: 0x5F006F00
        assert "Entries          : 0" in ipmitool.run(bmc.target, LanPlus(3), "sel", "info").output
        assert "SEL has no entries" in ipmitool.run(bmc.target, LanPlus(3), "sel", "list").errors
        with opened(bmc.target, LanPlus(3)) as ipmi:
            for number, record in enumerate(RECORDS, 1):
                assert ipmi.sel.add(record) == number

        info = ipmitool.run(bmc.target, LanPlus(3), "sel", "info").output
        listed = ipmitool.run(bmc.target, LanPlus(3), "sel", "list").output.splitlines()
        their_info = freeipmi.run("ipmi-sel", bmc.target, LanPlus(3), "--info").output
        theirs = freeipmi.run("ipmi-sel", bmc.target, LanPlus(3), "--ignore-sdr-cache").output.splitlines()[1:]

    assert "Entries          : 8" in info
    assert "Last Add Time    : 07/04/20" in info
    assert len(listed) == 8
    assert "07/04/20" in listed[0]
    assert "Temperature #0x10 | Upper Non-critical going high | Asserted" in listed[0]
    assert "OEM record e0 | 0102030405060708090a0b0c0d" in listed[7]
    assert "Number of log entries                  : 8" in their_info
    assert len(theirs) == 8
    assert "Jul-04-2020" in theirs[0]
    assert "Upper Non-critical - going high" in theirs[0]


def test_ipmitool_adds_an_entry_to_our_bmc(ipmitool: Ipmitool, tmp_path: Path) -> None:
    events = tmp_path / "events"
    events.write_text("0x04 0x01 0x30 0x01 0x57 0x5a 0x50 # temperature\n")
    with Farm() as farm:
        bmc = serve(farm)
        added = ipmitool.run(bmc.target, LanPlus(3), "sel", "add", str(events))
        kept = list(bmc.served.bmc.sel.entries.values())

    assert added.exit_code == 0, added
    assert [record[9:] for record in kept] == [bytes.fromhex("04013001575a50")]


@pytest.mark.parametrize("way", [Lan("md5"), LanPlus(3)], ids=str)
def test_our_client_writes_and_reads_the_log_of_ipmi_sim(
    way: Way, start_ipmi_sim: StartIpmiSim, ipmitool: Ipmitool
) -> None:
    server = start_ipmi_sim()
    with opened(server.target, way) as ipmi:
        assert ipmi.sel.info().entries == 0
        with pytest.raises(CompletionError, match="0xCB"):
            ipmi.sel.get()
        ids = [ipmi.sel.add(record) for record in RECORDS]
        first, last = ipmi.sel.get(ids[0]), ipmi.sel.get(LAST)
        assert ipmi.sel.info().entries == 8

    assert (first.next_id, first.record[7:]) == (ids[1], RECORDS[0][7:])
    assert (last.next_id, last.record[2:]) == (LAST, RECORDS[7][2:])
    listed = ipmitool.run(server.target, LanPlus(3), "sel", "list").output.splitlines()
    assert len(listed) == 8
    assert "Upper Non-critical going high" in listed[0]
