"""What the rows of the battery share: BMCs, relays before them, and the record of what was measured.

Each test has a short form for CI and a long one, which ``IPMI_LAB_BATTERY=long`` chooses; the long ones write down
their figures. A bound on wrong answers is asserted in both, a bound on time only in the long form, when it is recorded.
"""

import os
import platform
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest

from ipmi_lab.device.device import Device
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.faults import Relay
from tests.battery import table
from tests.battery.length import LONG
from tests.interop.conftest import *  # noqa: F403  # its fixtures start ipmi_sim
from tests.interop.ours import opened, serve
from tests.interop.peers import Lan, LanPlus, Target, Way

NOTE = f" ({os.environ['IPMI_LAB_BATTERY_NOTE']})" if "IPMI_LAB_BATTERY_NOTE" in os.environ else ""
"""What else to say of the machine, such as that it was busy."""


def where() -> str:
    """The machine and the versions that a figure was measured with."""
    cores = os.cpu_count()
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"ipmi-lab {version('ipmi-lab')}, {python}, cryptography {version('cryptography')}, "
        f"{platform.system()} {platform.machine()}, {cores} cores, {day}{NOTE}"
    )


@pytest.fixture(autouse=True)
def on_one_core(request: pytest.FixtureRequest) -> Iterator[None]:
    """What measures speed runs on one core with its BMCs: on two, every client waits for one core to wake the other,
    which is the machine's matter. On how many the peers' figures were measured is not known; the page says so."""
    if not LONG or request.node.get_closest_marker("alone") is None:
        yield
        return
    cores = os.sched_getaffinity(0)
    processes = 0, request.getfixturevalue("shared_ipmi_sim").pid  # which may run since before this test
    for pid in processes:
        os.sched_setaffinity(pid, {max(cores)})
    yield
    for pid in processes:
        os.sched_setaffinity(pid, cores)


class Record:
    """Writes down what a test measured, and fails it where the bound is missed in the long form."""

    def __init__(self, node: pytest.Item) -> None:
        self._node = node

    def __call__(self, row: int, what: str, shown: str, *, held: bool = True) -> None:
        """``record(2, "2.0, ipmi_sim, 5 %", "200 right, 6.1 s", held=seconds <= 10)``."""
        if LONG:
            figure = table.Figure(row, what, shown, held, where())
            self._node.user_properties.append(("battery", asdict(figure)))
            assert held, f"row {row}, {what}: {shown} is outside the bound"


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Records what was measured; it travels with the test's report, from other processes too."""
    return Record(request.node)


# ---------------------------------------------------------------------- BMCs, and networks before them


@pytest.fixture
def farm() -> Iterator[Farm]:
    """Where a test opens virtual BMCs of its own."""
    with Farm() as farm:
        yield farm


@pytest.fixture(params=["ipmi_sim", "ours"])
def bmc(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A BMC, and who logs in."""
    if request.param == "ipmi_sim":
        yield request.getfixturevalue("ipmi_sim").target
    else:
        with Farm() as farm:
            yield serve(farm).target


@pytest.fixture
def bmc_name(request: pytest.FixtureRequest) -> str:
    """How figures call the BMC of ``bmc``."""
    return {"ipmi_sim": "ipmi_sim", "ours": "our BMC"}[request.node.callspec.params["bmc"]]


WAYS: dict[str, Way] = {"2.0": LanPlus(3), "1.5": Lan("md5")}
Through = Callable[..., tuple[Device[Blocking], Relay]]


@pytest.fixture
def through() -> Iterator[Through]:
    """``through(target, LanPlus(3))``: an open session through a relay that is good until told otherwise."""
    with ExitStack() as stack:

        def open_(target: Target, way: Way | str, **how: Any) -> tuple[Device[Blocking], Relay]:
            relay = stack.enter_context(Relay(target.host, target.port))
            ipmi = behind(relay, target, way, **how)
            ipmi.session.establish()
            return ipmi, relay

        yield open_


def behind(relay: Relay, target: Target, way: Way | str, **how: Any) -> Device[Blocking]:
    """Our client, unopened, at a BMC behind a relay."""
    return opened(replace(target, port=relay.port), WAYS[way] if isinstance(way, str) else way, **how)


# ---------------------------------------------------------------------- the table


class Table:
    """Gathers the figures of a run, and writes them into the page at its end."""

    def __init__(self) -> None:
        self.figures: list[table.Figure] = []
        self.done: set[tuple[int, str]] = set()
        self.passed: dict[int, list[float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found: list[Any] = [value for name, value in report.user_properties if name == "battery"]
        rows: list[int] = [int(str(value)) for name, value in report.user_properties if name == "battery row"]
        test = report.nodeid.partition("::")[2]
        if report.when == "call":
            self.figures += [table.Figure(**value) for value in found]
            for row in rows if report.passed and not found else []:
                self.passed.setdefault(row, []).append(report.duration)
            self.done |= {(row, test) for row in rows}
        missed = report.when == "call" and any(not value["held"] for value in found)
        if report.failed and not missed:
            self.figures += [table.Figure(row, test, f"failed ({report.when})", False, where(), True) for row in rows]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for row, times in self.passed.items():
            shown = f"{len(times)} passed, the slowest took {max(times):.1f} s"
            self.figures.append(table.Figure(row, "tests that assert the bound", shown, True, where()))
        table.keep(self.figures, self.done)
        table.main()
        terminalreporter.write_line(f"{len(self.figures)} figures of the battery are in {table.PAGE}")


def pytest_configure(config: pytest.Config) -> None:
    if LONG and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(), "ipmi_lab_battery_table")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test says by its marker which rows it is for, or by its name: ``test_18_…``."""
    for item in items:
        marker, named = item.get_closest_marker("battery"), re.match(r"test_(\d+)_", item.name)
        rows = marker.args if marker is not None else named.groups() if named is not None else ()
        item.user_properties += [("battery row", str(row)) for row in rows]
