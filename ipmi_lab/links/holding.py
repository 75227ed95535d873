"""A session that somebody holds: how it is opened and given back, and opened anew where the BMC has dropped it."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from ipmi_lab.errors import IpmiLabError, NoAnswer, NoSlot, SessionError
from ipmi_lab.links.leaving import hold, let_go
from ipmi_lab.links.reasons import closed_meanwhile, explained
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.client import ClientSession, State
from ipmi_lab.sessions.events import Closed, Event, Opened, Refused

LOGIN_PAUSES = (0.5, 1.0)
ACTIVE, CLOSED = State.ACTIVE, State.CLOSED
SLOT_PAUSE = 1.0


class Holding:
    """A session with one BMC and the port that it goes over, both in use while anybody holds them.

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
        self.missing: IpmiLabError | None = None  # what a session would need and nobody gave
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

    async def _converse(self, begin: Callable[[], None], end: type[Event]) -> Event:
        raise NotImplementedError

    def _keep_alive(self, on: bool) -> None:
        """Start or stop asking Get Device ID whenever ``keep_alive`` seconds passed in silence."""
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        """Pause a feature; the only thing besides commands that a feature may wait for."""
        raise NotImplementedError

    def _release(self, port: Port) -> None:
        port.close()
