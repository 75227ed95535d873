"""Which session and which port a target's scheme asks for: one row a scheme."""

import sys
from collections.abc import Callable
from dataclasses import replace
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


def _line(address: Address, login: Login, timing: Timing, **how: Any) -> Way:
    from ipmi_lab.ports.serial import Rfc2217Port, SerialPort
    from ipmi_lab.sessions.entry import Entry
    from ipmi_lab.sessions.serial import SerialSession

    baud = int(address.option("baud") or 115200)
    entry = Entry(address.option("login") or ("challenge" if login.user else "none"))
    session = SerialSession(
        replace(login, version="1.5"),
        timing,
        mode=address.option("mode") or "",
        entry=entry,
        baud=baud,
        careful={"yes": True, "no": False}.get(address.option("careful") or "auto"),
        private=address.scheme == "serial",
        **how,
    )
    host = f"[{address.host}]" if ":" in address.host else address.host
    url = address.host if address.scheme == "serial" else f"{address.scheme}://{host}:{address.port}"
    kind = Rfc2217Port if address.scheme == "rfc2217" else SerialPort
    return session, lambda: kind(url, baud)


WAYS: dict[str, Callable[..., Way]] = {
    "auto": _network,
    "lan": _network,
    "lanplus": _network,
    "open": _local,
    "rfc2217": _line,
    "serial": _line,
    "socket": _line,
}
