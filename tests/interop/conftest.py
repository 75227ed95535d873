"""Real peers for tests: servers on free loopback ports, clients as functions, and the table of what was seen.

A missing peer skips its tests with the reason; with IPMI_LAB_REQUIRE_PEERS=1 in the environment it fails them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Protocol, TypeVar

import pytest

from tests.interop.command_lines import FreeIpmi, Ipmitool
from tests.interop.libraries import Pyghmi, PythonIpmi
from tests.interop.openipmi import OpenIpmi
from tests.interop.ours import IpmiLab
from tests.interop.peers import Client, LanPlus, PeerMissing, Way
from tests.interop.reasons import MD5_128
from tests.interop.servers import IpmiSim, PyghmiBmc, PythonIpmiEmulator
from tests.interop.table import PROPERTY, Crossing

P = TypeVar("P")


def present(make: Callable[[], P]) -> P:
    """What ``make`` gives; where its peer is missing the test is skipped, or fails if peers are required."""
    try:
        return make()
    except PeerMissing as missing:
        if os.environ.get("IPMI_LAB_REQUIRE_PEERS") == "1":
            pytest.fail(f"{missing}, and IPMI_LAB_REQUIRE_PEERS wants it", pytrace=False)
        pytest.skip(str(missing))


# ---------------------------------------------------------------------- servers


class StartIpmiSim(Protocol):
    """Starts a BMC of ipmi_sim of one's own; it ends with the test."""

    def __call__(self, *, address: str = "127.0.0.1", kg: str = "", authentications: str = "") -> IpmiSim: ...


@pytest.fixture
def start_ipmi_sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartIpmiSim]:
    """For tests that need a fresh BMC, or count its sessions."""
    started: list[IpmiSim] = []

    def start(*, address: str = "127.0.0.1", kg: str = "", authentications: str = "") -> IpmiSim:
        folder = tmp_path_factory.mktemp("ipmi_sim")
        started.append(present(lambda: IpmiSim(folder, address=address, kg=kg, authentications=authentications)))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def shared_ipmi_sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpmiSim]:
    """The process behind ``ipmi_sim``."""
    server = present(lambda: IpmiSim(tmp_path_factory.mktemp("ipmi_sim")))
    yield server
    server.stop()


@pytest.fixture
def ipmi_sim(shared_ipmi_sim: IpmiSim) -> Iterator[IpmiSim]:
    """One BMC of ipmi_sim for all tests that leave it as they found it: a dead one would refuse everything too."""
    yield shared_ipmi_sim
    assert shared_ipmi_sim.alive, "this test crashed ipmi_sim"


@pytest.fixture(scope="session")
def ipmi_sim_of_md5_128(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpmiSim]:
    """The same for sessions with the integrity algorithm MD5-128 alone: once one is closed, or ended after a minute,
    the next of IPMI 1.5 with a password crashes ipmi_sim."""
    server = present(lambda: IpmiSim(tmp_path_factory.mktemp("ipmi_sim")))
    yield server
    server.stop()


@pytest.fixture
def sim_for(request: pytest.FixtureRequest) -> Callable[[Way], IpmiSim]:
    """The BMC of ipmi_sim for a way to log in."""

    def choose(way: Way) -> IpmiSim:
        apart = isinstance(way, LanPlus) and way.suite in MD5_128
        server: IpmiSim = request.getfixturevalue("ipmi_sim_of_md5_128" if apart else "ipmi_sim")
        return server

    return choose


@pytest.fixture(scope="session")
def ipmi_sim_with_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpmiSim]:
    """The same with a BMC key (K_g)."""
    server = present(lambda: IpmiSim(tmp_path_factory.mktemp("ipmi_sim"), kg="abcdefghijklmnopqrs"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pyghmi_bmcs() -> Iterator[list[PyghmiBmc]]:
    """Those that ran so far; the last one may be alive."""
    servers: list[PyghmiBmc] = []
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def pyghmi_bmc(pyghmi_bmcs: list[PyghmiBmc]) -> PyghmiBmc:
    """A BMC of pyghmi, which is that of virtualbmc too: another one where a test before has crashed it."""
    if not pyghmi_bmcs or not pyghmi_bmcs[-1].alive:
        pyghmi_bmcs.append(present(PyghmiBmc))
    return pyghmi_bmcs[-1]


@pytest.fixture(scope="session")
def pyghmi_bmc_with_key() -> Iterator[PyghmiBmc]:
    """The same with a BMC key (K_g)."""
    server = present(lambda: PyghmiBmc(kg="MyBmcKey"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def python_ipmi_emulator() -> Iterator[PythonIpmiEmulator]:
    """The emulator that python-ipmi shipped."""
    server = present(PythonIpmiEmulator)
    yield server
    server.stop()


# ---------------------------------------------------------------------- clients


@pytest.fixture(scope="session")
def ipmitool(tmp_path_factory: pytest.TempPathFactory) -> Ipmitool:
    return present(lambda: Ipmitool(tmp_path_factory.mktemp("ipmitool")))


@pytest.fixture(scope="session")
def freeipmi(tmp_path_factory: pytest.TempPathFactory) -> FreeIpmi:
    return present(lambda: FreeIpmi(tmp_path_factory.mktemp("freeipmi")))


@pytest.fixture(scope="session")
def pyghmi() -> Pyghmi:
    return present(Pyghmi)


@pytest.fixture(scope="session")
def python_ipmi() -> PythonIpmi:
    return present(PythonIpmi)


@pytest.fixture(scope="session")
def openipmi() -> OpenIpmi:
    return present(OpenIpmi)


@pytest.fixture(scope="session")
def ours() -> IpmiLab:
    return IpmiLab()


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    """A client by the name of its fixture: ``parametrize("client", ["ipmitool", …], indirect=True)``."""
    peer: Client = request.getfixturevalue(request.param)
    return peer


# ---------------------------------------------------------------------- the table


class InteropRecord(Protocol):
    """``with interop_record(client, server, kind): …`` writes a cell of the table if the block holds.

    Where it cannot work, ``reason`` (a sentence) and ``fault`` say so, and the block proves that it does not.
    """

    def __call__(
        self, client: str, server: str, kind: object, reason: str = "", fault: str = ""
    ) -> AbstractContextManager[None]: ...


@pytest.fixture
def interop_record(request: pytest.FixtureRequest) -> InteropRecord:
    """Records what crossed over; it travels with the test's report, from other processes too."""

    @contextmanager
    def record(client: str, server: str, kind: object, reason: str = "", fault: str = "") -> Iterator[None]:
        yield
        crossing = Crossing(client, server, str(kind), reason, fault)
        request.node.user_properties.append((PROPERTY, asdict(crossing)))

    return record
