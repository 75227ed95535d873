"""The benchmark runs: one short lap, on a real BMC, of us and of one other."""

import os
import re

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.contests import Contest, Peer
from benchmarks.race import race, spread
from tests.interop.libraries import PythonIpmi
from tests.interop.servers import IpmiSim

pytestmark = pytest.mark.interop


def test_a_contest_prints_both_clients_and_their_ratio(python_ipmi: PythonIpmi, ipmi_sim: IpmiSim) -> None:
    done = CliRunner().invoke(main, ["typed", "--rounds", "1", "--seconds", "0.02"], catch_exceptions=False)

    assert done.exit_code == 0
    assert re.search(r"^ipmi-lab +[\d,]+ +\d+", done.output, re.MULTILINE), done.output
    ratio = r"^python-ipmi get_device_id +[\d,]+ +\d+ +\d+\.\d\d – \d+\.\d\d – \d+\.\d\d"
    assert re.search(ratio, done.output, re.MULTILINE), done.output


def test_a_client_that_is_missing_has_its_reason_and_the_others_run(ipmi_sim: IpmiSim) -> None:
    contest = Contest("c", "t", "no_such_module:raw", (Peer("echo", "udp_echo:echo"), Peer("gone", "gone:loop", 2.0)))
    target = ipmi_sim.target

    ours, echo, gone = race(
        contest, target.host, [target.port], core=min(os.sched_getaffinity(0)), rounds=1, seconds=0.02
    )

    assert ours[:2] == ["ipmi-lab", "ModuleNotFoundError: No module named 'benchmarks.no_such_module'"]
    assert int(echo[1].replace(",", "")) > 0
    assert gone == ["gone", "ModuleNotFoundError: No module named 'benchmarks.gone'", "", "", "≥ 2.0", "", ""]


def test_a_spread_is_least_middle_and_greatest() -> None:
    assert spread([3.0, 1.0, 2.0]) == "1.00 – 2.00 – 3.00"
