"""A link drives a session over a port. What both worlds share stands here: errors, healing, typed answers."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any, TypeVar

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.command import Request, meaning
from ipmi_lab.commands.messaging import GetMessage, SendMessage, SendMessageCode
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.errors import (
    CompletionError,
    IpmiLabError,
    NoAnswer,
    NoSlot,
    NotAllowed,
    OutcomeUnknown,
    SessionError,
)
from ipmi_lab.links.worlds import run
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.events import Answered, Closed, Event, GaveUp, Opened, Ponged, Refused, Said
from ipmi_lab.sessions.questions import IDLE
from ipmi_lab.wire.codes import CompletionCode

R = TypeVar("R")
LOGIN_PAUSES = (0.5, 1.0)
UNSPECIFIED = 0xFF
CLOSED = State.CLOSED
SLOT_PAUSE = 1.0
HINTS: dict[int, str] = {
    SendMessageCode.NAK_ON_WRITE: "Nobody answers at that address: check the hop, and that the module is there.",
    SendMessageCode.LOST_ARBITRATION: "The bus was busy; ask again.",
    SendMessageCode.BUS_ERROR: "The bus is stuck or not powered.",
    CompletionCode.INVALID_DATA_FIELD: "The controller before it has no such channel, or passes nothing on.",
    CompletionCode.INSUFFICIENT_PRIVILEGE: "Ask for a higher privilege: bridging takes an operator.",
}


class Link:
    """A session with one BMC and the port that it goes over.

    ``name`` is what errors call the target. The methods are coroutines in both worlds; those of a blocking link
    never suspend.
    """

    blocking: bool

    def __init__(
        self,
        name: str,
        make_port: Callable[[], Port],
        session: ClientSession,
        clock: Callable[[], float],
        *,
        keep_alive: float = 0.0,
    ) -> None:
        self.name = name
        self.keep_alive = keep_alive
        self.branch: Branch | None = None  # the way to a controller behind the BMC, if that one is meant
        self.missing: IpmiLabError | None = None  # what a session would need and nobody gave
        self.guard: Callable[[Request[Any] | TextCommand], None] | None = None
        self.pin: Callable[[Link], Awaitable[None]] | None = None  # asked before a change whether this is the machine
        self.plain_secrets = False  # whether passwords and keys may go where everybody can read them
        self.wait_for_slot = 0.0  # seconds
        self.shared = False  # whether several may hold the one session, which ends with the last of them
        self.session = session
        self.clock = clock
        self._make_port = make_port
        self._port: Port | None = None
        self._wanted = False  # whether the user opened a session and did not close it
        self._holders: list[object] = []

    @property
    def is_open(self) -> bool:
        """Whether the user opened a session and has not closed it."""
        return self._wanted

    @property
    def port(self) -> Port:
        """The port, opened when it is first used."""
        if self._port is None:
            try:
                self._port = self._make_port()
            except IpmiLabError as error:
                raise error.about(target=self.name) from None
        return self._port

    # ------------------------------------------------------------------ sessions

    async def open(self, holder: object = None) -> None:
        """Establish the session for ``holder``; an error says how far it came."""
        if self._wanted and (not self.shared or holder in self._holders):
            raise SessionError("the session is open already", target=self.name, hint="Close it first.")
        if self.missing is not None:
            raise self.missing.about(target=self.name)
        if not self._wanted:
            await self._login()
            self._wanted = True
            self._keep_alive(True)
        self._holders.append(holder)

    async def close(self, holder: object = None) -> None:
        """Give the session back and close the port, unless others hold it. What the BMC does not acknowledge is
        forgotten all the same."""
        if holder in self._holders:
            self._holders.remove(holder)
        if self._holders:
            return
        self._wanted = False
        self._keep_alive(False)
        try:
            if self.session.state is State.ACTIVE:
                await self._converse(lambda: self.session.close(self.clock()), Closed)
        finally:
            self.session.abandon()
            if self._port is not None:
                self._release(self._port)
                self._port = None

    async def _login(self) -> None:
        if self._port is not None and self._port.gone:
            self._release(self._port)
            self._port = None
        until, before = self.clock() + self.wait_for_slot, dict(self.session.dropped)
        while True:
            try:
                event = await self._converse(lambda: self.session.open(self.clock()), Opened)
            except BaseException:  # Ctrl-C, or a timeout of the caller: nobody waits for the session any more
                self.session.abandon()
                raise
            if not isinstance(event, Refused):
                return
            if not isinstance(event.error, NoSlot) or self.clock() >= until:
                raise self._explained(event.error, self.session.dropped - Counter(before))
            await self.sleep(min(SLOT_PAUSE, max(0.0, until - self.clock())))

    async def _heal(self) -> None:
        """Log in anew after the BMC dropped the session; while nobody answers, again with growing pauses."""
        for pause in LOGIN_PAUSES:
            self.session.abandon()
            try:
                return await self._login()
            except NoAnswer:
                await self.sleep(pause)
        self.session.abandon()
        return await self._login()

    async def ping(self) -> float:
        """Seconds until the RMCP pong came; NoAnswer where none did, which need not mean that nobody is there."""
        begun = self.clock()
        try:
            event = await self._converse(lambda: self.session.ping(self.clock()), Ponged)
        except SessionError as error:
            raise error.about(target=self.name) from None
        if isinstance(event, Refused):
            raise self._explained(event.error)
        return self.clock() - begun

    async def say(self, command: TextCommand) -> str:
        """What a line in terminal mode replies to a text command, behind OK; CompletionError where it says ERR."""
        try:
            if self.guard is not None:
                self.guard(command)
            if self._wanted and self.session.state is CLOSED:
                await self._heal()
            await self._vouch(command, "command")
            if self.session.unclean:  # the answer to a question comes behind all replies that are still on their way
                await self.exchange(GetDeviceId(), "keep-alive")
            if self.pin is not None and command.permission():
                await self.pin(self)
            begin = partial(self.session.say, command.text, repeat=command.repeatable())
            event = await self._converse(lambda: begin(now=self.clock()), Said)
            assert isinstance(event, Said)
            if event.reply is None:
                raise self._unanswered(command, event)
            return self._replied(event.reply)
        except IpmiLabError as error:
            raise error.about(target=self.name, request=command.label()) from None

    @staticmethod
    def _replied(reply: str) -> str:
        word, _, rest = reply.partition(" ")
        if word.upper() == "OK":
            return rest.strip()
        if word.upper() == "ERR":
            code = int(rest, 16) if re.fullmatch(r"[0-9A-Fa-f]{2}", rest.strip()) else UNSPECIFIED
            raise CompletionError(code, meaning(None, code))
        return reply

    # ------------------------------------------------------------------ commands

    async def send(self, request: Request[R], *, purpose: str = "command") -> R:
        """The typed answer to a request; CompletionError where the BMC says no."""
        code, data = await self.exchange(request, purpose)
        try:
            return request.answer(code, data)
        except IpmiLabError as error:
            raise self._blame(request, error) from None

    def ask(self, request: Request[R]) -> R:
        """What ``send`` gives, in the blocking world."""
        return run(self.send(request))

    def _blame(self, request: Request[Any], error: IpmiLabError) -> IpmiLabError:
        """The error with target, command, and what its completion code means on the way there."""
        if isinstance(error, CompletionError):
            error.hint = error.hint or self.session.hints.get(error.code, "")
        return error.about(target=self.name, request=request.label())

    async def exchange(self, request: Request[Any], purpose: str = "command") -> tuple[int, bytes]:
        """Completion code and data of an answer, whatever the code.

        A read survives the loss of the session: it is repeated after one new login. A change is not repeated.
        """
        try:
            if self.guard is not None and purpose == "command":
                self.guard(request)
            return await self._exchange(request, purpose)
        except IpmiLabError as error:
            raise error.about(target=self.name, request=request.label()) from None

    async def _exchange(self, request: Request[Any], purpose: str) -> tuple[int, bytes]:
        """What ``exchange`` does once the guard has agreed."""
        if not request.plain or self.pin is not None or self.session.state is CLOSED:
            await self._settle(request, purpose)
        outcome = await self._perform(request, purpose, self.branch)
        if isinstance(outcome, Answered) and not outcome.way:
            return outcome.code, outcome.data
        return await self._concluded(request, purpose, outcome)

    async def _concluded(self, request: Request[Any], purpose: str, outcome: Answered | GaveUp) -> tuple[int, bytes]:
        """Code and data, after one new login where the session was lost and the request may be sent twice."""
        if isinstance(outcome, GaveUp):
            if not outcome.lost or not request.repeatable():
                raise self._unanswered(request, outcome)
            await self._heal()
            if self.pin is not None:
                await self._vouch(request, purpose)
            outcome = await self._perform(request, purpose, self.branch)
            if isinstance(outcome, GaveUp):
                raise self._unanswered(request, outcome)
        if outcome.way:
            raise self._refused(request, outcome)
        return outcome.code, outcome.data

    async def _vouch(self, request: Request[Any] | TextCommand, purpose: str) -> None:
        """NotAllowed where a change would reach another machine, or a secret would lie open on the network."""
        if self.pin is not None and purpose == "command" and request.permission():
            await self.pin(self)
        if request.secret() and not self.plain_secrets and not self.session.confidential:
            raise NotAllowed(
                "it carries a secret, and the session is not encrypted: everybody on the network could read it",
                hint="Use a cipher suite that encrypts, such as 3 or 17, or allow it: plain_secrets.",
            )

    async def _settle(self, request: Request[Any], purpose: str) -> None:
        """What must be so before a request that is not plain goes out."""
        if self._wanted and (self.session.state is CLOSED or not request.repeatable()):
            await self._prepare(request)
        if self.pin is not None or request.secret():
            await self._vouch(request, purpose)

    async def _prepare(self, request: Request[Any]) -> None:
        """Log in anew where the session was lost; before a change after a long silence ask a read first, since a read
        heals where a change must not be repeated."""
        if self.session.state is CLOSED:
            await self._heal()
        elif self.clock() - self.session.last_heard_inside > IDLE:
            await self.exchange(GetDeviceId(), "keep-alive")

    def _unanswered(self, request: Request[Any] | TextCommand, outcome: GaveUp | Said) -> NoAnswer:
        if isinstance(outcome, GaveUp) and outcome.refused:
            return NoAnswer(f"{self.port.peer} did not take it: {outcome.refused}")
        tries = f"{outcome.tries} {'try' if outcome.tries == 1 else 'tries'}"
        what = f"no answer from {self._peer()} after {tries} in {outcome.elapsed:.1f} s"
        if isinstance(outcome, GaveUp) and outcome.lost:
            what += "; the BMC has dropped the session"
        if request.repeatable():
            return NoAnswer(what, hint=self._said() or self.session.suspicion())
        return OutcomeUnknown(
            f"{what}: it may have been done or not", hint="Read back what it changes before you ask again."
        )

    def _peer(self) -> str:
        """Who was asked, for people."""
        if self.branch is None or not self.branch.route:
            return self.port.peer
        return f"{self.branch.route[-1]} behind {self.port.peer}"

    def _refused(self, request: Request[Any], outcome: Answered) -> CompletionError:
        """A controller on the way said no: that is no answer of the one that was asked."""
        carrier = GetMessage if outcome.way.startswith("Get Message") else SendMessage
        return CompletionError(
            outcome.code,
            meaning(carrier, outcome.code),
            request=f"{request.label()} by {outcome.way}",
            hint=HINTS.get(outcome.code, "The hops before it answered; look at what is said of this one."),
        )

    def _explained(self, error: IpmiLabError, noise: Counter[str] | None = None) -> IpmiLabError:
        """The error with the target's name, what the operating system said of the way there, and what came that was
        no answer."""
        if isinstance(error, NoAnswer):
            error.message += f" ({self.port.peer})"
            error.hint = self._said() or error.hint
            if noise:
                (reason, _), count = noise.most_common(1)[0], noise.total()
                error.hint = (
                    f"{count} {self.session.arrives}{'s' if count != 1 else ''} came that are no answers ({reason}): "
                    f"something else than a BMC may listen there. {error.hint}"
                )
        return error.about(target=self.name)

    def _said(self) -> str:
        trouble = self.port.trouble
        if "refused" in trouble:
            return "Nobody listens on that port: check the port, and that IPMI over LAN is enabled in the BMC."
        return f"The operating system says: {trouble}." if trouble else ""

    # ------------------------------------------------------------------ what each world does in its own way

    async def _perform(self, request: Request[Any], purpose: str, branch: Branch | None = None) -> Answered | GaveUp:
        raise NotImplementedError

    async def _converse(self, begin: Callable[[], None], end: type[Event]) -> Event:
        raise NotImplementedError

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Keep others out, who open or close the same link."""
        raise NotImplementedError

    def _keep_alive(self, on: bool) -> None:
        """Start or stop asking Get Device ID whenever ``keep_alive`` seconds passed in silence."""
        raise NotImplementedError

    async def _still_there(self) -> None:
        """Ask, unless somebody else has just done so. A failure is the next command's to tell."""
        if self.clock() - self.session.last_heard_inside >= self.keep_alive:
            with suppress(IpmiLabError):
                await self.exchange(GetDeviceId(), "keep-alive")

    async def sleep(self, seconds: float) -> None:
        """Pause a feature; the only thing besides commands that a feature may wait for."""
        raise NotImplementedError

    def _release(self, port: Port) -> None:
        port.close()
