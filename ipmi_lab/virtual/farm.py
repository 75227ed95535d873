"""Opens virtual BMCs on UDP ports: many in one loop, in a thread of this process."""

import secrets
import selectors
import socket
import string
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.secret import Secret
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.faults import Faults, Later
from ipmi_lab.virtual.profile import Profile, load
from ipmi_lab.virtual.pseudoterminal import PseudoTerminal
from ipmi_lab.virtual.serial import EVERY, MODES

AT_ONCE = 64
LARGEST = 65535
FIRST_PING, BREATH = 0.05, 0.05  # seconds
SHORTER = 16  # bytes of a password that a login over a serial line takes
ALPHABET = string.ascii_letters + string.digits


def made_up_password(length: int) -> str:
    """A password that nobody guesses."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


@dataclass(eq=False)
class Served:
    """A virtual BMC on its port: where it is, and who may log in with what."""

    host: str
    port: int
    profile: Profile
    passwords: dict[str, Secret]
    bmc: VirtualBmc
    door: socket.socket = field(repr=False)
    terminal: PseudoTerminal | None = field(default=None, repr=False)
    alarm: float | None = None

    @property
    def faults(self) -> Faults:
        """What goes wrong on the way to it and back: ``served.faults.set(loss=0.2)``."""
        return self.bmc.faults

    @property
    def url(self) -> str:
        """What ``connect`` and ``Establish Session`` take."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'lanplus' if self.profile.speaks20 else 'lan'}://{self.user}@{host}:{self.port}"

    @property
    def serial_url(self) -> str:
        """The same over its serial line; LocalError where it has none."""
        if self.terminal is None or self.bmc.line is None:
            raise LocalError("this virtual BMC has no serial line", hint="Open it with serial=basic or terminal.")
        user = f"{self.user}@" if self.profile.serial.session else ""
        return f"serial://{user}{self.terminal.path}?mode={self.bmc.line.mode.name}"

    @property
    def user(self) -> str:
        """The first user of the profile: the one who may do the most."""
        return self.profile.users[0].user

    @property
    def password(self) -> Secret:
        """The password of the first user."""
        return self.passwords[self.user]


Carried = Callable[[Served, bytes, Any], None]


class Farm:
    """Virtual BMCs that answer from one thread, until they are closed. Also a context manager."""

    def __init__(self) -> None:
        self.served: list[Served] = []
        self._selector = selectors.DefaultSelector()
        self._bell, bell = socket.socketpair()
        self._selector.register(bell, selectors.EVENT_READ, None)
        self._hears = bell
        self._later = Later()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def open(
        self,
        profile: str | Profile,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        passwords: dict[str, str] | None = None,
        serial: str | None = None,
    ) -> Served:
        """Start a virtual BMC; port 0 takes a free one, and users without a password get one that is made up.

        ``serial`` gives it a line on a pseudo terminal too: ``basic``, ``terminal``, or ``auto``.
        """
        machine = load(profile) if isinstance(profile, str) else profile
        if serial not in (None, *MODES):
            raise LocalError(f"{serial!r} is no mode of a serial line", hint=did_you_mean(str(serial), list(MODES)))
        longest = machine.longest_password if serial is None else SHORTER
        words = {user.user: "" if user.password == "none" else made_up_password(longest) for user in machine.users} | (
            passwords or {}
        )
        bmc = VirtualBmc(machine, words)
        if serial is not None:
            bmc.plug(serial)
        if machine.state is not None:
            bmc.keep(machine.state)
            bmc.users.give(passwords or {})
            bmc.save()
        shown = {name: Secret(word) for name, word in (words | bmc.users.passwords()).items()}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        door = socket.socket(family, socket.SOCK_DGRAM)
        try:
            door.bind((host, port))
        except OSError as error:
            door.close()
            raise LocalError(f"a virtual BMC cannot listen on {host} port {port}: {error.strerror}") from None
        door.setblocking(False)
        served = Served(host, door.getsockname()[1], machine, shown, bmc, door)
        if serial is not None:
            served.terminal = PseudoTerminal()
        with self._lock:
            self.served.append(served)
            self._selector.register(door, selectors.EVENT_READ, (self._serve, served))
            if served.terminal is not None:
                self._selector.register(served.terminal, selectors.EVENT_READ, (self._listen, served))
        if machine.serial.connection_active and serial is not None:
            self._later.put(time.monotonic() + FIRST_PING, (self._ping, served, b"", None))
        self._bell.send(b"!")
        if self._thread is None:
            self._thread = threading.Thread(target=self.run, name="ipmi-lab virtual BMCs", daemon=True)
            self._thread.start()
        return served

    def stop(self, served: Served) -> None:
        """End one virtual BMC: nobody listens on its port any more."""
        with self._lock:
            if served in self.served:
                self.served.remove(served)
                self._selector.unregister(served.door)
                served.door.close()
                if served.terminal is not None:
                    self._selector.unregister(served.terminal)
                    served.terminal.close()

    def run(self) -> None:
        """Answer until ``close``."""
        while not self._stopping:
            for key, _ in self._selector.select(self._later.wait(time.monotonic())):
                if key.data is None:
                    self._hears.recv(AT_ONCE)
                else:
                    serve, served = key.data
                    self._harmlessly(served, serve)
            for do, served, datagram, address in self._later.due(time.monotonic()):
                self._harmlessly(served, do, datagram, address)

    def _harmlessly(self, served: Served, do: Callable[..., None], *what: Any) -> None:
        """Do what concerns one BMC. An error there is a fault of ours: it is told like any of a thread, with whose it
        is, and the other BMCs live on."""
        try:
            do(served, *what)
        except Exception as error:  # whatever it is, the thread is that of others too
            error.add_note(f"It befell the virtual BMC {served.url}; the others of this process go on.")
            report = (type(error), error, error.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(report))

    def _serve(self, served: Served) -> None:
        for _ in range(AT_ONCE):
            try:
                datagram, address = served.door.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:  # closed by ``stop`` meanwhile, or a refusal of an earlier answer
                return
            self._pass(self._take, served, datagram, address)

    def _listen(self, served: Served) -> None:
        if served.terminal is not None:
            data = served.terminal.read()
            if data:
                self._pass(self._take, served, data, served.bmc.line)

    def _ping(self, served: Served, datagram: bytes, address: Any) -> None:
        """Let the line say that it lives, and again in a while."""
        if served.bmc.line is not None and served in self.served:
            served.bmc.line.ping(time.monotonic())
            self._answer(served)
            self._later.put(time.monotonic() + EVERY, (self._ping, served, b"", None))

    def _pass(self, do: Carried, served: Served, datagram: bytes, address: Any) -> None:
        """Carry a datagram through the faults of its BMC."""
        if served.faults.none:
            do(served, datagram, address)
            return
        for late, arrives in served.faults.carry(datagram):
            if late:
                self._later.put(time.monotonic() + late, (do, served, arrives, address))
            else:
                do(served, arrives, address)

    def _take(self, served: Served, datagram: bytes, address: Any) -> None:
        line = served.bmc.line
        if line is not None and address is line:
            self._let(served, lambda now: line.receive(datagram, now))
        else:
            self._let(served, lambda now: served.bmc.receive(datagram, address, now))

    def _wake(self, served: Served, _datagram: bytes, _address: Any) -> None:
        served.alarm = None
        self._let(served, served.bmc.wake)

    def _let(self, served: Served, do: Callable[[float], None]) -> None:
        """Let a BMC do something, send what it leads to, and wake it when it asks for it."""
        do(time.monotonic())
        served.bmc.save()  # before the answer goes out: what was said to be done outlives us
        self._answer(served)

    def _answer(self, served: Served) -> None:
        """Send what the BMC says. On a line what comes behind an answer (that of a controller behind it) takes its
        time: consoles there do not expect two messages in one breath."""
        behind = 0
        for to, answer in served.bmc.datagrams():
            on_line = served.bmc.line is not None and to is served.bmc.line and len(answer) > 1
            if on_line and behind:
                self._later.put(time.monotonic() + behind * BREATH, (self._depart, served, answer, to))
            else:
                self._depart(served, answer, to)
            behind += on_line
        deadline = served.bmc.deadline()
        if deadline is not None and (served.alarm is None or deadline < served.alarm):
            served.alarm = deadline
            self._later.put(deadline, (self._wake, served, b"", None))

    def _depart(self, served: Served, answer: bytes, to: Any) -> None:
        self._pass(self._send, served, answer, to)

    def _send(self, served: Served, answer: bytes, to: Any) -> None:
        try:
            if served.terminal is not None and to is served.bmc.line:
                served.terminal.write(answer)
            else:
                served.door.sendto(answer, to)
        except OSError:  # a full buffer or a console that is gone: the answer is lost, as on a real network
            served.bmc.sessions.dropped += 1

    def wait(self) -> None:
        """Serve until somebody interrupts."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End all virtual BMCs."""
        for served in list(self.served):
            self.stop(served)
        self._stopping = True
        self._bell.send(b"!")
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._selector.close()
        self._bell.close()
        self._hears.close()

    def __enter__(self) -> "Farm":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
