"""Several targets over one session: the link of one of them is a trunk, which the others hold while they use it."""

import weakref
from collections.abc import Callable
from typing import Any

from ipmi_lab.commands.command import Request
from ipmi_lab.errors import IpmiLabError, SessionError
from ipmi_lab.links.link import Link
from ipmi_lab.ports.port import Port
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.events import Answered, Closed, Event, GaveUp, Opened

Key = tuple[object, str, dict[str, Any]]


class Trunks:
    """The trunks that anybody holds, by world, target and login."""

    def __init__(self) -> None:
        self._held: list[tuple[Key, weakref.ref[Link]]] = []

    def get(self, key: Key, make: Callable[[], Link]) -> Link:
        """The trunk that is there, or a new one."""
        self._held = [(known, reference) for known, reference in self._held if reference() is not None]
        for known, reference in self._held:
            trunk = reference()
            if known == key and trunk is not None:
                return trunk
        trunk = make()
        self._held.append((key, weakref.ref(trunk)))
        return trunk

    def has(self, target: str) -> bool:
        """Whether somebody holds a trunk of that target."""
        return any(known[1] == target and reference() is not None for known, reference in self._held)


class BranchLink(Link):
    """A target that is reached over the session of another: commands, guard, errors and trace are its own."""

    def __init__(self, name: str, trunk: Link, branch: Branch) -> None:
        super().__init__(name, lambda: trunk.port, trunk.session, trunk.clock)
        self.blocking = trunk.blocking
        self.trunk, self.branch = trunk, branch

    @property
    def port(self) -> Port:
        """The port of the trunk."""
        return self.trunk.port

    async def open(self, holder: object = None) -> None:
        """Use the session, which is established if nobody does so yet; an error says how far it came."""
        if self._wanted:
            raise SessionError("the session is open already", target=self.name, hint="Close it first.")
        try:
            async with self.trunk.alone():
                await self.trunk.open(self)
        except IpmiLabError as error:
            error.target = self.name if error.target == self.name else f"{self.name} via {error.target}"
            raise
        self._wanted = True
        try:
            self._tell(Opened(f"{self._way()}: {self.session.how}"))
        except BaseException:  # of its observer: whoever is told so does not know that it is open, and never closes it
            await self.close()
            raise

    async def close(self, holder: object = None) -> None:
        """Use the session no more; behind the last one who does it is given back, and the port closed."""
        joined, self._wanted = self._wanted, False
        async with self.trunk.alone():
            await self.trunk.close(self)
        if joined:
            self._tell(Closed(acknowledged=True))

    def _way(self) -> str:
        hops = ", ".join(map(str, self.branch.route)) if self.branch is not None else ""
        return f"via {self.trunk.name}, {hops}"

    def _tell(self, event: Opened | Closed) -> None:
        """What is told of a target behind another: the trunk's own session is told by itself."""
        branch = self.branch
        if branch is not None and branch.route and branch.observe is not None:
            branch.observe(event)

    async def _perform(self, request: Request[Any], purpose: str, branch: Branch | None = None) -> Answered | GaveUp:
        if not self._wanted and not request.sessionless:
            raise SessionError("there is no session", hint="Establish one first.")
        return await self.trunk._perform(request, purpose, branch)

    async def _converse(self, begin: Callable[[], None], end: type[Event]) -> Event:
        return await self.trunk._converse(begin, end)

    async def _heal(self) -> None:
        await self.trunk._heal()

    async def sleep(self, seconds: float) -> None:
        await self.trunk.sleep(seconds)
