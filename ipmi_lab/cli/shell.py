"""What the commands of the shell share: targets, sessions, output, and the exit code of several targets."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError, LocalError, NotAllowed, NotSent
from ipmi_lab.inventory.select import select
from ipmi_lab.inventory.target import Target
from ipmi_lab.lab.guard import permissions
from ipmi_lab.lab.login import PASSWORD_VARIABLE
from ipmi_lab.lab.open import Lab
from ipmi_lab.lab.run import Run, close_quietly
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.ports.address import NETWORK
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.events import Exchanged, Observe, Observed, Said
from ipmi_lab.trace.text import line, said_line, struck

Row = dict[str, Any]
WIDEST = 70


class Shell:
    """One call of the program."""

    def __init__(self, ctx: click.Context) -> None:
        options = ctx.find_root().obj
        self.form: str = options["form"]
        self.expressions: tuple[str, ...] = options["expressions"]
        self.allow = permissions(options["allow"])
        self._trace = self._open_trace(options["trace"])
        folder = options["report"]
        self.lab = Lab(
            options["inventory"],
            allow=self.allow,
            dry_run=options["dry_run"],
            observe=self._observe,
            hide=lambda login: self.run.hide(login),
        )
        facts = {"lab": self.lab.inventory.lab.name} if self.lab.inventory is not None else {}
        self.run = Run("shell", Path(folder) if folder else None, facts=facts)
        self._password: Secret | None = None
        ctx.call_on_close(self.close)

    # ------------------------------------------------------------------ targets

    def targets(self) -> list[Target]:
        """The targets that were chosen; the only one of the inventory needs no choice."""
        if self.expressions:
            return select(self.expressions, self.lab.targets)
        if len(self.lab.targets) == 1:
            return list(self.lab.targets.values())
        raise click.UsageError(
            f"no target: give -t NAME (known are: {', '.join(self.lab.targets)})"
            if self.lab.targets
            else "no target: give -t lanplus://USER@HOST, or an inventory (-i FILE) and -t NAME"
        )

    def open(self, target: Target, *, session: bool = True) -> Device[Blocking]:
        """A target's device, unopened; a password that nobody gave is asked for, if it will be needed."""
        origin = self.lab.trunk(target)
        asks = origin.address.logs_in and origin.address.scheme != "virtual"
        ask = session and asks and origin.password is None and origin.user is not None
        if ask and PASSWORD_VARIABLE not in os.environ and self._password is None and sys.stdin.isatty():
            self._password = Secret(click.prompt(f"Password of {origin.user}", hide_input=True, err=True))
        return self.lab.open(target, password=self._password if ask else None)

    def grant(self, needs: str, targets: list[Target]) -> None:
        """On one target a typed command is its own permission; on several it is asked for."""
        if not needs or needs in self.allow or self.lab.dry_run:
            return
        if len(targets) > 1:
            names = ", ".join(target.name for target in targets)
            if not sys.stdin.isatty():
                raise NotAllowed(f"this changes {len(targets)} targets ({names})", hint=f"Give --allow {needs}.")
            click.confirm(f"Do this on {len(targets)} targets ({names})?", abort=True, err=True)
        self.lab.extra.add(needs)

    # ------------------------------------------------------------------ results

    def each(self, work: Callable[[Device[Blocking]], Row], *, needs: str = "", session: bool | None = True) -> None:
        """Do something on every target and show a row for each; the exit code is the worst. With ``session=None`` it is
        done inside of a session where somebody gave a password, else without."""
        targets = self.targets()
        self.grant(needs, targets)
        rows: list[Row] = []
        worst = 0
        for target in targets:
            try:
                rows.append({"target": target.name, **self._one(target, work, session)})
            except NotSent as held:
                rows.append({"target": target.name, "not sent": f"{held.request}: {held.message}"})
            except IpmiLabError as error:
                if len(targets) == 1:
                    raise
                rows.append({"target": target.name, "error": str(error)})
                worst = max(worst, error.exit_code)
        self.show(rows)
        if worst:
            sys.exit(worst)

    def _one(self, target: Target, work: Callable[[Device[Blocking]], Row], session: bool | None) -> Row:
        device = self.open(target, session=bool(session))
        try:
            if session or (session is None and self._can_log_in(device, target)):
                device.session.establish()
                self.run.identify(device, target)
            return work(device)
        finally:
            close_quietly(self.run, target.name, device.session.close)

    def _can_log_in(self, device: Device[Blocking], target: Target) -> bool:
        """Whether there is what a login takes; without a user and a password a network lets in nobody. What is behind
        other controllers is reached by a session only."""
        if target.bridge:
            return True
        on_network = self.lab.trunk(target).address.scheme in NETWORK
        return device.link.missing is None and not (on_network and not len(device.link.session.login.password))

    def show(self, rows: list[Row]) -> None:
        """Rows as a table for people, or as JSON; a single row stands upright."""
        if self.form == "json":
            click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=_text))
            return
        from tabulate import tabulate

        if len(rows) == 1:
            shown = [[key.replace("_", " "), _text(value)] for key, value in rows[0].items()]
            click.echo(tabulate(shown, tablefmt="plain", disable_numparse=True))
        else:
            keys = list(dict.fromkeys(key for row in rows for key in row))
            table = [[_text(row.get(key, "")) for key in keys] for row in rows]
            heads = [key.replace("_", " ") for key in keys]
            click.echo(tabulate(table, heads, disable_numparse=True, maxcolwidths=WIDEST))

    # ------------------------------------------------------------------ trace, journal, end

    @staticmethod
    def _open_trace(given: str | None) -> Any:
        if given is None or given == "-":
            return sys.stderr if given else None
        try:
            return Path(given).open("a", encoding="utf-8")
        except OSError as error:
            raise LocalError(f"the trace {given} cannot be written: {error.strerror}") from None

    def _observe(self, target: Target) -> Observe:
        journal = self.run.observe(target.name)

        def listen(event: Observed) -> None:
            journal(event)
            if self._trace is not None and isinstance(event, Exchanged):
                request, response = struck(event.netfn, event.command, event.request, event.response)
                ms = event.elapsed * 1000
                text = line(target.name, event.netfn, event.command, request, event.code, response, ms)
                print(self.run.hidden.strike(text), file=self._trace, flush=True)
            elif self._trace is not None and isinstance(event, Said):
                print(self.run.hidden.strike(said_line(target.name, event)), file=self._trace, flush=True)

        return listen

    def close(self) -> None:
        """Close the journal and make the page, end virtual BMCs."""
        self.run.finish()
        made = self.run.make_pages("all")
        for problem in made.problems:
            click.echo(f"warning: {problem}", err=True)
        if made.page is not None:
            click.echo(f"IPMI report: {made.page}", err=True)
        self.lab.close()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex(" ")
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
