"""A link drives a session over a port. What both worlds share stands here: errors, healing, typed answers."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any, TypeVar

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.command import Request
from ipmi_lab.commands.terminal import TextCommand
from ipmi_lab.errors import (
    CompletionError,
    IpmiLabError,
    NoAnswer,
    NoSlot,
    NotAllowed,
    SessionError,
)
from ipmi_lab.links.leaving import hold, let_go
from ipmi_lab.links.reasons import closed_meanwhile, explained, refused_on_the_way, replied, unanswered
from ipmi_lab.links.worlds import run
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.events import Answered, Closed, Event, GaveUp, Opened, Ponged, Refused, Said
from ipmi_lab.sessions.questions import IDLE

R = TypeVar("R")
LOGIN_PAUSES = (0.5, 1.0)
ACTIVE, CLOSED = State.ACTIVE, State.CLOSED
SLOT_PAUSE = 1.0


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
        self._closings = 0  # how often he did, so that whoever opens it at that moment notices
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
            if self.session.state is ACTIVE:  # whoever closed it has not come to it yet
                await self._end_session()
            await self._login()
            self._wanted = True
            hold(self)
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
        self._closings += 1
        self._keep_alive(False)
        try:
            await self._give_back()
        finally:
            let_go(self)

    def leave(self) -> None:
        """Give the session back, whoever holds it, since the program ends. Blocks, in both worlds."""
        raise NotImplementedError

    async def _give_back(self) -> None:
        await self._end_session()

    async def _end_session(self) -> None:
        try:
            if self.session.state is ACTIVE:
                with suppress(SessionError):  # it was lost while another had the turn
                    await self._converse(lambda: self.session.close(self.clock()), Closed)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Forget the session, and close the port."""
        self.session.abandon()
        if self._port is not None:
            self._release(self._port)
            self._port = None

    async def _login(self, *, anew: bool = False) -> None:
        """Open a session; ``anew`` in place of one that was lost, if it is still wanted."""
        if anew and not self._wanted:
            raise SessionError("there is no session", hint="Establish one first.")
        if self._port is not None and self._port.gone:
            self._release(self._port)
            self._port = None
        until, before, closings = self.clock() + self.wait_for_slot, dict(self.session.dropped), self._closings

        def begin() -> None:
            if self._closings != closings:
                raise closed_meanwhile()
            if anew:
                self.session.abandon()
            self.session.open(self.clock())

        while True:
            try:
                event = await self._converse(begin, Opened)
            except BaseException:  # Ctrl-C, or a timeout of the caller: nobody waits for the session any more
                if self.session.state is ACTIVE:  # it came to be, and whoever was told of it failed
                    await self._end_session()
                elif self.session.state is not CLOSED:
                    self.session.abandon()
                raise
            if not isinstance(event, Refused):
                if self._closings != closings:  # at the very moment when it came to be
                    await self._end_session()
                    raise closed_meanwhile()
                return
            if not isinstance(event.error, NoSlot) or self.clock() >= until:
                raise explained(self, event.error, self.session.dropped - Counter(before))
            await self.sleep(min(SLOT_PAUSE, max(0.0, until - self.clock())))

    async def _heal(self) -> None:
        """Log in anew after the BMC dropped the session; while nobody answers, again with growing pauses."""
        for pause in LOGIN_PAUSES:
            try:
                return await self._login(anew=True)
            except NoAnswer:
                await self.sleep(pause)
        return await self._login(anew=True)

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
