"""The program ``ipmi-lab``: its options, its commands, and how it ends."""

import importlib
import sys
import warnings
from typing import Any

import click

from ipmi_lab.errors import InventoryError, IpmiLabError, LocalError
from ipmi_lab.signals import end_well

COMMANDS = {
    "boot": "ipmi_lab.cli.boot",
    "commands": "ipmi_lab.cli.bmc",
    "demo": "ipmi_lab.cli.demo",
    "doctor": "ipmi_lab.cli.doctor",
    "i2c": "ipmi_lab.cli.i2c",
    "info": "ipmi_lab.cli.bmc",
    "inventory": "ipmi_lab.cli.inventory",
    "ping": "ipmi_lab.cli.bmc",
    "power": "ipmi_lab.cli.power",
    "raw": "ipmi_lab.cli.bmc",
    "report": "ipmi_lab.cli.report",
    "sel": "ipmi_lab.cli.sel",
    "send": "ipmi_lab.cli.bmc",
    "targets": "ipmi_lab.cli.inventory",
    "text": "ipmi_lab.cli.bmc",
    "virtual": "ipmi_lab.cli.virtual",
}


class Program(click.Group):
    """Brings a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), f"{cmd_name}_command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from ipmi_lab.errors import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}. {did_you_mean(args[0], sorted(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a mistake of what was asked names for whom it was meant, and by which command."""
        try:
            return super().invoke(ctx)
        except InventoryError:
            raise  # it names file, line and column
        except LocalError as error:
            if error.target:
                raise
            raise error.about(
                target=" ".join(ctx.params["expressions"]), request=ctx.invoked_subcommand or ""
            ) from None


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ipmi-lab")
@click.option("-i", "--inventory", metavar="FILE", envvar="IPMI_LAB_INVENTORY", help="The inventory of the lab.")
@click.option(
    "-t",
    "--target",
    "expressions",
    metavar="EXPR|URL",
    multiple=True,
    envvar="IPMI_LAB_TARGET",
    help="Which targets: a name, glob, tags, or a URL such as lanplus://admin@10.0.0.7.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to show results.")
@click.option("--trace", metavar="FILE|-", help="Write what is said to the BMC into a file, or - for standard error.")
@click.option("--report", metavar="DIR", envvar="IPMI_LAB_REPORT", help="Keep a journal, and make a report of it.")
@click.option("--dry-run", is_flag=True, help="Send reads only, and say what else would be sent.")
@click.option("--allow", metavar="LIST", envvar="IPMI_LAB_ALLOW", help="Permissions: write,power,reset,firmware,raw.")
@click.pass_context
def program(ctx: click.Context, /, **options: Any) -> None:
    """Talk IPMI with the BMCs of a lab.

    The password of a URL comes from IPMI_LAB_PASSWORD, or is asked for.

    Exit codes: 0 well; 1 a check failed; 2 usage or inventory; 3 not reachable; 4 authentication, privilege or
    permission; 5 the BMC said no or spoke nonsense; 130 interrupted.
    """
    ctx.obj = options


def main() -> None:
    """Run the program and end with its exit code; no traceback for what a user can mend."""
    warnings.formatwarning = lambda message, *where, **more: f"warning: {message}\n"
    end_well()
    try:
        code = program.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 130
    except IpmiLabError as error:
        click.echo(f"ipmi-lab: {error}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # who read our output has gone; nobody is left to tell
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
