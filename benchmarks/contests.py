"""Who runs against whom, and what we want to reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A loop to run beside ours; ``goal`` is what our rate over its rate should reach, ``cpu_goal`` what our CPU for a
    command over its should not exceed."""

    name: str
    loop: str
    goal: float | None = None
    cpu_goal: float | None = None


@dataclass(frozen=True)
class Contest:
    """One loop of ours against others, on ``bmcs`` BMCs at once, each ``delay`` seconds away."""

    name: str
    title: str
    ours: str
    peers: tuple[Peer, ...]
    bmcs: int = 1
    delay: float = 0.0


def _fleet(bmcs: int) -> Contest:
    return Contest(
        f"fleet-{bmcs}",
        f"Raw Get Device ID at {bmcs} BMCs from one process, asyncio, IPMI 2.0 suite 3",
        "ours:fleet",
        (Peer("pyghmi callbacks", "pyghmi_client:fleet", 2.0),),
        bmcs=bmcs,
    )


CONTESTS = (
    Contest(
        "raw",
        "Raw Get Device ID, blocking, IPMI 2.0 suite 3",
        "ours:raw",
        (
            Peer("UDP echo in Python", "udp_echo:echo", 0.20),
            Peer("the least in Python", "least:raw"),
            Peer("python-ipmi raw", "python_ipmi:raw", 2.0, 0.4),
            Peer("FreeIPMI's library", "freeipmi:raw"),
            Peer("FreeIPMI's ipmi-raw", "command_lines:ipmi_raw_raw", 1.5, 0.5),
            Peer("ipmitool exec", "command_lines:ipmitool_raw", 2.5),
            Peer("pyghmi callbacks", "pyghmi_client:callbacks"),
            Peer("pyghmi blocking", "pyghmi_client:blocking"),
        ),
    ),
    Contest(
        "typed",
        "Get Device ID as an object, blocking, IPMI 2.0 suite 3",
        "ours:typed",
        (Peer("python-ipmi get_device_id", "python_ipmi:typed", 3.0),),
    ),
    Contest(
        "md5",
        "Raw Get Device ID, blocking, IPMI 1.5 MD5 (pyghmi cannot be told to use it)",
        "ours:md5",
        (
            Peer("python-ipmi raw", "python_ipmi:md5", 2.2),
            Peer("the least in Python", "least:md5"),
            Peer("FreeIPMI's library", "freeipmi:md5"),
            Peer("FreeIPMI's ipmi-raw", "command_lines:ipmi_raw_md5"),
            Peer("ipmitool exec", "command_lines:ipmitool_md5"),
        ),
    ),
    Contest(
        "asyncio",
        "Raw Get Device ID, asyncio, one in flight, IPMI 2.0 suite 3",
        "ours:asynchronous",
        (Peer("pyghmi callbacks", "pyghmi_client:callbacks", 2.2),),
    ),
    Contest(
        "in-flight",
        "Raw Get Device ID, asyncio, eight in flight, at a BMC 2 ms away",
        "ours:eight_in_flight",
        (Peer("ipmi-lab, one in flight", "ours:asynchronous", 5.0),),
        delay=0.002,
    ),
    Contest(
        "sessions",
        "Sessions of suite 3: open, Get Device ID, close",
        "ours:sessions",
        (Peer("python-ipmi", "python_ipmi:sessions", 2.0), Peer("the least in Python", "least:sessions")),
    ),
    _fleet(10),
    _fleet(50),
    _fleet(200),
)
