"""Every one of the 31 messaging commands on every face, sent to our virtual BMC: methods of both worlds, by name, as a
Robot keyword and from the shell. The page docs/messaging.md shows what these tests proved.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ipmi_lab.commands import byname
from ipmi_lab.commands.channel import AccessMode, Change, KeyOperation
from ipmi_lab.commands.command import title
from ipmi_lab.commands.i2c import BusType
from ipmi_lab.commands.messaging import ChannelReceive, ReceivedMessage
from ipmi_lab.commands.session import AuthenticationType
from ipmi_lab.commands.systeminfo import SystemInfoParameter
from ipmi_lab.commands.user import PasswordOperation
from ipmi_lab.device.device import Device
from ipmi_lab.lab.open import connect, connect_asyncio
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.ipmb import Frame
from ipmi_lab.secret import Secret
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.i2cprofile import BusProfile, EepromProfile
from ipmi_lab.virtual.profile import ControllerProfile, Profile
from ipmi_lab.wire.codes import Privilege
from tests.messaging import part_of
from tests.proofs import MESSAGING, Proves

PASSWORD, PLANTED = "a password", "planted-one"
INNER = ipmb.pack(0x82, 0x06 << 2, 0x20, 4, 0x01, b"")
OLD = ("GetSessionChallenge", "ActivateSession", "GetBtInterfaceCapabilities")
"""Those that are sent to a BMC that speaks IPMI 1.5 and has BT."""

SECRET = "?"  # stands for the planted password, which each face takes in its own way
FIELDS: dict[str, dict[str, str]] = {name: {} for name in MESSAGING} | {
    "SetBmcGlobalEnables": {"event_message_buffer": "yes"},
    "ClearMessageFlags": {"oem_0": "yes"},
    "EnableMessageChannelReceive": {"channel": "1", "state": "enable"},
    "SendMessage": {"channel": "0", "message": INNER.hex(" ")},
    "GetSystemInterfaceCapabilities": {"interface": "kcs"},
    "MasterWriteRead": {"bus_type": "private", "bus_id": "1", "address": "0x50", "count": "2", "data": "00"},
    "SetSystemInfo": {"parameter": "system name", "data": "00 00 05 62 65 6e 63 68"},
    "GetSystemInfo": {"parameter": "system name"},
    "GetChannelAuthenticationCapabilities": {"privilege": "operator"},
    "GetSessionChallenge": {"authentication": "md5", "user_name": "admin"},
    "ActivateSession": {"authentication": "md5", "privilege": "administrator", "challenge": "00" * 16}
    | {"outbound_sequence": "77"},
    "SetSessionPrivilegeLevel": {"privilege": "operator"},
    "CloseSession": {"session_id": "0", "session_handle": "2"},
    "GetAuthCode": {"algorithm": "2", "user_id": "2", "data": "00" * 16},
    "SetChannelAccess": {"channel": "1", "change_privilege": "volatile", "privilege_limit": "administrator"},
    "GetChannelAccess": {"channel": "1", "copy": "non volatile"},
    "GetChannelInfo": {"channel": "1"},
    "SetChannelSecurityKeys": {"operation": "read"},
    "SetUserAccess": {"user_id": "5", "privilege_limit": "operator"},
    "GetUserAccess": {"user_id": "2"},
    "SetUserName": {"user_id": "5", "user_name": "bench"},
    "GetUserName": {"user_id": "2"},
    "SetUserPassword": {"user_id": "5", "operation": "set password", "password": SECRET},
}
MADE_FOR_PEOPLE = {
    "CloseSession": {"session_handle": "2"},
    "SetSessionPrivilegeLevel": {"level": "operator"},
    "SetSystemInfo": {"parameter": "system name", "text": "bench"},
}
"""Keywords that take, as the methods of their names do, something else than the bare command."""

METHODS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = dict.fromkeys(MESSAGING, ((), {})) | {
    "SetBmcGlobalEnables": ((), {"event_message_buffer": True}),
    "ClearMessageFlags": ((), {"oem_0": True}),
    "EnableMessageChannelReceive": ((1, ChannelReceive.ENABLE), {}),
    "SendMessage": ((0, INNER), {}),
    "MasterWriteRead": ((BusType.PRIVATE, 0x50, 2, b"\0"), {"bus_id": 1}),
    "SetSystemInfo": ((SystemInfoParameter.SYSTEM_NAME, "bench"), {}),
    "GetSystemInfo": ((SystemInfoParameter.SYSTEM_NAME,), {}),
    "GetSessionChallenge": (("admin",), {}),
    "ActivateSession": ((bytes(16), 77), {"authentication": AuthenticationType.MD5}),
    "SetSessionPrivilegeLevel": ((Privilege.OPERATOR,), {}),
    "CloseSession": ((0, 2), {}),
    "GetAuthCode": ((2, bytes(16)), {}),
    "SetChannelAccess": ((1,), {"change_access": Change.VOLATILE, "access_mode": AccessMode.ALWAYS_AVAILABLE}),
    "SetChannelSecurityKeys": ((KeyOperation.READ,), {}),
    "SetUserAccess": ((5, Privilege.OPERATOR), {}),
    "GetUserAccess": ((2,), {}),
    "SetUserName": ((5, "bench"), {}),
    "GetUserName": ((2,), {}),
    "SetUserPassword": ((5, PasswordOperation.SET_PASSWORD, Secret(PLANTED)), {}),
}


class Bench:
    """Two machines with all that the commands are about, and somebody's session that may be ended."""

    def __init__(self, farm: Farm) -> None:
        usual: dict[str, Any] = {"authentications": ["md5"]}
        eeprom = EepromProfile(device="eeprom", address=0x50, content="42 4f")
        new = Profile(
            suites=[3, 17],
            controllers=[ControllerProfile(address=0x82)],
            i2c=[BusProfile(bus_id=1, devices=[eeprom])],
            **usual,
        )
        passwords = {"admin": PASSWORD}
        self.new = farm.open(new, passwords=passwords)
        self.old = farm.open(Profile(system_interface="bt", **usual), passwords=passwords)

    def machine(self, name: str) -> Served:
        """The one to ask, with something in its queue and its buffer."""
        served = self.old if name in OLD else self.new
        messaging = served.bmc.messaging
        messaging.queue.append(ReceivedMessage(inferred_privilege=Privilege.USER, channel=1, message=b"\1" + INNER))
        messaging.event = bytes.fromhex("ffff0200000000810004013001575a50")
        return served


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Farm() as farm:
        yield Bench(farm)


def method(name: str) -> str:
    """The specification's name in snake case."""
    return title(name).lower().replace(" ", "_")


def asked(served: Served, name: str) -> bool:
    """Whether the machine was asked that, and said yes."""
    return (name, 0) in served.bmc.asked  # type: ignore[attr-defined]  # by ``watch``


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every virtual BMC keep what it was asked, how it answered, and by which of its parts."""
    from ipmi_lab.virtual.bmc import VirtualBmc

    answer = VirtualBmc.data

    def watched(self: Any, frame: Frame) -> bytes | None:
        data, (command, method) = answer(self, frame), self.slot(frame)
        if command is not None and data is not None:
            self.__dict__.setdefault("asked", []).append((command.__name__, data[0]))
            self.__dict__.setdefault("answered_by", {})[command.__name__] = type(method.__self__).__module__
        return data

    monkeypatch.setattr(VirtualBmc, "data", watched)


@pytest.mark.parametrize("name", MESSAGING)
def test_a_command_is_a_method_in_both_worlds(name: str, bench: Bench, proves: Proves) -> None:
    served = bench.machine(name)
    args, kwargs = METHODS[name]
    assert "IPMI 2.0 §" in (getattr(Device, method(name)).__doc__ or "")

    with connect(served.url, password=PASSWORD) as ipmi, connect(served.url, password=PASSWORD) as other:
        assert other.session.is_open
        blocking = getattr(ipmi, method(name))(*args, **kwargs)
        assert asked(served, name)
    bench.machine(name)
    served.bmc.asked.clear()  # type: ignore[attr-defined]

    async def main() -> Any:
        async with connect_asyncio(served.url, password=PASSWORD) as ipmi:
            with connect(served.url, password=PASSWORD):
                return await getattr(ipmi, method(name))(*args, **kwargs)

    waited = asyncio.run(main())
    assert asked(served, name)
    with proves(name, "method"):
        assert type(waited) is type(blocking)


@pytest.mark.parametrize("name", MESSAGING)
def test_a_command_is_sent_by_name(name: str, bench: Bench, proves: Proves) -> None:
    served = bench.machine(name)
    fields = {key: PLANTED if value == SECRET else value for key, value in FIELDS[name].items()}
    with connect(served.url, password=PASSWORD) as ipmi, connect(served.url, password=PASSWORD):
        answer = ipmi.send_message_with_name(title(name), **fields)
    with proves(name, "by name"):
        assert isinstance(answer, byname.find(name).response)
        assert asked(served, name)
    with proves(name, "virtual BMC"):
        assert served.bmc.answered_by[name].replace(".", "/").endswith(part_of(name).removesuffix(".py"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MESSAGING)
def test_a_command_is_sent_from_the_shell(
    name: str, bench: Bench, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ipmi_lab.cli.main import program

    served = bench.machine(name)
    monkeypatch.setenv("IPMI_LAB_PASSWORD", PASSWORD)
    monkeypatch.setenv("PLANTED", PLANTED)
    fields = [f"{key}={'env:PLANTED' if value == SECRET else value}" for key, value in FIELDS[name].items()]
    with connect(served.url, password=PASSWORD), connect(served.url, password=PASSWORD):
        done = CliRunner().invoke(program, ["-t", served.url, "send", name, *fields])
    with proves(name, "shell"):
        assert done.exit_code == 0, done.output + repr(done.exception)
        assert asked(served, name)
    assert PLANTED not in done.output


@pytest.mark.parametrize(
    "words",
    [
        ["SetUserPassword", "user_id=5", "operation=set password", "password=secret"],
        ["GetAuthCode", "user_id=5", "algorithm=4", "data=secret"],
    ],
)
def test_a_password_on_the_command_line_is_refused(words: list[str], bench: Bench) -> None:
    from ipmi_lab.cli.main import program

    done = CliRunner().invoke(program, ["-t", bench.new.url, "send", *words])

    assert done.exit_code != 0
    assert "is no reference" in str(done.exception)


def test_a_straight_password_is_compared_from_the_shell(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from ipmi_lab.cli.main import program

    monkeypatch.setenv("IPMI_LAB_PASSWORD", PASSWORD)
    monkeypatch.setenv("PLANTED", PLANTED)
    words = ["-t", bench.new.url, "send", "GetAuthCode", "algorithm=4", "user_id=2"]

    fits = CliRunner().invoke(program, [*words, "data=env:IPMI_LAB_PASSWORD"])
    assert (fits.exit_code, PASSWORD in fits.output) == (0, False)
    other = CliRunner().invoke(program, [*words, "data=env:PLANTED"])
    assert "0xCC" in str(other.exception)


def test_every_command_is_a_keyword(bench: Bench, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    proves: Proves = request.getfixturevalue("proves")
    lines = [
        "*** Settings ***",
        "Library    IpmiLab    allow=write,raw",
        "Test Teardown    Close All Sessions",
        "*** Test Cases ***",
    ]
    for name in MESSAGING:
        served = bench.machine(name)
        fields = {key: "${SECRET}" if value == SECRET else value for key, value in FIELDS[name].items()}
        fields = MADE_FOR_PEOPLE.get(name, fields)
        lines += [
            title(name),
            "    VAR    ${SECRET: Secret}    %{PLANTED}",
            "    VAR    ${PASSWORD: Secret}    %{PASSWORD}",
            f"    Establish Session    {served.url}    alias=one    password=${{PASSWORD}}",
            f"    Establish Session    {served.url}    alias=two    password=${{PASSWORD}}",
            "    Switch Session    one",
            "    " + "    ".join([title(name), *(f"{key}={value}" for key, value in fields.items())]),
        ]
    suite = tmp_path / "suite.robot"
    suite.write_text("\n".join(lines) + "\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IPMI_LAB_")}
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "out"), str(suite)],
        capture_output=True,
        text=True,
        env=environment | {"PLANTED": PLANTED, "PASSWORD": PASSWORD},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for name in MESSAGING:
        with proves(name, "keyword"):
            assert asked(bench.old if name in OLD else bench.new, name)
    written = "".join(path.read_text(errors="replace") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert PLANTED not in written
