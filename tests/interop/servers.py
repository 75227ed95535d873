"""BMCs of other makes on free loopback ports: Debian's ipmi_sim, the server of pyghmi (that of virtualbmc too), and
python-ipmi's emulator."""

import socket
import sys
from pathlib import Path

from tests.interop.children import Child
from tests.interop.openipmi import openipmi_name
from tests.interop.peers import PeerMissing, Target, library, program

EXAMPLE = Path(__file__).parents[2] / "examples" / "ipmi_sim"
PROGRAMS = Path(__file__).parent / "programs"
WITH_EMULATOR = "0.5.8"
"""The last version of python-ipmi that ships its emulator; ``make test`` puts it where its client's does not see it."""
EMULATOR = Path(__file__).parents[2] / "build" / f"python-ipmi-{WITH_EMULATOR}"


def free_port(address: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A UDP (or TCP) port that was free a moment ago."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class IpmiSim:
    """A BMC of ipmi_sim, started by ``examples/ipmi_sim/start.sh``, which keeps its state in ``folder``.

    ``system_interface`` is where the machine behind it would ask, see ``tests.interop.system_interface``. ``codec``
    gives it a serial line instead, on the TCP port ``line``. ``authentications`` are the types of IPMI 1.5 that it
    takes, in ipmi_sim's words.
    """

    def __init__(
        self, folder: Path, *, address: str = "127.0.0.1", kg: str = "", codec: str = "", authentications: str = ""
    ) -> None:
        self.name = ipmi_sim_name()
        self.folder = folder
        self.line = free_port(address, socket.SOCK_STREAM) if codec else 0
        serial = f"{self.line} codec {codec}" if codec else ""
        self._child, port = self._start({"ADDRESS": address, "KG": kg, "SERIAL": serial, "AUTHS": authentications})
        self.target = Target(address, port, "ipmiusr", "test", kg.encode(), ("opensesspriv",))

    def _start(self, given: dict[str, str]) -> tuple[Child, int]:
        address = given["ADDRESS"]
        for _ in range(5):  # another process may take the port first
            port = free_port(address)
            self.system_interface = (address, free_port(address, socket.SOCK_STREAM))
            command = [str(EXAMPLE / "start.sh"), str(port), str(self.folder)]
            child = Child(command, given | {"VM": "" if given["SERIAL"] else str(self.system_interface[1])})
            if child.output.wait_until(lambda said: said.endswith(b"> ")):  # its prompt: all is set up
                return child, port
            child.stop()
            if "Address already in use" not in child.output.text:
                break
        raise AssertionError(f"ipmi_sim did not start:\n{child.output.text}")

    @property
    def pid(self) -> int:
        """Its process, for who wants to pin or stop it."""
        return self._child.process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs. Some orders of sessions crash it: suite 11, then IPMI 1.5 with a password."""
        return self._child.process.poll() is None

    def console(self, line: str) -> None:
        """A line at the simulator's own console: ipmi_sim_cmd(5)."""
        self._child.tell(line)

    def machine(self, value: str) -> str:
        """What the machine behind the BMC was set to last: ``power``, ``boot``, ``identify``."""
        return (self.folder / value).read_text().strip()

    def sessions(self) -> tuple[int, int]:
        """How many sessions began (2.0: with Open Session, so failed logins count) and how many were closed so far."""
        return _sessions(self._child.output.text.encode())

    def wait_until_sessions_are_closed(self, count: int, seconds: float = 5) -> bool:
        """Whether so many sessions began and were given back in time: what the simulator says of them comes later than
        its answers do."""
        return self._child.output.wait_until(lambda said: _sessions(said) == (count, count), seconds)

    def stop(self) -> None:
        """End the simulator."""
        self._child.stop()


def _sessions(said: bytes) -> tuple[int, int]:
    return said.count(b"Activate session: "), said.count(b"Session closed: ")


def ipmi_sim_name() -> str:
    """The simulator, by the version of OpenIPMI; of itself it says 1.0.13 in all of them."""
    program("ipmi_sim", "openipmi")
    return f"ipmi_sim of {openipmi_name()}"


def pyghmi_bmc_name() -> str:
    """pyghmi's server, by the version of pyghmi."""
    return f"{library('pyghmi', 'pyghmi')} server"


class PyghmiBmc:
    """A BMC of pyghmi: IPMI 2.0 with suite 3 only, one administrator."""

    def __init__(self, *, address: str = "127.0.0.1", kg: str = "") -> None:
        self.name = pyghmi_bmc_name()
        command = [sys.executable, str(PROGRAMS / "pyghmi_bmc.py"), address]
        self._child = Child(command, {"IPMI_PASSWORD": "test", "KG": kg})
        if not self._child.output.wait_until(lambda said: b"ready\n" in said):
            self.stop()
            raise AssertionError(f"pyghmi's server did not start:\n{self._child.output.text}")
        port = int(self._child.output.text.split()[0])
        self.target = Target(address, port, "admin", "test", kg.encode())

    @property
    def alive(self) -> bool:
        """Whether it runs. A packet that it cannot decrypt ends it."""
        return self._child.process.poll() is None

    def stop(self) -> None:
        """End the server."""
        self._child.stop()


def emulator_name() -> str:
    """python-ipmi's emulator, by its version."""
    if not (EMULATOR / "pyipmi" / "emulation.py").exists():
        raise PeerMissing(f"python-ipmi {WITH_EMULATOR} is not in {EMULATOR} (make test puts it there)")
    return f"python-ipmi {WITH_EMULATOR} emulator"


class PythonIpmiEmulator:
    """A BMC of python-ipmi's emulator: IPMI 1.5 with a straight password, which it never looks at."""

    def __init__(self) -> None:
        self.name = emulator_name()
        self._child = Child([sys.executable, str(PROGRAMS / "python_ipmi_emulator.py")], {"PYTHONPATH": str(EMULATOR)})
        if not self._child.output.wait_until(lambda said: b"ready\n" in said):
            self.stop()
            raise AssertionError(f"python-ipmi's emulator did not start:\n{self._child.output.text}")
        self.target = Target("127.0.0.1", int(self._child.output.text.split()[0]), "admin", "admin")

    def stop(self) -> None:
        """End the emulator."""
        self._child.stop()
