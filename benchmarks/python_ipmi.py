# mypy: disable-error-code="import-untyped"
"""python-ipmi with its own sessions, keep-alive off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyipmi
from pyipmi.interfaces import create_interface

from benchmarks.lap import GET_DEVICE_ID, PASSWORD, USER, Lap, repeat


@contextmanager
def _session(interface: Any, host: str, port: int) -> Iterator[Any]:
    ipmi = pyipmi.create_connection(interface)
    ipmi.session.set_session_type_rmcp(host, port)
    ipmi.session.set_auth_type_user(USER, PASSWORD)
    ipmi.target = pyipmi.Target(ipmb_address=0x20)
    ipmi.open()
    yield ipmi
    ipmi.close()


def _raw(ipmi: Any) -> Callable[[], object]:
    netfn, command = GET_DEVICE_ID[0], GET_DEVICE_ID[1:]
    return lambda: ipmi.send_raw(0, netfn, command)


@contextmanager
def raw(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands, suite 3."""
    with _session(create_interface("rmcpplus", keep_alive_interval=0, cipher_suite=3), host, port) as ipmi:
        yield lambda seconds: repeat(_raw(ipmi), seconds)


@contextmanager
def typed(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Get Device ID as an object, suite 3."""
    with _session(create_interface("rmcpplus", keep_alive_interval=0, cipher_suite=3), host, port) as ipmi:
        yield lambda seconds: repeat(ipmi.get_device_id, seconds)


@contextmanager
def sessions(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Open a session of suite 3, ask, close."""

    def step() -> None:
        with _session(create_interface("rmcpplus", keep_alive_interval=0, cipher_suite=3), host, port) as ipmi:
            _raw(ipmi)()

    yield lambda seconds: repeat(step, seconds, batch=1)


@contextmanager
def md5(host: str, port: int) -> Iterator[Callable[[float], Lap]]:
    """Raw commands, IPMI 1.5 with MD5."""
    with _session(create_interface("rmcp", keep_alive_interval=0), host, port) as ipmi:
        yield lambda seconds: repeat(_raw(ipmi), seconds)
