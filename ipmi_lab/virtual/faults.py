"""Faults on purpose: a network that loses, delays, doubles, reorders, cuts and spoils datagrams, by a seed.

A virtual BMC has one on its port; a ``Relay`` puts one in front of any BMC.
"""

import heapq
import itertools
import math
import random
import selectors
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ipmi_lab.errors import LocalError, NoAnswer, did_you_mean

LARGEST = 65535
MOST_WAITING = 10_000
MOST_CONSOLES = 256
REORDER_DELAY = 0.02
MOST_NOISE = 8
LONGEST_STRAY = 100
LONGEST_DELAY = 3600  # seconds: nobody waits longer for a datagram

SHARES = ("loss", "duplicate", "reorder", "corrupt", "truncate", "drop", "noise", "stray")
ALLOWED: dict[str, tuple[str, float, float]] = {
    **dict.fromkeys(SHARES, ("share from 0 to 1", 0, 1)),
    **dict.fromkeys(("delay", "jitter"), (f"time from 0 to {LONGEST_DELAY} seconds", 0, LONGEST_DELAY)),
    "refuse": ("number of commands, a whole one from 0 on", 0, math.inf),
    "code": ("completion code from 1 to 255", 1, 0xFF),
    "seed": ("whole number", -math.inf, math.inf),
}
"""What each of the faults may be: in words, and its bounds."""


@dataclass
class Faults:
    """What goes wrong: shares from 0 to 1, times in seconds. ``drop`` loses a byte of a datagram, ``noise`` puts a few
    before it, as on a serial line; ``stray`` sends a random datagram before it.

    ``refuse`` answers so many commands with ``code`` (0xC0, node busy) instead of doing them; only a virtual BMC can.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    truncate: float = 0.0
    drop: float = 0.0
    noise: float = 0.0
    stray: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    refuse: int = 0
    code: int = 0xC0
    seed: int = 1
    chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def __setattr__(self, name: str, value: Any) -> None:
        """Whichever way a value comes, what means nothing does not get in: one datagram would fall over it."""
        super().__setattr__(name, _allowed(name, value) if name in ALLOWED else value)

    def set(self, **faults: float) -> None:
        """Change some of them; the others stay. LocalError where a name or value means nothing; all stay then."""
        for name, value in faults.items():
            if name not in ALLOWED:
                raise LocalError(f"there is no fault {name!r}", hint=did_you_mean(name, list(ALLOWED)))
            _allowed(name, value)
        for name, value in faults.items():
            setattr(self, name, value)
        if "seed" in faults:
            self.chance.seed(self.seed)

    def now(self) -> dict[str, float]:
        """All of them as they are, for ``set`` to come back to."""
        return {name: getattr(self, name) for name in ALLOWED}

    def clear(self) -> None:
        """Let everything through again."""
        self.set(**Faults().now())

    @property
    def none(self) -> bool:
        """Whether every datagram goes through as it is."""
        return not (self.delay or self.jitter or any(getattr(self, name) for name in SHARES))

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        """What becomes of a datagram: each copy with the seconds that it takes; nothing where it is lost."""
        chance = self.chance.random
        if self.stray and chance() < self.stray:
            yield 0.0, self.chance.randbytes(self.chance.randrange(1, LONGEST_STRAY))
        if chance() < self.loss:
            return
        for _ in range(2 if chance() < self.duplicate else 1):
            late = self.delay + self.jitter * chance()
            if chance() < self.reorder:
                late += REORDER_DELAY * chance()
            yield late, self._spoilt(datagram)

    def _spoilt(self, datagram: bytes) -> bytes:
        chance = self.chance
        if datagram and chance.random() < self.corrupt:
            spoilt = bytearray(datagram)
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
            datagram = bytes(spoilt)
        if chance.random() < self.truncate:
            datagram = datagram[: chance.randrange(len(datagram) + 1)]
        if self.drop and datagram and chance.random() < self.drop:
            place = chance.randrange(len(datagram))
            datagram = datagram[:place] + datagram[place + 1 :]
        if self.noise and chance.random() < self.noise:
            datagram = chance.randbytes(chance.randrange(1, MOST_NOISE)) + datagram
        return datagram

    def refuses(self) -> int:
        """The completion code to refuse the next command with, or 0."""
        if not self.refuse:
            return 0
        self.refuse -= 1
        return self.code


def _allowed(name: str, value: Any) -> float:
    """The value as it is kept; LocalError says what is allowed."""
    what, low, high = ALLOWED[name]
    whole = name in ("refuse", "code", "seed")
    if not isinstance(value, (int, float)) or not low <= value <= high or (whole and value % 1 != 0):
        raise LocalError(f"{name}: {value} is no {what}")
    return int(value) if whole else float(value)


class Later:
    """Things that are to be done at their time, in order; a bounded number of them."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Any]] = []
        self._count = itertools.count()

    def put(self, when: float, what: Any) -> None:
        """Do it then; where too much waits it is lost, as on a full wire."""
        if len(self._heap) < MOST_WAITING:
            heapq.heappush(self._heap, (when, next(self._count), what))

    def due(self, now: float) -> Iterator[Any]:
        """What is to be done by now."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    def next(self) -> float | None:
        """When the next one is due, or None."""
        return self._heap[0][0] if self._heap else None

    def wait(self, now: float) -> float | None:
        """Seconds until the next one, or None; no more than a selector can wait, also where it is due never."""
        return min(max(0.0, self._heap[0][0] - now), LONGEST_DELAY) if self._heap else None


class Relay:
    """Stands between consoles and one BMC on a free loopback port, from one thread. Also a context manager.

    ``faults`` befall what goes to the BMC, ``answers`` what comes back; both are one unless told otherwise.
    NoAnswer where the host cannot be found.
    """

    def __init__(self, host: str, port: int, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.answers = self.faults
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise NoAnswer(f"the host {host!r} cannot be found ({error})", hint="Check its name.") from None
        self._family: int = found[0][0]
        self._target: Any = found[0][4]
        self._door = socket.socket(self._family, socket.SOCK_DGRAM)
        self.host = "::1" if self._family == socket.AF_INET6 else "127.0.0.1"
        self._door.bind((self.host, 0))
        self._door.setblocking(False)
        self.port: int = self._door.getsockname()[1]
        self._ways: OrderedDict[Any, socket.socket] = OrderedDict()  # by console, the one heard last at the end
        self._selector = selectors.DefaultSelector()
        self._bell, self._hears = socket.socketpair()
        self._selector.register(self._door, selectors.EVENT_READ, self._from_console)
        self._selector.register(self._hears, selectors.EVENT_READ, lambda: None)
        self._later = Later()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="ipmi-lab fault relay", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(self._later.wait(time.monotonic())):
                key.data()
            for sender, datagram, to in self._later.due(time.monotonic()):
                _send(sender, datagram, to)

    def point(self, host: str, port: int) -> None:
        """Carry to another BMC from now on: whoever stood behind the relay was replaced or restarted."""
        self._target = (host, port)
        for way in list(self._ways.values()):
            way.connect(self._target)

    def _from_console(self) -> None:
        try:
            datagram, console = self._door.recvfrom(LARGEST)
            way = self._way(console)
        except OSError:  # a refusal of an earlier answer, or there is no way to the BMC
            return
        self._pass(self.faults, way, datagram, None)

    def _way(self, console: Any) -> socket.socket:
        """The socket that speaks to the BMC for a console; the console silent for longest makes room."""
        way = self._ways.get(console)
        if way is None:
            way = socket.socket(self._family, socket.SOCK_DGRAM)
            way.setblocking(False)  # it may be called ready for a refusal that the next send gets instead
            way.connect(self._target)
            self._ways[console] = way
            self._selector.register(way, selectors.EVENT_READ, partial(self._from_bmc, way, console))
            while len(self._ways) > MOST_CONSOLES:
                _, oldest = self._ways.popitem(last=False)
                self._selector.unregister(oldest)
                oldest.close()
        self._ways.move_to_end(console)
        return way

    def _from_bmc(self, way: socket.socket, console: Any) -> None:
        try:
            datagram = way.recv(LARGEST)
        except OSError:  # nobody listens there at the moment, or its console had to make room
            return
        self._pass(self.answers, self._door, datagram, console)

    def _pass(self, faults: Faults, sender: socket.socket, datagram: bytes, to: Any) -> None:
        for late, arrives in faults.carry(datagram):
            if late:
                self._later.put(time.monotonic() + late, (sender, arrives, to))
            else:
                _send(sender, arrives, to)

    def close(self) -> None:
        """Stop carrying."""
        self._stopping = True
        self._bell.send(b"!")
        self._thread.join()
        self._selector.close()
        for open_socket in (self._door, self._bell, self._hears, *self._ways.values()):
            open_socket.close()

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _send(sender: socket.socket, datagram: bytes, to: Any) -> None:
    try:
        if to is None:
            sender.send(datagram)
        else:
            sender.sendto(datagram, to)
    except OSError:  # nobody listens there, or the buffer is full: lost, as on any network
        return
