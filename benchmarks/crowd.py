"""Several BMCs in one process of ipmi_sim, which shares its core with fewer others than a process for each would."""

import socket
from contextlib import ExitStack
from pathlib import Path

from benchmarks.lap import PASSWORD, USER
from tests.interop.children import Child
from tests.interop.peers import program

HOST = "127.0.0.1"
FIRST = 0x20  # the address of the first controller; they are two apart
GUID = "a123456789abcdefa123456789abcdef"  # without one it speaks no IPMI 2.0
NETWORK = """
set_working_mc {address:#x}
startlan 1
  addr {host} {port}
  priv_limit admin
  allowed_auths_admin none straight md2 md5
  guid {guid}
endlan
user 2 true "{user}" "{password}" admin 10
"""
INSIDE = """
mc_add {address:#x} 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
mc_enable {address:#x}
"""


class Crowd:
    """``count`` BMCs, each with a port and sessions of its own; they keep their state in ``folder``."""

    def __init__(self, folder: Path, count: int) -> None:
        self.ports = _free_ports(count)
        addresses = range(FIRST, FIRST + 2 * count, 2)
        networks, insides = [], []
        for address, port in zip(addresses, self.ports, strict=True):
            words = {"address": address, "host": HOST, "port": port, "guid": GUID, "user": USER, "password": PASSWORD}
            networks.append(NETWORK.format(**words))
            insides.append(INSIDE.format(address=address))
        (folder / "lan.conf").write_text('name "crowd"\n' + "".join(networks))
        (folder / "bmc.emu").write_text(f"mc_setbmc {FIRST:#x}\n" + "".join(insides))
        options = ["-c", f"{folder}/lan.conf", "-f", f"{folder}/bmc.emu", "-s", str(folder)]
        self._child = Child([program("ipmi_sim", "openipmi"), *options])
        if not self._child.output.wait_until(lambda said: said.endswith(b"> ")):  # its prompt: all is set up
            self.stop()
            raise AssertionError(f"ipmi_sim did not start:\n{self._child.output.text}")

    @property
    def pid(self) -> int:
        """Its process, for who wants to pin it."""
        return self._child.process.pid

    def stop(self) -> None:
        """End it."""
        self._child.stop()


def _free_ports(count: int) -> list[int]:
    """UDP ports that were free a moment ago."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
