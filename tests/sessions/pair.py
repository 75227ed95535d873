"""A console and a BMC with a wire of software between them, and a clock that only we turn."""

from collections.abc import Callable
from typing import Any

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.bridge import Branch
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.events import Answered, Event, Observed, Refused
from ipmi_lab.sessions.lan import LanSession
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.profile import DeviceIdProfile, Profile, UserProfile

PASSWORD = "a password"
CONSOLE = ("127.0.0.1", 40000)
Route = Callable[[bytes], list[bytes]]


def profile(**changes: Any) -> Profile:
    usual: dict[str, Any] = {
        "suites": [1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17],
        "authentications": ["md2", "md5"],
        "device_id": DeviceIdProfile(manufacturer=1234),
        "users": [UserProfile(user="admin"), UserProfile(user="viewer", privilege="user")],
    }
    return Profile(**usual | changes)


class Pair:
    """``to_bmc`` and ``to_console`` decide what becomes of each datagram: none, one or many."""

    def __init__(self, *, machine: Profile | None = None, timing: Timing | None = None, **login: Any) -> None:
        self.now = 1000.0
        self.observed: list[Observed] = []
        self.sent: list[bytes] = []
        self.answered: list[bytes] = []
        self.bmc = VirtualBmc(machine or profile(), {"admin": PASSWORD, "viewer": PASSWORD, "": PASSWORD})
        usual: dict[str, Any] = {"user": "admin", "password": Secret(PASSWORD)}
        self.console = LanSession(Login(**usual | login), timing, observe=self.observed.append)
        self.branch: Branch | None = None
        self.to_bmc: Route = lambda datagram: [datagram]
        self.to_console: Route = lambda datagram: [datagram]

    def carry(self) -> list[Event]:
        """Carry datagrams both ways until nobody has anything to say."""
        events: list[Event] = []
        for _ in range(1000):
            out = self.console.datagrams()
            if not out:
                return events
            for datagram in out:
                self.sent.append(datagram)
                for arrives in self.to_bmc(datagram):
                    self.bmc.receive(arrives, CONSOLE, self.now)
                events += self._carry_answers()
        raise AssertionError("the two never fall silent")

    def _carry_answers(self) -> list[Event]:
        events: list[Event] = []
        for _, answer in self.bmc.datagrams():
            self.answered.append(answer)
            for arrives in self.to_console(answer):
                events += self.console.receive(arrives, self.now)
        return events

    def until_quiet(self, limit: float = 120.0) -> list[Event]:
        """Carry, and turn the clock to each deadline, until an event comes or the time is over."""
        end = self.now + limit
        events = self.carry()
        while not events and self.now < end:
            deadline = self.console.deadline()
            if deadline is None:
                return events
            alarm = self.bmc.deadline()
            if alarm is not None and alarm <= deadline:
                self.now = max(self.now, alarm)
                self.bmc.wake(self.now)
                events += self._carry_answers()
            else:
                self.now = max(self.now, deadline)
                events += self.console.wake(self.now)
            events += self.carry()
        return events

    def open(self) -> Event:
        self.console.open(self.now)
        return self.until_quiet()[-1]

    def opened(self) -> "Pair":
        event = self.open()
        assert self.console.state is State.ACTIVE, event
        return self

    def refused(self) -> str:
        event = self.open()
        assert isinstance(event, Refused), event
        return str(event.error)

    def ask(self, request: Any = None) -> Event:
        self.console.request(request or GetDeviceId(), self.now, branch=self.branch)
        return self.until_quiet()[-1]

    def works(self) -> bool:
        event = self.ask()
        return isinstance(event, Answered) and event.code == 0
