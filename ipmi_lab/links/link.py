"""A link asks over a session that somebody holds. What both worlds share stands here: errors, healing, answers."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any, TypeVar

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.errors import CompletionError, IpmiLabError, NotAllowed, SessionError
from ipmi_lab.links.holding import ACTIVE, Holding
from ipmi_lab.links.reasons import explained, refused_on_the_way, replied, unanswered
from ipmi_lab.links.worlds import run
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession
from ipmi_lab.sessions.events import Answered, GaveUp, Ponged, Refused, Said
from ipmi_lab.sessions.unanswered import IDLE

R = TypeVar("R")


class Link(Holding):
    """What may be asked of a BMC, or of a controller behind it."""

    def __init__(
        self,
        name: str,
        make_port: Callable[[], Port],
        session: ClientSession,
        clock: Callable[[], float],
        *,
        keep_alive: float = 0.0,
    ) -> None:
        super().__init__(name, make_port, session, clock, keep_alive=keep_alive)
        self.branch: Branch | None = None  # the way to a controller behind the BMC, if that one is meant
        self.guard: Callable[[Request[Any] | TextCommand], None] | None = None
        self.pin: Callable[[Link], Awaitable[None]] | None = None  # asked before a change whether this is the machine
        self.plain_secrets = False  # whether passwords and keys may go where everybody can read them

    # ------------------------------------------------------------------ what is no command

    async def ping(self) -> float:
        """Seconds until the RMCP pong came; NoAnswer where none did, which need not mean that nobody is there."""
        begun = self.clock()
        try:
            event = await self._converse(lambda: self.session.ping(self.clock()), Ponged)
        except SessionError as error:
            raise error.about(target=self.name) from None
        if isinstance(event, Refused):
            raise explained(self, event.error)
        return self.clock() - begun

    async def say(self, command: TextCommand) -> str:
        """What a line in terminal mode replies to a text command, behind OK; CompletionError where it says ERR."""
        try:
            if self.guard is not None:
                self.guard(command)
            if self._wanted and self.session.state is not ACTIVE:
                await self._heal()
            await self._vouch(command, "command")
            if self.session.unclean:  # the answer to a question comes behind all replies that are still on their way
                await self.exchange(GetDeviceId(), "keep-alive")
            if self.pin is not None and command.permission():
                await self.pin(self)
            begin = partial(self.session.say, command.text, repeat=command.repeatable())
            event = await self._converse(lambda: begin(now=self.clock()), Said)
            if isinstance(event, Refused):
                raise event.error
            assert isinstance(event, Said)
            if event.reply is None:
                raise unanswered(self, command, event)
            return replied(command, event.reply)
        except IpmiLabError as error:
            raise error.about(target=self.name, request=command.label()) from None

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
        if not request.plain or self.pin is not None or self.session.state is not ACTIVE:
            await self._settle(request, purpose)
        outcome = await self._perform(request, purpose, self.branch)
        if isinstance(outcome, Answered) and not outcome.way:
            return outcome.code, outcome.data
        return await self._concluded(request, purpose, outcome)

    async def _concluded(self, request: Request[Any], purpose: str, outcome: Answered | GaveUp) -> tuple[int, bytes]:
        """Code and data, after one new login where the session was lost and the request may be sent twice."""
        if isinstance(outcome, GaveUp):
            if not outcome.lost or not request.repeatable():
                raise unanswered(self, request, outcome)
            await self._heal()
            if self.pin is not None:
                await self._vouch(request, purpose)
            outcome = await self._perform(request, purpose, self.branch)
            if isinstance(outcome, GaveUp):
                raise unanswered(self, request, outcome)
        if outcome.way:
            raise refused_on_the_way(request, outcome)
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
        if self._wanted and (self.session.state is not ACTIVE or not request.repeatable()):
            await self._prepare(request)
        if self.pin is not None or request.secret():
            await self._vouch(request, purpose)

    async def _prepare(self, request: Request[Any]) -> None:
        """Log in anew where the session was lost; before a change after a long silence ask a read first, since a read
        heals where a change must not be repeated."""
        if self.session.state is not ACTIVE:  # lost, or another is logging in anew
            await self._heal()
        elif self.clock() - self.session.last_heard_inside > IDLE:
            await self.exchange(GetDeviceId(), "keep-alive")

    # ------------------------------------------------------------------ what each world does in its own way

    async def _perform(self, request: Request[Any], purpose: str, branch: Branch | None = None) -> Answered | GaveUp:
        raise NotImplementedError

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Keep others out, who open or close the same link."""
        raise NotImplementedError

    async def _still_there(self) -> None:
        """Ask, unless somebody else has just done so. A failure is the next command's to tell."""
        if self.clock() - self.session.last_heard_inside >= self.keep_alive:
            with suppress(IpmiLabError):
                await self.exchange(GetDeviceId(), "keep-alive")
