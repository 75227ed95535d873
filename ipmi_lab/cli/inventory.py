"""The commands ``targets`` and ``inventory``."""

import json
from pathlib import Path

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.inventory.select import select
from ipmi_lab.inventory.target import Target
from ipmi_lab.lab.identity import expected_words


@click.command("targets")
@click.pass_context
def targets_command(ctx: click.Context) -> None:
    """List the targets of the inventory; with -t, those that fit."""
    shell = Shell(ctx)
    chosen = select(shell.expressions, shell.lab.targets) if shell.expressions else list(shell.lab.targets.values())
    if not chosen:
        raise click.UsageError("there are no targets: give an inventory (-i FILE)")
    rows = [
        {
            "target": target.name,
            "address": str(target.address),
            "user": target.user or "",
            "tags": sorted(target.tags),
            "caps": sorted(shell.lab.caps(target)),
            "allow": "protected" if target.protect else sorted(target.allow),
        }
        for target in chosen
    ]
    shell.show(rows)


@click.group("inventory")
def inventory_command() -> None:
    """Check an inventory, show what it says, write its schema."""


@inventory_command.command("check")
@click.argument("file", required=False)
@click.pass_context
def check(ctx: click.Context, file: str | None) -> None:
    """Read an inventory and tell every mistake in it."""
    from ipmi_lab.inventory.loading import Inventory
    from ipmi_lab.virtual.profile import load

    path = file or ctx.find_root().obj["inventory"]
    if not path:
        raise click.UsageError("no inventory: name the FILE")
    inventory = Inventory.load(Path(path), check_profile=load)
    for warning in inventory.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{path}: {len(inventory.targets)} targets, no mistakes")


@inventory_command.command("schema")
def schema() -> None:
    """Write the JSON Schema of inventories, for editors."""
    from ipmi_lab.inventory.model import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@inventory_command.command("show")
@click.argument("target")
@click.pass_context
def show(ctx: click.Context, target: str) -> None:
    """Show a target with its groups and defaults worked in; secrets stay hidden."""
    shell = Shell(ctx)
    shell.show([_row(shell.lab.target(target))])


def _row(target: Target) -> Row:
    return {
        "target": target.name,
        "address": str(target.address),
        "via": target.via or "no other",
        "user": target.user or "",
        "password": "****" if target.password else "none",
        "kg": "****" if target.kg else "none",
        "cipher": "auto" if target.cipher is None else target.cipher,
        "privilege": target.privilege.words,
        "timeout": f"{target.timing.timeout:g} s",
        "retries": target.timing.retries,
        "budget": f"{target.timing.budget:g} s",
        "in_flight": target.in_flight,
        "keep_alive": f"{target.keep_alive:g} s" if target.keep_alive else "off",
        "tags": sorted(target.tags),
        "caps": sorted(target.caps),
        "quirks": sorted(target.quirks),
        "allow": "protected" if target.protect else sorted(target.allow),
        "location": [f"{key} {value}" for key, value in target.location],
        "i2c": [f"{word}: {d.bus_type} bus {d.bus_id}, 0x{d.address:02x}" for word, d in target.i2c],
        "expect": [f"{key} {value}" for key, value in expected_words(target).items()],
    }
