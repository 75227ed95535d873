"""Who runs against whom, and what we want to reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A client of another make; ``goal`` is what ours over its commands a second should reach."""

    name: str
    loop: str
    goal: float | None = None


@dataclass(frozen=True)
class Contest:
    """One loop of ours against those of others."""

    name: str
    title: str
    ours: str
    peers: tuple[Peer, ...]


CONTESTS = (
    Contest(
        "raw",
        "Raw Get Device ID, blocking, IPMI 2.0 suite 3",
        "ours:raw",
        (
            Peer("UDP echo in Python", "udp_echo:echo", 0.17),
            Peer("python-ipmi raw", "python_ipmi:raw", 1.6),
            Peer("FreeIPMI's library", "freeipmi:raw", 1.2),
            Peer("FreeIPMI's ipmi-raw", "command_lines:ipmi_raw_raw", 1.2),
            Peer("ipmitool exec", "command_lines:ipmitool_raw"),
            Peer("pyghmi callbacks", "pyghmi_client:callbacks"),
            Peer("pyghmi blocking", "pyghmi_client:blocking"),
        ),
    ),
    Contest(
        "typed",
        "Get Device ID as an object, blocking, IPMI 2.0 suite 3",
        "ours:typed",
        (Peer("python-ipmi get_device_id", "python_ipmi:typed"),),
    ),
    Contest(
        "md5",
        "Raw Get Device ID, blocking, IPMI 1.5 MD5 (pyghmi cannot be told to use it)",
        "ours:md5",
        (
            Peer("python-ipmi raw", "python_ipmi:md5"),
            Peer("FreeIPMI's library", "freeipmi:md5"),
            Peer("FreeIPMI's ipmi-raw", "command_lines:ipmi_raw_md5"),
            Peer("ipmitool exec", "command_lines:ipmitool_md5"),
        ),
    ),
    Contest(
        "asyncio",
        "Raw Get Device ID, asyncio, one in flight, IPMI 2.0 suite 3",
        "ours:asynchronous",
        (Peer("pyghmi callbacks", "pyghmi_client:callbacks"),),
    ),
)
