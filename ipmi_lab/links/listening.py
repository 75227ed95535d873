"""How a session is driven by an event loop: by a reader on the port's descriptor, and one timer."""

from asyncio import AbstractEventLoop, Future, TimerHandle, get_running_loop
from collections.abc import Callable
from time import monotonic
from typing import ClassVar

from ipmi_lab.links.answer import Answer, wake
from ipmi_lab.links.link import Link
from ipmi_lab.links.reasons import closed_meanwhile
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.client import ClientSession
from ipmi_lab.sessions.events import Event, Failed, Refused

AT_ONCE = 64
NEVER = float("inf")


class ListeningLink(Link):
    """Takes what arrives, sends what is due, and wakes whoever waits for either."""

    listening: ClassVar[int] = 0
    """How many links of the process wait for datagrams in event loops."""

    def __init__(
        self, name: str, make_port: Callable[[], Port], session: ClientSession, *, keep_alive: float = 0.0
    ) -> None:
        super().__init__(name, make_port, session, monotonic, keep_alive=keep_alive)
        self._came: list[Answer] | None = None  # the answers that have come, while datagrams are being taken
        self._turning: Future[Event] | None = None  # what whoever has the turn waits for
        self._ends: tuple[type[Event], ...] = ()  # and what that may be
        self._loop: AbstractEventLoop | None = None  # what it waits in
        self._timer: TimerHandle | None = None
        self._timer_at = NEVER
        self._listening: Port | None = None

    def _listen(self, loop: AbstractEventLoop) -> Port:
        port = self.port
        loop.add_reader(port.fileno(), self._readable, port)
        self._listening = port
        ListeningLink.listening += 1
        return port

    def _ignore(self) -> None:
        """The opposite of ``_listen``."""
        if self._listening is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._listening.fileno())
            self._listening = None
            ListeningLink.listening -= 1
        self._stop_timer()

    def _readable(self, port: Port) -> None:
        # Among many links, whoever is woken at once would get more than his share: his next answer comes first again.
        came: list[Answer] | None = [] if ListeningLink.listening == 1 else None
        self._came = came
        try:
            self._take(port)
        except Exception as error:  # a fault of ours, or a port's: whoever waits is told, not the event loop
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
            assert self._loop is not None
            self._stop_timer()
            self._timer_at = deadline
            self._timer = self._loop.call_later(deadline - monotonic(), self._due, port)
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
        except Exception as error:  # as in ``_readable``
            self._fail(error)
        self._flush(port)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Failed):
                self._fail(event.error)
            elif self._turning is not None and not self._turning.done() and isinstance(event, self._ends):
                self._turning.set_result(event)

    def _fail(self, error: Exception) -> None:
        """Tell whoever waits of what went wrong here and not on the way: such as an observer that raised."""
        if self._turning is not None and not self._turning.done():
            self._turning.set_exception(error)
        elif not self.session.fail(error):
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Tell of what is nobody's own in the way of event loops."""
        get_running_loop().call_exception_handler(
            {"message": f"a fault while nobody waits for {self.name}", "exception": error}
        )

    def _end_turn(self) -> None:
        """Whoever converses over a port that is closed, or in an event loop that ended, would wait in vain."""
        self.session.leave()
        self._tell([Refused(closed_meanwhile())])

    def _release(self, port: Port) -> None:
        self._ignore()
        self._end_turn()
        super()._release(port)
