"""The command ``i2c``: read, write and scan the buses behind a BMC."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.commands.i2c import BusType
from ipmi_lab.device.device import Device
from ipmi_lab.device.i2c import FIRST, LAST
from ipmi_lab.errors import LocalError
from ipmi_lab.inventory.target import I2cDevice
from ipmi_lab.links.worlds import Blocking
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
    """Read and write I2C devices.

    DEVICE is a name of the inventory, or an address of 7 bits (an EEPROM is 0x50) on the bus of --bus.
    """


def _bus(function: Any) -> Any:
    for decorate in (
        click.option("--channel", type=Number(), default=0, show_default=True, help="The channel of the bus."),
        click.option("--bus", type=Number(), default=0, show_default=True, help="The number of the bus."),
        click.option("--public", is_flag=True, help="A public bus instead of a private one."),
    ):
        function = decorate(function)
    return function


def _chip(function: Any) -> Any:
    for decorate in (
        click.option("--page", type=Number(), default=8, show_default=True, help="The bytes of a page."),
        click.option("--size", type=Number(), default=256, show_default=True, help="The bytes of the EEPROM."),
        click.option("--offset", type=Number(), default=0, show_default=True, help="Where to begin."),
    ):
        function = decorate(function)
    return _bus(function)


def _device(word: str, public: bool, bus: int, channel: int, **chip: int) -> str | I2cDevice:
    """An address on a bus, or a name that the inventory must know."""
    try:
        address = int(word, 0)
    except ValueError:
        return word
    if not 0 <= address <= 0x7F:
        raise LocalError(f"{word} is no address of 7 bits", hint="An EEPROM is 0x50; 0xA0 is the same with 8 bits.")
    return I2cDevice("public" if public else "private", bus, channel, address, **chip)


@i2c_command.command("read")
@click.argument("device")
@click.argument("count", type=Number())
@click.argument("data", nargs=-1)
@_bus
@click.pass_context
def read(ctx: click.Context, /, device: str, count: int, data: tuple[str, ...], **where: Any) -> None:
    """Write DATA, such as a register's address, then read COUNT bytes.

    Example: ipmi-lab -t bmc1 i2c read --bus 1 0x50 4 0x00
    """
    found, written = _device(device, **where), to_bytes(" ".join(data))
    needs = "" if len(written) <= 2 and count else "write"

    def work(ipmi: Device[Blocking]) -> Row:
        return {"data": ipmi.i2c.read(found, count, written)}

    Shell(ctx).each(work, needs=needs)


@i2c_command.command("write")
@click.argument("device")
@click.argument("data", nargs=-1, required=True)
@_bus
@click.pass_context
def write(ctx: click.Context, /, device: str, data: tuple[str, ...], **where: Any) -> None:
    """Write DATA.

    Example: ipmi-lab -t bmc1 i2c write --bus 1 0x50 0x10 0xAA
    """
    found, written = _device(device, **where), to_bytes(" ".join(data))

    def work(ipmi: Device[Blocking]) -> Row:
        ipmi.i2c.write(found, written)
        return {"written": written}

    Shell(ctx).each(work, needs="write")


@i2c_command.command("scan")
@_bus
@click.pass_context
def scan(ctx: click.Context, public: bool, bus: int, channel: int) -> None:
    """Read one byte of each address, and show those that answer."""
    kind = BusType.PUBLIC if public else BusType.PRIVATE

    def work(ipmi: Device[Blocking]) -> Row:
        with _progress(f"{ipmi.name}: scanning") as step:
            found = ipmi.i2c_scan(kind, bus, channel, progress=step)
        return {"addresses": [f"0x{address:02x}" for address in found]}

    Shell(ctx).each(work)


@i2c_command.command("dump")
@click.argument("device")
@click.option("--count", type=Number(), help="How many bytes; else all to the end.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the bytes into a file.")
@_chip
@click.pass_context
def dump(
    ctx: click.Context,
    /,
    device: str,
    count: int | None,
    output: Path | None,
    offset: int,
    size: int,
    page: int,
    **where: Any,
) -> None:
    """Read an EEPROM.

    Example: ipmi-lab -t bmc1 i2c dump board --count 16
    """
    found = _device(device, **where, size=size, page=page)

    def work(ipmi: Device[Blocking]) -> Row:
        data = ipmi.i2c.read_eeprom(found, offset, count)
        if output is None:
            return {"offset": offset, "data": data}
        try:
            output.write_bytes(data)
        except OSError as error:
            raise LocalError(f"{output} cannot be written: {error.strerror}") from None
        return {"offset": offset, "bytes": len(data), "file": output}

    Shell(ctx).each(work)


@i2c_command.command("load")
@click.argument("device")
@click.argument("data", nargs=-1)
@click.option("-i", "--input", "source", type=click.Path(dir_okay=False, path_type=Path), help="Take them from a file.")
@_chip
@click.pass_context
def load(
    ctx: click.Context,
    /,
    device: str,
    data: tuple[str, ...],
    source: Path | None,
    offset: int,
    size: int,
    page: int,
    **where: Any,
) -> None:
    """Write DATA into an EEPROM, page by page, and read it back.

    Example: ipmi-lab -t bmc1 i2c load board --offset 16 53 4E 30 31
    """
    found = _device(device, **where, size=size, page=page)
    written = to_bytes(" ".join(data)) if source is None else _content(source)
    if not written:
        raise click.UsageError("nothing to write: give DATA, or a file by --input")

    def work(ipmi: Device[Blocking]) -> Row:
        return {"offset": offset, "written": written, "before": ipmi.i2c.write_eeprom(found, offset, written)}

    Shell(ctx).each(work, needs="write")


def _content(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise LocalError(f"{source} cannot be read: {error.strerror}") from None


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None] | None]:
    """A bar for people who look at it; nothing where the output goes elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=LAST + 1 - FIRST)
        yield lambda address: bar.update(task, completed=address - FIRST, description=f"{what} 0x{address:02x}")
