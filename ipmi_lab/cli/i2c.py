"""The command ``i2c``: read, write and scan the buses behind a BMC."""

from typing import Any

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.commands.i2c import BusType, MasterWriteRead
from ipmi_lab.device.device import Device
from ipmi_lab.links.link import Blocking
from ipmi_lab.wire.fields import to_bytes


class Number(click.ParamType[int]):
    """``80`` or ``0x50``."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else int(value, 0)
        except ValueError:
            self.fail(f"{value!r} is no number; write 80 or 0x50", param, ctx)


@click.group("i2c")
def i2c_command() -> None:
    """Read and write I2C devices; ADDRESS has 7 bits: an EEPROM is 0x50."""


def _bus(function: Any) -> Any:
    for decorate in (
        click.option("--channel", type=Number(), default=0, show_default=True, help="The channel of the bus."),
        click.option("--bus", type=Number(), default=0, show_default=True, help="The number of the bus."),
        click.option("--public", is_flag=True, help="A public bus instead of a private one."),
    ):
        function = decorate(function)
    return function


@i2c_command.command("read")
@click.argument("address", type=Number())
@click.argument("count", type=Number())
@click.argument("data", nargs=-1)
@_bus
@click.pass_context
def read(
    ctx: click.Context, address: int, count: int, data: tuple[str, ...], public: bool, bus: int, channel: int
) -> None:
    """Write DATA, such as a register's address, then read COUNT bytes.

    Example: ipmi-lab -t bmc1 i2c read --bus 1 0x50 4 0x00
    """
    _transfer(ctx, public, bus, channel, address, count, to_bytes(" ".join(data)))


@i2c_command.command("write")
@click.argument("address", type=Number())
@click.argument("data", nargs=-1, required=True)
@_bus
@click.pass_context
def write(ctx: click.Context, address: int, data: tuple[str, ...], public: bool, bus: int, channel: int) -> None:
    """Write DATA.

    Example: ipmi-lab -t bmc1 i2c write --bus 1 0x50 0x10 0xAA
    """
    _transfer(ctx, public, bus, channel, address, 0, to_bytes(" ".join(data)))


def _transfer(ctx: click.Context, public: bool, bus: int, channel: int, address: int, count: int, data: bytes) -> None:
    kind = BusType.PUBLIC if public else BusType.PRIVATE
    ask = MasterWriteRead(bus_type=kind, bus_id=bus, channel=channel, address=address, count=count, data=data)

    def work(ipmi: Device[Blocking]) -> Row:
        return {"data": ipmi.i2c_write_read(kind, bus, channel, address, count, data)}

    Shell(ctx).each(work, needs=ask.permission())


@i2c_command.command("scan")
@_bus
@click.pass_context
def scan(ctx: click.Context, public: bool, bus: int, channel: int) -> None:
    """Read one byte of each address, and show those that answer."""
    kind = BusType.PUBLIC if public else BusType.PRIVATE

    def work(ipmi: Device[Blocking]) -> Row:
        return {"addresses": [f"0x{address:02x}" for address in ipmi.i2c_scan(kind, bus, channel)]}

    Shell(ctx).each(work)
