"""Which session and which port a target's scheme asks for: one row a scheme."""

import sys
from collections.abc import Callable
from typing import Any

from ipmi_lab.errors import LocalError
from ipmi_lab.ports.address import Address
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.client import ClientSession
from ipmi_lab.sessions.login import Login, Timing

Way = tuple[ClientSession, Callable[[], Port]]


def way(address: Address, login: Login, timing: Timing, **how: Any) -> Way:
    """A session that is not open yet, and what makes its port. ``how`` goes to the session."""
    if address.scheme not in WAYS:
        raise LocalError(f"{address.scheme}: is no way to a BMC by itself")
    return WAYS[address.scheme](address, login, timing, **how)


def _network(address: Address, login: Login, timing: Timing, **how: Any) -> Way:
    from ipmi_lab.ports.udp import UdpPort
    from ipmi_lab.sessions.lan import LanSession

    return LanSession(login, timing, **how), lambda: UdpPort(address.host, address.port)


def _local(address: Address, login: Login, timing: Timing, **how: Any) -> Way:
    if sys.platform != "linux":
        raise LocalError(
            f"{address} is a device of Linux, and this machine runs {sys.platform}",
            hint="Reach its BMC over the network: lanplus://admin@10.0.0.7.",
        )
    from ipmi_lab.ports.openipmi import OpenIpmiPort
    from ipmi_lab.sessions.local import LocalSession

    return LocalSession(login, timing, **how), lambda: OpenIpmiPort(address.host)


WAYS: dict[str, Callable[..., Way]] = {
    "auto": _network,
    "lan": _network,
    "lanplus": _network,
    "open": _local,
}
