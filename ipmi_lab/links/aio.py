"""The asyncio link: the same session, woken by the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, ClassVar

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.links.answer import Answer, wake
from ipmi_lab.links.link import Link, R
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession
from ipmi_lab.sessions.events import Answered, Event, Failed, GaveUp

AT_ONCE = 64
NEVER = float("inf")


class AsyncioLink(Link):
    """Waits by ``add_reader`` on the port's descriptor and one timer; many questions may be under way."""

    blocking = False
    listening: ClassVar[int] = 0
    """How many links of the process wait for datagrams in event loops."""

    def __init__(
        self, name: str, make_port: Callable[[], Port], session: ClientSession, *, keep_alive: float = 0.0
    ) -> None:
        super().__init__(name, make_port, session, monotonic, keep_alive=keep_alive)
        self._keeper: asyncio.Task[None] | None = None
        self._came: list[Answer] | None = None  # the answers that have come, while datagrams are being taken
        self._turning: asyncio.Future[Event] | None = None
        self._turns = asyncio.Lock()
        self._logins = asyncio.Lock()
        self._changes = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = NEVER
        self._listening: Port | None = None

    async def open(self, holder: object = None) -> None:
        async with self._logins:
            await super().open(holder)

    async def send(self, request: Request[R], *, purpose: str = "command") -> R:
        """What ``send`` of any link gives, with fewer steps where nothing needs to be settled before or after."""
        if not request.plain or self.pin is not None or self.branch is not None:
            return await super().send(request, purpose=purpose)
        try:
            if self.guard is not None and purpose == "command":
                self.guard(request)
            port = self._listening or self._listen()
            answer = Answer(self._come, asyncio.get_running_loop())
            pending = self.session.begin(request, monotonic(), purpose, answer.hear)
            if pending is None:
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
        port = self._listening or self._listen()
        answer = Answer(self._come, asyncio.get_running_loop())
        number = self.session.request(request, monotonic(), purpose, branch, answer.hear)
        try:
            self._flush(port)
            return await answer
        except BaseException:  # as in ``send``
            self._forget(number)
            raise

    def _forget(self, number: int) -> None:
        """Nobody waits for this answer any more: the next question may go."""
        self.session.forget(number)
        if self._listening is not None:
            self._flush(self._listening)

    async def _converse(self, begin: Callable[[], None], end: type[Event]) -> Event:
        async with self._turns:
            port = self._listening or self._listen()
            self._turning = asyncio.get_running_loop().create_future()
            begin()
            self._flush(port)
            try:
                return await self._turning
            finally:
                self._turning = None

    async def _heal(self) -> None:
        """Several questions may find the session lost at the same time: the first one logs in for all."""
        lost = self.session.openings
        async with self._logins:
            if self.session.openings == lost:
                await super()._heal()

    def _listen(self) -> Port:
        port = self._listening = self.port
        asyncio.get_running_loop().add_reader(port.fileno(), self._readable, port)
        AsyncioLink.listening += 1
        return port

    def _readable(self, port: Port) -> None:
        # Among many links, whoever is woken at once would get more than his share: his next answer comes first again.
        came: list[Answer] | None = [] if AsyncioLink.listening == 1 else None
        self._came = came
        try:
            self._take(port)
        except Exception as error:
            self._fail(error)
            self._flush(port)
        finally:
            self._came = None
            if came:
                wake(came)

    def _take(self, port: Port) -> None:
        session = self.session
        for _ in range(AT_ONCE):
            datagram = port.receive()
            if datagram is None:
                if port.trouble:
                    session.refused()
                    self._tell(session.wake(monotonic()))
                break
            if events := session.receive(datagram, monotonic()):
                self._tell(events)
            if session.idle:
                return  # nobody waits for more; what comes all the same wakes us again
        self._flush(port)

    def _come(self, answer: Answer) -> None:
        """Have a task woken in this pass of the event loop, where datagrams are being taken: but once all are, since
        it may ask the next question, or close the link."""
        if self._came is None:
            answer.get_loop().call_soon(answer.wake)
        else:
            self._came.append(answer)

    def _flush(self, port: Port) -> None:
        session = self.session
        deadline = session.deadline()
        if deadline is not None and deadline < self._timer_at:  # a timer that comes too soon finds nothing to do
            self._stop_timer()
            self._timer_at = deadline
            self._timer = asyncio.get_running_loop().call_later(deadline - monotonic(), self._due, port)
        for datagram in session.datagrams():
            port.send(datagram)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, NEVER

    def _due(self, port: Port) -> None:
        self._stop_timer()
        try:
            self._tell(self.session.wake(monotonic()))
        except Exception as error:
            self._fail(error)
        self._flush(port)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            told = isinstance(event, (Answered, GaveUp))  # to whoever asked
            if isinstance(event, Failed):
                self._fail(event.error)
            elif not told and self._turning is not None and not self._turning.done():
                self._turning.set_result(event)

    def _fail(self, error: Exception) -> None:
        """Tell whoever waits of what went wrong here and not on the way: such as an observer that raised."""
        if self._turning is not None and not self._turning.done():
            self._turning.set_exception(error)
        elif not self.session.fail(error):
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Tell of what is nobody's own in the way of event loops."""
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"a fault while nobody waits for {self.name}", "exception": error}
        )

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._changes:
            yield

    def _keep_alive(self, on: bool) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None
        if on and self.keep_alive:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.keep_alive / 2)
            try:
                await self._still_there()
            except Exception as error:  # of an observer: the session is kept alive all the same
                self._report(error)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _release(self, port: Port) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(port.fileno())
            self._listening = None
            AsyncioLink.listening -= 1
        self._stop_timer()
        super()._release(port)
