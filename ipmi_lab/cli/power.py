"""The command ``power``."""

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.commands.chassis import Power
from ipmi_lab.device.device import Device
from ipmi_lab.links.worlds import Blocking

ACTIONS = {
    "on": Power.ON,
    "off": Power.OFF,
    "cycle": Power.CYCLE,
    "reset": Power.HARD_RESET,
    "soft": Power.SOFT_SHUTDOWN,
    "diagnostic": Power.PULSE_DIAGNOSTIC_INTERRUPT,
}
ENDS = {"on": True, "off": False, "soft": False}


@click.command("power")
@click.argument("action", type=click.Choice(["status", *ACTIONS]))
@click.option("--wait", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds; 0 not at all.")
@click.pass_context
def power_command(ctx: click.Context, action: str, wait: float) -> None:
    """Show or change the power of the machine; waits until on, off and soft show in its status."""

    def work(ipmi: Device[Blocking]) -> Row:
        if action != "status":
            ipmi.chassis.control(ACTIONS[action])
            if action in ENDS and wait:
                ipmi.chassis.wait_until(ENDS[action], wait, 0.2)
        return {"power": "on" if ipmi.chassis.is_on() else "off"}

    Shell(ctx).each(work, needs="" if action == "status" else "power")
