"""The command ``sel``: the system event log of a BMC."""

import click

from ipmi_lab.cli.i2c import Number
from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.commands.sel import AddSelEntry
from ipmi_lab.device.device import Device
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.wire.fields import to_bytes


@click.group("sel")
def sel_command() -> None:
    """Read and write the system event log."""


@sel_command.command("info")
@click.pass_context
def info(ctx: click.Context) -> None:
    """Show how full it is."""

    def work(ipmi: Device[Blocking]) -> Row:
        return ipmi.sel.info().asdict()

    Shell(ctx).each(work)


@sel_command.command("get")
@click.argument("record_id", type=Number(), default=0)
@click.pass_context
def get(ctx: click.Context, record_id: int) -> None:
    """Show the bytes of an entry; 0 is the first, 0xffff the last."""

    def work(ipmi: Device[Blocking]) -> Row:
        entry = ipmi.sel.get(record_id)
        return {"record": entry.record, "next": f"0x{entry.next_id:04x}"}

    Shell(ctx).each(work)


@sel_command.command("add")
@click.argument("record", nargs=-1, required=True)
@click.pass_context
def add(ctx: click.Context, record: tuple[str, ...]) -> None:
    """Write an entry of 16 bytes; the BMC replaces id and time.

    Example: ipmi-lab -t bmc1 sel add 00 00 02 00 00 00 00 41 00 04 01 30 01 57 5a 50
    """
    ask = AddSelEntry(record=to_bytes(" ".join(record)))

    def work(ipmi: Device[Blocking]) -> Row:
        return {"id": f"0x{ipmi.sel.add(ask.record):04x}"}

    Shell(ctx).each(work, needs=ask.needs)
