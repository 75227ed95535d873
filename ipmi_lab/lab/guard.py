"""Who may do what: nothing but reads, unless the run or the target allows it."""

from typing import Any

from ipmi_lab.commands.command import PERMISSIONS, Request
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.errors import LocalError, NotAllowed, NotSent, did_you_mean
from ipmi_lab.trace.text import struck


class Guard:
    """Checks every command of one target before it is sent. ``extra`` are permissions for the time being, which come
    and go in the set that was given."""

    def __init__(self, target: str, allowed: frozenset[str], extra: set[str], *, protect: bool = False) -> None:
        self.target, self.allowed, self.extra, self.protect = target, allowed, extra, protect

    def __call__(self, request: Request[Any] | TextCommand) -> None:
        """NotAllowed where the request needs a permission that nobody gave."""
        needs = request.permission()
        if not needs:
            return
        if self.protect:
            raise NotAllowed(
                f"it needs the permission {needs!r}, and the inventory protects this target: only reads pass",
                target=self.target,
                request=request.label(),
                hint="Take protect: true out of the inventory if this machine may be changed.",
            )
        if needs not in self.allowed and needs not in self.extra:
            raise NotAllowed(
                f"it needs the permission {needs!r}, which nobody gave",
                target=self.target,
                request=request.label(),
                hint=f"Give it in the inventory (allow: [{needs}]) or to the run "
                f"(--allow {needs}, --ipmi-allow {needs}, Library    IpmiLab    allow={needs}).",
            )


def dry_run(request: Request[Any] | TextCommand) -> None:
    """Lets reads pass; NotSent where the request would change anything."""
    if not request.permission():
        return
    if isinstance(request, TextCommand):
        raise NotSent(f"a dry run holds back {request.text!r}", request=request.label())
    shown, _ = struck(request.netfn, request.command, request.encode(), b"")
    raise NotSent(f"a dry run holds back the data {shown or '(none)'}", request=request.label())


def permissions(text: str | None) -> frozenset[str]:
    """Permissions from ``power,write``; LocalError for words that are none."""
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    for word in words:
        if word not in PERMISSIONS:
            raise LocalError(f"{word!r} is no permission", hint=did_you_mean(word, list(PERMISSIONS)))
    return frozenset(words)
