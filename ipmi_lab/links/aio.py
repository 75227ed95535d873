"""The asyncio link: the same session, asked by the tasks of an event loop."""

import asyncio
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from time import monotonic
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError, NoAnswer, SessionError
from ipmi_lab.links.answer import Answer
from ipmi_lab.links.blocking import BlockingLink
from ipmi_lab.links.holding import ACTIVE, CLOSED
from ipmi_lab.links.link import R
from ipmi_lab.links.listening import ListeningLink
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.events import Answered, Event, GaveUp, Refused


class AsyncioLink(ListeningLink):
    """Many questions may be under way, asked by many tasks of one event loop."""

    blocking = False

    def __init__(
        self, name: str, make_port: Callable[[], Port], session: ClientSession, *, keep_alive: float = 0.0
    ) -> None:
        super().__init__(name, make_port, session, keep_alive=keep_alive)
        self._keeper: asyncio.Task[None] | None = None
        self._failed: Exception | None = None  # why the last login anew came to nothing
        self._make_locks()

    def _make_locks(self) -> None:
        self._turns, self._logins, self._changes = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()

    async def open(self, holder: object = None) -> None:
        self._here()
        async with self._logins:
            try:
                await super().open(holder)
            except BaseException:  # refused, or a timeout of the caller
                if not self._wanted and self.session.idle:  # else others still ask outside the session
                    self._let_go()
                raise

    async def close(self, holder: object = None) -> None:
        self._here()
        await super().close(holder)

    async def _give_back(self) -> None:
        """Whoever is opening the session is told that nobody wants it; another who closes it is waited for."""
        if self.session.state is not State.CLOSING:
            if self.session.state is State.OPENING:
                self.session.abandon()
            self._end_turn()
        try:
            async with self._logins:
                if not self._wanted:  # else another task has opened it again
                    await super()._give_back()
        finally:
            if not self._wanted:  # a timeout of the caller
                self._let_go()

    async def send(self, request: Request[R], *, purpose: str = "command") -> R:
        """What ``send`` of any link gives, with fewer steps where nothing needs to be settled before or after."""
        if not request.plain or self.pin is not None or self.branch is not None:
            return await super().send(request, purpose=purpose)
        try:
            if self.guard is not None and purpose == "command":
                self.guard(request)
            loop, port = get_running_loop(), self._listening
            answer = Answer(self._come, loop)
            if (
                port is None
                or loop is not self._loop
                or (pending := self.session.begin(request, monotonic(), purpose, answer.hear)) is None
            ):
                code, data = await self._exchange(request, purpose)
                return request.answer(code, data)
            try:
                port.send(pending.datagram)
                if pending.wake_at < self._timer_at:
                    self._flush(port)
                outcome = await answer
            except BaseException:  # a timeout of the caller: nobody waits for the answer any more
                self._forget(pending.number)
                raise
            if isinstance(outcome, Answered) and not outcome.way:
                return request.answer(outcome.code, outcome.data)
            code, data = await self._concluded(request, purpose, outcome)
            return request.answer(code, data)
        except IpmiLabError as error:
            raise self._blame(request, error) from None

    async def _perform(self, request: Request[Any], purpose: str, branch: Branch | None = None) -> Answered | GaveUp:
        loop = self._here()
        while self._wanted and self.session.state is not ACTIVE:  # another has found it lost since this one looked
            await self._heal()
        answer = Answer(self._come, loop)
        number = self.session.request(request, monotonic(), purpose, branch, answer.hear)
        try:
            self._flush(self._listening or self._listen(loop))
            return await answer
        except BaseException:  # as in ``send``
            self._forget(number)
            raise

    def _forget(self, number: int) -> None:
        """Nobody waits for this answer any more: the next question may go."""
        self.session.forget(number)
        if self._listening is None:
            self.session.datagrams()  # there was no way to send them
        elif self._loop is not None and not self._loop.is_closed():
            self._flush(self._listening)

    async def _converse(self, begin: Callable[[], None], end: type[Event]) -> Event:
        loop = self._here()
        async with self._turns:
            port = self._listening or self._listen(loop)
            turning: asyncio.Future[Event] = loop.create_future()
            self._turning, self._ends = turning, (end, Refused)
            try:
                begin()
                self._tell(self.session.wake(monotonic()))  # it may have come to its end already
                self._flush(port)
                return await turning
            except BaseException:  # a timeout of the caller: nobody waits for the end of it
                self.session.leave()
                raise
            finally:
                if self._turning is turning:
                    self._turning = None

    async def _heal(self) -> None:
        """Several questions may find the session lost at the same time: the first one logs in for all, and if that
        comes to nothing, all get its error. Where it was cancelled, the next one logs in."""
        self._here()
        lost, failed = self.session.openings, self._failed
        async with self._logins:
            if self.session.openings != lost:
                return
            if self._failed is not failed and self._failed is not None:
                raise copy(self._failed)
            try:
                await super()._heal()
            except (NoAnswer, SessionError) as error:
                self._failed = copy(error)
                raise

    def leave(self) -> None:
        """The event loop is no more, and whoever waited for an answer waits no longer."""
        self.session.forget()
        BlockingLink(self.name, lambda: self.port, self.session).leave()

    # ------------------------------------------------------------------ which event loop it is

    def _here(self) -> AbstractEventLoop:
        """The event loop that runs. What is left in another one, which ended before the link was closed, is dropped."""
        loop = get_running_loop()
        if loop is not self._loop:
            if self._loop is not None:
                self._abandon_loop(self._loop)
            self._loop = loop
            self._keep_alive(self._wanted)
        return loop

    def _abandon_loop(self, loop: AbstractEventLoop) -> None:
        if self._listening is not None and loop.is_running():
            raise SessionError(
                "the device is in use in another event loop", target=self.name, hint="Open one for each event loop."
            )
        if loop.is_closed():  # nobody can go on in it
            self._turning = self._keeper = None
            self.session.forget()
        self._ignore()
        self._end_turn()
        self.session.fail(SessionError("the event loop ended before the answer came"))
        self._keep_alive(False)
        if self.session.state not in (ACTIVE, CLOSED):
            self.session.abandon()
        self._make_locks()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        self._here()
        async with self._changes:
            yield

    def _keep_alive(self, on: bool) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None
        if on and self.keep_alive:
            self._keeper = get_running_loop().create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.keep_alive / 2)
            try:
                await self._still_there()
            except Exception as error:  # of an observer: the session is kept alive all the same
                self._report(error)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
