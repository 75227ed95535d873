"""The command ``boot``."""

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.commands.boot import BootDevice
from ipmi_lab.device.device import Device
from ipmi_lab.links.worlds import Blocking

DEVICES = {device.words.replace(" ", "-"): device for device in BootDevice}


@click.command("boot")
@click.argument("device", type=click.Choice(["status", *DEVICES]), default="status", metavar="[status|DEVICE]")
@click.option("--persistent", is_flag=True, help="From now on; else at the next start only.")
@click.option("--efi", is_flag=True, help="By EFI; else as the firmware likes, or the old way.")
@click.pass_context
def boot_command(ctx: click.Context, device: str, persistent: bool, efi: bool) -> None:
    """Show or choose what the machine boots from: pxe, disk, cd, setup …; none takes a choice back.

    Example: ipmi-lab -t bmc1 --allow write boot pxe --efi
    """
    if device == "status" and (persistent or efi):
        raise click.UsageError("--persistent and --efi go with a device")

    def work(ipmi: Device[Blocking]) -> Row:
        if device == "status":
            flags = ipmi.boot.flags()
        else:
            flags = ipmi.boot.set_device(DEVICES[device], persistent=persistent, efi=efi)
        return {"valid": flags.valid, "device": flags.device.words, "persistent": flags.persistent, "efi": flags.efi}

    Shell(ctx).each(work, needs="" if device == "status" else "write")
