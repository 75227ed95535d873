"""What tests prove of the messaging commands, command by command and peer by peer: the page of the docs is made of it.

``with proves("GetMessage", "ipmi_sim"): …`` counts once its test passed. The records travel with the reports of the
tests, from other processes too; ``tests/conftest.py`` gathers them.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol

import pytest

PROPERTY = "proves"
MESSAGING = (
    "SetBmcGlobalEnables",
    "GetBmcGlobalEnables",
    "ClearMessageFlags",
    "GetMessageFlags",
    "EnableMessageChannelReceive",
    "GetMessage",
    "SendMessage",
    "ReadEventMessageBuffer",
    "GetSystemInterfaceCapabilities",
    "GetBtInterfaceCapabilities",
    "MasterWriteRead",
    "GetSystemGuid",
    "SetSystemInfo",
    "GetSystemInfo",
    "GetChannelAuthenticationCapabilities",
    "GetChannelCipherSuites",
    "GetSessionChallenge",
    "ActivateSession",
    "SetSessionPrivilegeLevel",
    "CloseSession",
    "GetSessionInfo",
    "GetAuthCode",
    "SetChannelAccess",
    "GetChannelAccess",
    "GetChannelInfo",
    "SetChannelSecurityKeys",
    "SetUserAccess",
    "GetUserAccess",
    "SetUserName",
    "GetUserName",
    "SetUserPassword",
)
"""The rows of the specification's table, in its order."""


class Proof(NamedTuple):
    """A command, and who had the same opinion of its bytes."""

    command: str
    peer: str


class Proves(Protocol):
    """``with proves(command, peer): …``; the block fails where the two disagree."""

    def __call__(self, command: str, peer: str) -> AbstractContextManager[None]: ...


def recorder(node: pytest.Item) -> Proves:
    """What a test takes down its proofs with."""

    @contextmanager
    def proves(command: str, peer: str) -> Iterator[None]:
        yield
        node.user_properties.append((PROPERTY, [command, peer]))

    return proves


def proofs_of(report: pytest.TestReport) -> list[Proof]:
    """What a test that passed proved."""
    if not report.passed or report.when != "call":
        return []
    return [Proof(*value) for name, value in report.user_properties if name == PROPERTY]  # type: ignore[misc]  # a pair
