"""The blocking link: drives the session in the caller's own thread, without event loop or timer thread."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic, sleep
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.links.holding import CLOSED
from ipmi_lab.links.link import Link, R
from ipmi_lab.links.reasons import closed_meanwhile
from ipmi_lab.links.worlds import run
from ipmi_lab.ports.port import Patience, Patient, Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import ClientSession
from ipmi_lab.sessions.events import Answered, Closed, Event, Failed, GaveUp, Refused


class BlockingLink(Link):
    """Waits by ``poll`` on the port's descriptor. The lock is held for one command, never for a feature."""

    blocking = True

    def __init__(
        self, name: str, make_port: Callable[[], Port], session: ClientSession, *, keep_alive: float = 0.0
    ) -> None:
        super().__init__(name, make_port, session, monotonic, keep_alive=keep_alive)
        self._stop: threading.Event | None = None
        self._lock = threading.RLock()
        self._patient: Patient | None = None
        self._straight: Callable[..., tuple[int, bytes] | int | None] | None = None  # the session's, at this port

    def ask(self, request: Request[R]) -> R:
        """What ``send`` gives, without a coroutine where nothing needs to be settled before or after."""
        if self._straight is None or not request.plain or self.pin is not None or self.branch is not None:
            return run(self.send(request))
        try:
            if self.guard is not None:
                self.guard(request)
            with self._lock:
                straight = self._straight
                try:
                    found = straight(request) if straight is not None else None
                    if isinstance(found, tuple):
                        return request.answer(*found)
                    if found is None:
                        return request.answer(*run(self._exchange(request, "command")))
                    outcome = self._wait_for(request, "command", None, found)
                except BaseException:  # Ctrl-C, or a timeout of the caller: nobody waits for the answer any more
                    self.session.forget()
                    raise
            return request.answer(*run(self._concluded(request, "command", outcome)))
        except IpmiLabError as error:
            raise self._blame(request, error) from None

    async def _perform(self, request: Request[Any], purpose: str, branch: Branch | None = None) -> Answered | GaveUp:
        with self._lock:
            number: int | None = None
            if self._wanted and self.session.state is CLOSED:  # another thread has found it lost since this one looked
                await self._heal()
            try:
                if request.plain and branch is None and self.session.state is not CLOSED:
                    if self._straight is None:
                        patient = self._patient or self._patience()
                        self._straight = partial(self.session.straight, monotonic, patient.ask)
                    found = self._straight(request, purpose)
                    if isinstance(found, tuple):
                        return Answered(0, *found)
                    number = found
                return self._wait_for(request, purpose, branch, number)
            except BaseException:  # as in ``ask``
                self.session.forget()
                raise

    def _wait_for(
        self, request: Request[Any], purpose: str, branch: Branch | None, number: int | None
    ) -> Answered | GaveUp:
        """The outcome of a question that is under way with that number, or has yet to be asked."""
        now = monotonic()
        if number is None:
            number = self.session.request(request, now, purpose, branch)
        while True:
            for event in self._turn(now):
                if isinstance(event, (Answered, GaveUp)) and event.number == number:
                    return event
            now = monotonic()

    def leave(self) -> None:
        self._holders.clear()
        run(self.close())

    async def _heal(self) -> None:
        """Several threads may find the session lost at the same time: the first one logs in for all."""
        lost = self.session.openings
        with self._lock:
            if self.session.openings == lost:
                await super()._heal()

    async def _give_back(self) -> None:
        with self._lock:
            if not self._wanted:  # else another thread has opened it again
                await super()._give_back()

    async def _converse(self, begin: Callable[[], None], end: type[Event]) -> Event:
        with self._lock:
            closings = self._closings
            try:
                begin()
                while self._closings == closings or end is Closed:
                    for event in self._turn(monotonic()):
                        if isinstance(event, (end, Refused)):
                            return event
                raise closed_meanwhile()
            except BaseException:  # Ctrl-C, or closed by another thread: nobody waits for the end of it
                self.session.leave()
                raise

    def _turn(self, now: float) -> list[Event]:
        """Send what is pending, wait for a datagram or the deadline, and hand on what came of it."""
        session, port, patience = self.session, self._port or self.port, self._patient or self._patience()
        for datagram in session.datagrams():
            port.send(datagram)
        deadline = session.deadline()
        received = patience.wait(0.0 if deadline is None else deadline - now)
        now = monotonic()
        events: list[Event] = []
        if received is not None:
            events = session.receive(received, now)
        elif port.trouble:
            session.refused()
        if deadline is None or now >= deadline:  # a flood of other datagrams must not keep it from its time
            events += session.wake(now)
        for event in events:
            if isinstance(event, Failed):
                raise event.error
        return events

    def _patience(self) -> Patient:
        """What waits for the port: the port itself where it can."""
        port: Any = self.port
        self._patient = patient = port if hasattr(port, "ask") else Patience(port)
        return patient

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        with self._lock:
            yield

    def _keep_alive(self, on: bool) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None
        if on and self.keep_alive:
            self._stop = threading.Event()
            threading.Thread(target=self._keep, args=(self._stop,), name=f"keep-alive {self.name}", daemon=True).start()

    def _keep(self, stop: threading.Event) -> None:
        while not stop.wait(self.keep_alive / 2):
            with self._lock:
                if not stop.is_set():
                    try:
                        run(self._still_there())
                    except Exception as error:  # of an observer: the session is kept alive all the same
                        report = (type(error), error, error.__traceback__, threading.current_thread())
                        threading.excepthook(threading.ExceptHookArgs(report))

    async def sleep(self, seconds: float) -> None:
        sleep(seconds)

    def _release(self, port: Port) -> None:
        self._patient = self._straight = None
        super()._release(port)
