"""The command ``doctor``: looks step by step for what keeps a session from coming about."""

import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.inventory.target import Target
from ipmi_lab.links.link import Blocking


@click.command("doctor")
@click.pass_context
def doctor_command(ctx: click.Context) -> None:
    """Check this machine, and every chosen target from the first ping to the first command."""
    shell = Shell(ctx)
    rows: list[Row] = [
        {"what": "Python", "verdict": "well", "found": f"{platform.python_version()} on {platform.system()}"},
        {"what": "ipmi-lab", "verdict": "well", "found": version("ipmi-lab")},
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


def _examine(shell: Shell, target: Target) -> Iterator[tuple[Row, int]]:
    """The steps of one target; the first that fails ends it, but the ping, which many BMCs do not answer."""
    try:
        ipmi = shell.open(target)
    except IpmiLabError as error:
        yield {"what": f"{target.name} secrets", "verdict": "wrong", "found": str(error)}, error.exit_code
        return
    steps: list[tuple[str, Callable[[Device[Blocking]], str]]] = [
        ("ping", lambda ipmi: f"{ipmi.ping() * 1000:.1f} ms"),
        ("capabilities", lambda ipmi: _versions(ipmi)),
        ("session", lambda ipmi: (ipmi.session.establish(), ipmi.session.how)[1]),
        ("device id", lambda ipmi: f"firmware {ipmi.get_device_id().firmware}"),
    ]
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
