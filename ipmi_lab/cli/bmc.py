"""Commands that speak to a BMC: ping, info, raw, send; and the list of all that can be sent."""

from typing import Any

import click

from ipmi_lab.cli.shell import Row, Shell
from ipmi_lab.commands import byname, terminal
from ipmi_lab.commands.command import Request, title
from ipmi_lab.commands.raw import Raw
from ipmi_lab.device.device import Device
from ipmi_lab.errors import LocalError
from ipmi_lab.inventory.secrets import resolve
from ipmi_lab.links.worlds import Blocking, run
from ipmi_lab.wire.fields import to_bytes


@click.command("ping")
@click.pass_context
def ping_command(ctx: click.Context) -> None:
    """Send an RMCP ping, and say how long the pong took."""

    def work(ipmi: Device[Blocking]) -> Row:
        return {"milliseconds": round(ipmi.ping() * 1000, 2)}

    Shell(ctx).each(work, session=False)


@click.command("info")
@click.pass_context
def info_command(ctx: click.Context) -> None:
    """Show who the BMC is, and with what the session was opened."""

    def work(ipmi: Device[Blocking]) -> Row:
        found = ipmi.get_device_id()
        return {
            "manufacturer": found.manufacturer,
            "product": found.product,
            "device_id": found.device_id,
            "revision": found.revision,
            "firmware": found.firmware,
            "ipmi": found.ipmi,
            "updating": found.updating,
            "session": ipmi.session.how,
        }

    Shell(ctx).each(work)


no_session_option = click.option(
    "--no-session", is_flag=True, help="Send it without logging in, as BMCs answer a few commands."
)


@click.command("raw")
@click.argument("data", nargs=-1, required=True)
@click.option("--lun", type=click.IntRange(0, 3), default=0, help="The logical unit of the BMC.")
@no_session_option
@click.pass_context
def raw_command(ctx: click.Context, data: tuple[str, ...], lun: int, no_session: bool) -> None:
    """Send bytes: network function, command, data; show the data of the answer.

    Example: ipmi-lab -t lanplus://admin@10.0.0.7 raw 0x06 0x01
    """
    request = to_bytes(" ".join(data))
    if len(request) < 2:
        raise LocalError("a raw command has at least two bytes", hint="Write 0x06 0x01: network function and command.")
    ask = Raw(request[0], request[1], request[2:], lun)

    def work(ipmi: Device[Blocking]) -> Row:
        return {"data": ipmi.raw(request[0], request[1], request[2:], lun=lun)}

    Shell(ctx).each(work, needs=ask.permission(), session=_session(ask, no_session))


@click.command("send")
@click.argument("name")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@no_session_option
@click.pass_context
def send_command(ctx: click.Context, name: str, fields: tuple[str, ...], no_session: bool) -> None:
    """Send a command by its name, and show its answer decoded.

    Case, spaces and underscores do not count. `ipmi-lab commands` lists the names and their fields. A password or key
    is a reference such as env:NAME or file:PATH, since others can read a command line. What BMCs answer outside of a
    session, such as GetChannelAuthenticationCapabilities, needs no password.

    Example: ipmi-lab -t bmc1 send ChassisControl action=on
    """
    command = byname.find(name)
    given = dict(map(_field, fields))
    hidden = command.hidden(given)
    ask = command(**{key: resolve(value, about=key) if key in hidden else value for key, value in given.items()})

    def work(ipmi: Device[Blocking]) -> Row:
        answer = run(ipmi.link.send(ask))
        return dict(answer.describe()) or {"answer": "done"}

    Shell(ctx).each(work, needs=ask.permission(), session=_session(ask, no_session))


def _session(ask: Request[Any], none: bool) -> bool | None:
    """Whether a request wants a session; None where it takes one or leaves it."""
    if none and not ask.sessionless:
        known = [command.__name__ for command in byname.commands() if command.sessionless]
        raise LocalError(
            "BMCs answer it only inside of a session",
            request=ask.label(),
            hint=f"Leave --no-session out; without one go {', '.join(known)}.",
        )
    return None if ask.sessionless and not none else not none


def _field(given: str) -> tuple[str, str]:
    key, sign, value = given.partition("=")
    if not sign:
        raise LocalError(f"{given!r} is no FIELD=VALUE")
    return key, value


@click.command("text", context_settings={"ignore_unknown_options": True})  # HEALTH QUERY -V: these are the command's
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def text_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Send a text command over a serial line in terminal mode, and show what it replies.

    Example: ipmi-lab -t "serial:///dev/ttyS1?mode=terminal" text HEALTH QUERY
    """
    command = terminal.text_command(" ".join(words))

    def work(ipmi: Device[Blocking]) -> Row:
        return {"reply": ipmi.send_text_command(command.text) or "done"}

    Shell(ctx).each(work, needs=command.needs)


@click.command("commands")
@click.argument("words", nargs=-1)
@click.pass_context
def commands_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """List every command by name with its fields; with WORDS, those whose name has them all."""
    rows = [
        {
            "name": command.__name__,
            "netfn": f"0x{command.netfn:02X}",
            "command": f"0x{command.command:02X}",
            "permission": command.needs or "none",
            "fields": " ".join(command.plan().signature()),
        }
        for command in byname.commands()
        if all(word.lower() in title(command.__name__).lower() for word in words)
    ]
    if not rows:
        raise LocalError(f"no command has {' '.join(words)!r} in its name")
    Shell(ctx).show(rows)
