"""The command ``virtual serve``."""

import json
from pathlib import Path

import click

from ipmi_lab.inventory.secrets import resolve


@click.group("virtual")
def virtual_command() -> None:
    """BMCs of software."""


@virtual_command.command("profiles")
def profiles() -> None:
    """List the machines that can be played."""
    from tabulate import tabulate

    from ipmi_lab.virtual.profile import known, load

    click.echo(tabulate([[name, load(name).summary] for name in known()], ["profile", "summary"]))


@virtual_command.command("serve")
@click.argument("profile", default="rack-server")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--password", metavar="REF", help="The first user's password, as env:NAME or file:PATH; else made up.")
@click.option("--serial", type=click.Choice(["basic", "terminal", "auto"]), help="A serial line too, in this mode.")
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps what is not volatile."
)
@click.option("--insecure", is_flag=True, help="Let suite 0, authentication none and straight passwords work.")
@click.pass_context
def serve(
    ctx: click.Context,
    profile: str,
    host: str,
    port: int,
    password: str | None,
    serial: str | None,
    state: Path | None,
    insecure: bool,
) -> None:
    """Play a machine until Ctrl-C. PROFILE is one of `ipmi-lab virtual profiles`, or a YAML file."""
    from ipmi_lab.virtual.farm import Farm
    from ipmi_lab.virtual.profile import load

    machine = load(profile)
    given = {}
    if password is not None:
        given[machine.users[0].user] = resolve(password, about="the virtual BMC").reveal().decode()
    if insecure:
        machine = machine.model_copy(
            update={
                "insecure": True,
                "suites": sorted({0, *machine.suites}) if machine.suites else [],
                "authentications": [*machine.authentications, "none", "straight"] if machine.authentications else [],
            }
        )
    if state is not None:
        machine = machine.model_copy(update={"state": state})
    if machine.insecure:
        click.echo("warning: who reaches this port may log in without a password, or read one", err=True)
    with Farm() as farm:
        served = farm.open(machine, host=host, port=port, passwords=given, serial=serial)
        shown = {
            "url": served.url,
            "user": served.user,
            "password": "as given" if given else served.password.reveal().decode(),
        } | ({} if serial is None else {"serial": served.serial_url})
        if ctx.find_root().obj["form"] == "json":
            click.echo(json.dumps(shown))
        else:
            click.echo(f"{profile} listens at {shown['url']}, password {shown['password']}")
            if serial is not None:
                click.echo(f"its serial line is {shown['serial']}")
        farm.wait()
