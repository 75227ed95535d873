"""What clients and servers of other makes have in common: where to, in which way, and what came of it."""

import importlib.metadata
import importlib.util
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any


class PeerMissing(Exception):
    """A program or library that a test wants is not on this machine."""


def program(name: str, package: str) -> str:
    """The path of a program; ``package`` is the one of Debian that has it."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise PeerMissing(f"{name} is not installed (Debian's package {package})")
    return path


def library(module: str, distribution: str) -> str:
    """The name and version of a Python library that can be imported."""
    if importlib.util.find_spec(module) is None:
        raise PeerMissing(f"{distribution} is not installed (pip install {distribution})")
    return f"{distribution} {importlib.metadata.version(distribution)}"


@dataclass(frozen=True)
class Target:
    """A BMC as a client sees it. ``workarounds`` are FreeIPMI's or python-ipmi's names for what this server gets
    wrong."""

    host: str
    port: int
    user: str
    password: str
    kg: bytes = b""
    workarounds: tuple[str, ...] = ()

    def as_user(self, user: str, password: str) -> "Target":
        """The same BMC, for another user or with another password."""
        return replace(self, user=user, password=password)


@dataclass(frozen=True)
class Lan:
    """A session of IPMI 1.5: none, password, md2 or md5."""

    authentication: str

    def __str__(self) -> str:
        return f"1.5 {self.authentication}"


@dataclass(frozen=True)
class LanPlus:
    """A session of IPMI 2.0 with one cipher suite."""

    suite: int

    def __str__(self) -> str:
        return f"2.0 suite {self.suite}"


Way = Lan | LanPlus


@dataclass(frozen=True)
class Answer:
    """What a client made of it: exit code and words, and of a raw command the completion code and data.

    ``completion`` is None where the client shows no answer of the BMC.
    """

    exit_code: int
    output: str
    errors: str
    completion: int | None = None
    data: bytes = b""


def hops(route: str) -> list[tuple[int, int]]:
    """Address and channel of each hop."""
    return [(int(address, 0), int(channel)) for address, channel in (hop.split("@") for hop in route.split(",") if hop)]


@dataclass(frozen=True)
class Asked:
    """One command for one client. ``request`` has network function, command and data; ``level`` is USER, OPERATOR or
    ADMINISTRATOR; ``patience`` is about how many seconds it waits in vain; ``route`` leads through controllers to the
    one that is asked, such as ``0x82@0,0x76@7``: an address and a channel a hop."""

    target: Target
    way: Way
    request: bytes
    level: str = "ADMINISTRATOR"
    patience: float = 2
    route: str = ""


class Client(ABC):
    """A client of any make, of which every test of sessions asks the same."""

    name: str

    def raw(self, target: Target, way: Way, request: bytes, **how: Any) -> Answer:
        """Log in, send one command, log out; ``how`` is what ``Asked`` has besides."""
        return self.ask(Asked(target, way, request, **how))

    @abstractmethod
    def ask(self, asked: Asked) -> Answer:
        """The same, each client in its own way."""
