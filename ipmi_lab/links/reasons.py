"""Why something did not work, for people: what was asked of whom, what came of it, and what to try."""

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ipmi_lab.commands.command import Request, meaning
from ipmi_lab.commands.messaging import GetMessage, SendMessage, SendMessageCode
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.errors import CompletionError, IpmiLabError, NoAnswer, OutcomeUnknown, SessionError
from ipmi_lab.sessions.events import Answered, GaveUp, Said
from ipmi_lab.wire.codes import CompletionCode

if TYPE_CHECKING:
    from ipmi_lab.links.holding import Holding
    from ipmi_lab.links.link import Link

UNSPECIFIED = 0xFF
HINTS: dict[int, str] = {
    SendMessageCode.NAK_ON_WRITE: "Nobody answers at that address: check the hop, and that the module is there.",
    SendMessageCode.LOST_ARBITRATION: "The bus was busy; ask again.",
    SendMessageCode.BUS_ERROR: "The bus is stuck or not powered.",
    CompletionCode.INVALID_DATA_FIELD: "The controller before it has no such channel, or passes nothing on.",
    CompletionCode.INSUFFICIENT_PRIVILEGE: "Ask for a higher privilege: bridging takes an operator.",
}


def unanswered(link: "Link", request: Request[Any] | TextCommand, outcome: GaveUp | Said) -> NoAnswer:
    """A question stayed without an answer; OutcomeUnknown where it may have changed something all the same."""
    if isinstance(outcome, GaveUp) and outcome.refused:
        return NoAnswer(f"{link.port.peer} did not take it: {outcome.refused}")
    tries = f"{outcome.tries} {'try' if outcome.tries == 1 else 'tries'}"
    what = f"no answer from {_peer(link)} after {tries} in {outcome.elapsed:.1f} s"
    if isinstance(outcome, GaveUp) and outcome.lost:
        what += "; the BMC has dropped the session"
    if request.repeatable():
        return NoAnswer(what, hint=_said(link) or link.session.suspicion())
    return OutcomeUnknown(
        f"{what}: it may have been done or not", hint="Read back what it changes before you ask again."
    )


def _peer(link: "Link") -> str:
    """Who was asked."""
    if link.branch is None or not link.branch.route:
        return link.port.peer
    return f"{link.branch.route[-1]} behind {link.port.peer}"


def _said(link: "Holding") -> str:
    """What the operating system said of the way there."""
    trouble = link.port.trouble
    if "refused" in trouble:
        return "Nobody listens on that port: check the port, and that IPMI over LAN is enabled in the BMC."
    return f"The operating system says: {trouble}." if trouble else ""


def explained(link: "Holding", error: IpmiLabError, noise: Counter[str] | None = None) -> IpmiLabError:
    """The error with the target's name, what the operating system said of the way there, and what came that was no
    answer."""
    if isinstance(error, NoAnswer):
        error.message += f" ({link.port.peer})"
        error.hint = _said(link) or error.hint
        if noise:
            (reason, _), count = noise.most_common(1)[0], noise.total()
            error.hint = (
                f"{count} {link.session.arrives}{'s' if count != 1 else ''} came that are no answers ({reason}): "
                f"something else than a BMC may listen there. {error.hint}"
            )
    return error.about(target=link.name)


def refused_on_the_way(request: Request[Any], outcome: Answered) -> CompletionError:
    """A controller on the way said no: that is no answer of the one that was asked."""
    carrier = GetMessage if outcome.way.startswith("Get Message") else SendMessage
    return CompletionError(
        outcome.code,
        meaning(carrier, outcome.code),
        request=f"{request.label()} by {outcome.way}",
        hint=HINTS.get(outcome.code, "The hops before it answered; look at what is said of this one."),
    )


def replied(command: TextCommand, reply: str) -> str:
    """What stands behind OK in the reply to a text command; CompletionError where it says ERR."""
    word, _, rest = reply.partition(" ")
    if word.upper() == "OK":
        return rest.strip()
    if word.upper() == "ERR":
        code = int(rest, 16) if re.fullmatch(r"[0-9A-Fa-f]{2}", rest.strip()) else UNSPECIFIED
        raise CompletionError(code, meaning(type(command.request) if command.request else None, code))
    return reply


def closed_meanwhile() -> SessionError:
    """What is told to whoever opens a session, or waits over its port, while another closes it."""
    return SessionError("the session was closed meanwhile")
