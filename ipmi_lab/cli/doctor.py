"""The command ``doctor``: looks step by step for what keeps a session from coming about."""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.inventory.target import Target
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.ports.address import LINES

Step = tuple[str, Callable[[Device[Blocking]], str]]


@click.command("doctor")
@click.pass_context
def doctor_command(ctx: click.Context) -> None:
    """Check this machine, and every chosen target from the first ping to the first command."""
    shell = Shell(ctx)
    rows: list[Row] = [
        {"what": "Python", "verdict": "well", "found": f"{platform.python_version()} on {platform.system()}"},
        {"what": "ipmi-lab", "verdict": "well", "found": version("ipmi-lab")},
        _own_bmc(),
    ]
    if shell.lab.inventory is not None:
        found = f"{shell.lab.inventory.path}, {len(shell.lab.targets)} targets"
        rows.append({"what": "inventory", "verdict": "well", "found": found})
    worst = 0
    if shell.expressions or shell.lab.targets:
        targets = shell.targets() if shell.expressions else list(shell.lab.targets.values())
        for target in targets:
            for row, code in _examine(shell, target):
                rows.append(row)
                worst = max(worst, code)
    shell.show(rows)
    if worst:
        sys.exit(worst)


def _own_bmc() -> Row:
    """Whether this machine has a BMC of its own that Linux's driver reaches. None is no fault."""
    row: Row = {"what": "BMC of this machine", "verdict": "none"}
    if sys.platform != "linux":
        return row | {"found": "only Linux's driver is known here"}
    from ipmi_lab.ports.openipmi import find

    try:
        path = find()
    except IpmiLabError as error:
        return row | {"found": error.message}
    if not os.access(path, os.R_OK | os.W_OK):
        return row | {"verdict": "shut", "found": f"{path}, which this user may not open"}
    return row | {"verdict": "well", "found": f"{path}: open://"}


def _examine(shell: Shell, target: Target) -> Iterator[tuple[Row, int]]:
    """The steps of one target; the first that fails ends it, but the ping, which many BMCs do not answer."""
    try:
        ipmi = shell.open(target)
    except IpmiLabError as error:
        yield {"what": f"{target.name} secrets", "verdict": "wrong", "found": str(error)}, error.exit_code
        return
    network: list[Step] = [
        ("ping", lambda ipmi: f"{ipmi.ping() * 1000:.1f} ms"),
        ("capabilities", lambda ipmi: _versions(ipmi)),
    ]
    steps: list[Step] = [
        *(network if target.address.logs_in else [("device", lambda ipmi: ipmi.link.port.peer)]),
        ("session", lambda ipmi: (ipmi.session.establish(), ipmi.session.how)[1]),
        ("device id", lambda ipmi: f"firmware {ipmi.get_device_id().firmware}"),
    ]
    if target.address.scheme in LINES:
        steps = steps[2:]  # nobody pings a line, and those without sessions need no capabilities
    try:
        for what, step in steps:
            try:
                yield {"what": f"{target.name} {what}", "verdict": "well", "found": step(ipmi)}, 0
            except IpmiLabError as error:
                yield (
                    {"what": f"{target.name} {what}", "verdict": "wrong", "found": str(error)},
                    (0 if what == "ping" else error.exit_code),
                )
                if what != "ping":
                    return
    finally:
        ipmi.session.close()


def _versions(ipmi: Device[Blocking]) -> str:
    found = ipmi.get_channel_authentication_capabilities()
    kinds = ", ".join(kind.words for kind in found.authentications)
    return " and ".join(filter(None, ["IPMI 2.0" if found.ipmi20 else "", f"IPMI 1.5 ({kinds})" if kinds else ""]))
