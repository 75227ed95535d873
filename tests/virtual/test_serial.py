"""The serial line of a virtual BMC: our client at its end, what people type, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.channel import GetChannelInfo, SessionSupport
from ipmi_lab.commands.chassis import ChassisControl, GetChassisStatus, Power
from ipmi_lab.commands.session import GetSessionInfo
from ipmi_lab.packets import ipmb
from ipmi_lab.packets.serial import BasicMode, TerminalMode
from ipmi_lab.secret import Secret
from ipmi_lab.sessions.bridge import Branch, Hop
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.entry import Entry
from ipmi_lab.sessions.events import Answered, Closed, Event, GaveUp, Opened, Refused
from ipmi_lab.sessions.login import Login, Timing
from ipmi_lab.sessions.serial import SerialSession
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.profile import ChassisProfile, Profile, SerialProfile, UserProfile, load
from ipmi_lab.wire.codes import Privilege

MODES = ["basic", "terminal"]
PASSWORD = "a-password"


class Wire:
    """A console and a virtual BMC with a line of software between them, and a clock that only we turn."""

    def __init__(
        self, mode: str, *, entry: Entry = Entry.NONE, machine: Profile | None = None, served: str = "", **how: Any
    ):
        login = {"user": "admin", "password": Secret(PASSWORD), "version": "1.5"} | how.pop("login", {})
        self.now = 1000.0
        self.bmc = VirtualBmc(machine or profile(), {"admin": PASSWORD, "viewer": PASSWORD})
        self.line = self.bmc.plug(served or mode)
        self.console = SerialSession(Login(**login), how.pop("timing", None), mode=mode, entry=entry, **how)
        self.branch: Branch | None = None
        self.to_bmc: Callable[[bytes], bytes] = lambda data: data

    def say(self, data: bytes) -> bytes:
        """Bytes go to the BMC; what it says comes back."""
        self.line.receive(data, self.now)
        return b"".join(out for to, out in self.bmc.datagrams() if to is self.line)

    def until_quiet(self, limit: float = 60.0) -> list[Event]:
        """Carry, and turn the clock to each deadline, until an event comes or the time is over."""
        events: list[Event] = []
        end = self.now + limit
        while not events and self.now < end:
            out = self.console.datagrams()
            for data in out:
                events += self.console.receive(self.say(self.to_bmc(data)), self.now)
            deadline = self.console.deadline()
            if not out and not events:
                if deadline is None:
                    break
                self.now = max(self.now, deadline)
                events += self.console.wake(self.now)
        return events

    def open(self) -> Event:
        self.console.open(self.now)
        return self.until_quiet()[-1]

    def opened(self) -> "Wire":
        event = self.open()
        assert isinstance(event, Opened), event
        return self

    def ask(self, request: Any) -> Any:
        """The answer to a request, or the number of its completion code."""
        self.console.request(request, self.now, branch=self.branch)
        event = self.until_quiet()[-1]
        assert isinstance(event, Answered), event
        return event.code or request.response.decode(event.data)

    def text(self, line: str) -> str:
        """What comes back to a line that a person types."""
        return self.say(line.encode() + b"\r").decode()


def profile(**serial: Any) -> Profile:
    return Profile(
        summary="a board",
        users=[UserProfile(user="admin"), UserProfile(user="viewer", privilege="user")],
        serial=SerialProfile(**serial),
        insecure="straight" in serial.get("authentications", ()),
        chassis=ChassisProfile(power_up=1.0),
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_line_needs_no_session_unless_its_profile_says_so(mode: str) -> None:
    wire = Wire(mode).opened()
    assert wire.ask(GetDeviceId()).ipmi == "2.0"
    info = wire.ask(GetChannelInfo(channel=0x0E))
    assert (info.channel, info.medium, info.session_support) == (2, 5, SessionSupport.SINGLE)

    event = Wire(mode, machine=profile(session=True)).open()
    assert isinstance(event, Refused)
    assert "only those who log in" in str(event.error)


@pytest.mark.parametrize(("mode", "entry"), [("basic", Entry.CHALLENGE), ("terminal", Entry.TEXT)])
def test_a_session_that_gets_no_privilege_is_given_back(
    mode: str, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(mode, entry=entry)
    add = wire.bmc.sessions.add

    def limited(session: BmcSession) -> None:
        session.limit = Privilege.USER
        add(session)

    monkeypatch.setattr(wire.bmc.sessions, "add", limited)

    event = wire.open()
    assert isinstance(event, Refused)
    assert "the session was opened, but not as administrator" in str(event.error)
    assert not wire.bmc.sessions.open


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["md2", "md5", "straight"])
@pytest.mark.parametrize("session", [True, False])
def test_one_logs_in_by_challenge_and_leaves(mode: str, kind: str, session: bool) -> None:
    machine = profile(session=session, authentications=[kind])
    wire = Wire(
        mode, entry=Entry.CHALLENGE, machine=machine, login={"authentication": {"md2": 1, "md5": 2}.get(kind, 4)}
    )
    wire.opened()
    info = wire.ask(GetSessionInfo())
    assert (info.user_id, info.privilege, info.channel, info.active) == (2, 4, 2, 1)

    wire.console.close(wire.now)
    assert wire.until_quiet() == [Closed(True)]
    assert not wire.bmc.sessions.open


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "login",
    [{"password": Secret("wrong")}, {"user": "nobody"}, {"user": "viewer"}, {"authentication": 4}],
    ids=["password", "user", "privilege", "straight password"],
)
def test_who_may_not_log_in_is_refused(mode: str, login: dict[str, Any]) -> None:
    wire = Wire(mode, entry=Entry.CHALLENGE, machine=profile(session=True), login=login)
    event = wire.open()

    assert isinstance(event, Refused)
    assert "Activate Session" in str(event.error) or "does not offer authentication straight" in str(event.error)
    assert not wire.bmc.sessions.open


@pytest.mark.parametrize("entry", [Entry.CHALLENGE, Entry.TEXT])
def test_wrong_logins_lock_the_line_for_a_while(entry: Entry) -> None:
    wire = Wire("terminal", entry=entry, machine=profile(session=True))
    wire.console.login = Login("admin", Secret("wrong"), version="1.5")
    for _ in range(5):
        assert isinstance(wire.open(), Refused)
    wire.console.login = Login("admin", Secret(PASSWORD), version="1.5")
    assert isinstance(wire.open(), Refused)
    wire.now += 11

    assert isinstance(wire.open(), Opened)


def test_one_logs_in_by_text_and_leaves() -> None:
    wire = Wire("terminal", entry=Entry.TEXT, machine=profile(session=True)).opened()
    assert wire.ask(GetSessionInfo()).privilege == 4
    wire.console.close(wire.now)
    assert wire.until_quiet() == [Closed(True)]
    assert not wire.bmc.sessions.open


def test_a_session_that_a_console_forgot_makes_room_for_the_next() -> None:
    wire = Wire("basic", entry=Entry.CHALLENGE, machine=profile(session=True)).opened()
    wire.console.abandon()
    wire.opened()
    assert len(wire.bmc.sessions.open) == 1

    wire.now += 61
    wire.say(b"\xa6")
    assert not wire.bmc.sessions.open


def test_a_session_of_the_line_is_nobodys_on_the_network() -> None:
    from ipmi_lab.packets import lan15

    wire = Wire("basic", entry=Entry.CHALLENGE, machine=profile(session=True)).opened()
    (session_id,) = wire.bmc.sessions.open
    for sequence in (0, 1):
        message = ipmb.pack(0x20, 0x18, 0x81, 0x0C, 0x01, b"")
        wire.bmc.receive(lan15.pack(0, sequence, session_id, b"", message), ("127.0.0.1", 1), wire.now)
    assert wire.bmc.datagrams() == []


@pytest.mark.parametrize("mode", MODES)
def test_a_change_that_is_asked_for_twice_is_done_once(mode: str) -> None:
    wire = Wire(mode).opened()
    assert wire.ask(ChassisControl(action=Power.OFF))
    end = BasicMode() if mode == "basic" else TerminalMode()
    on = end.wrap(ipmb.pack(0x20, 0x00, 0x81, 0x44, 0x02, b"\x01"))
    first = wire.say(on)
    wire.bmc.chassis.set(False, wire.now, 0)
    assert wire.say(on) == first

    assert not wire.ask(GetChassisStatus()).power_on


@pytest.mark.parametrize("mode", MODES)
def test_bridging_goes_over_a_line_too(mode: str) -> None:
    shelf = load("atca-shelf").model_copy(update={"users": profile().users})
    for hops in ((Hop(0x82, 0),), (Hop(0x82, 0), Hop(0x72, 7))):
        wire = Wire(mode, machine=shelf).opened()
        wire.branch = Branch(hops)
        assert wire.ask(GetDeviceId()).device_id == hops[-1].address


def test_a_bridged_answer_bears_the_bridge_bits() -> None:
    wire = Wire("terminal", machine=load("atca-shelf").model_copy(update={"users": profile().users}))

    said = wire.text("[18 0C 34 40 82 18 66 20 0C 01 D3]")
    assert said.startswith("[1C 0C 34 00]\r\n[1C 0D 01 00 82 ")


@pytest.mark.parametrize(("frame", "serial"), [("basic", "auto"), ("terminal", "auto")])
def test_the_mode_can_be_found_by_what_comes_first(frame: str, serial: str) -> None:
    wire = Wire(frame, served=serial).opened()

    assert wire.ask(GetDeviceId()).ipmi == "2.0"
    assert wire.line.mode.name == frame


def test_people_can_type_every_text_command() -> None:
    wire = Wire("terminal")
    assert wire.text("[SYS TMODE]") == "[OK TMODE]\r\n"
    assert wire.text("[sys power off]") == "[OK]\r\n"
    assert wire.text("[SYS HEALTH QUERY]").startswith("[PWR:OFF H:?? T:?? V:?? PS:?? C:?? D:?? S:?? O:??]")
    assert wire.text("[SYS RESET]") == "[ERR D5]\r\n"
    assert wire.text("[SYS POWER ON]") == "[OK]\r\n"
    assert "PWR:OFF" in wire.text("[SYS HEALTH QUERY]")
    wire.now += 1.5
    assert "PWR:ON H:ok" in wire.text("[SYS HEALTH QUERY]")
    assert wire.text("[SYS HEALTH QUERY -V]").startswith("[SYS Health:OK\r\nPower:ON\r\nTemperature:OK\r\n")
    assert wire.text("[SYS RESET]") == "[OK]\r\n"
    assert wire.text("[SYS GET BOOTOPT 05 00 00]") == "[OK 01 05 00 00 00 00 00]\r\n"
    assert wire.text("[SYS SET BOOT 60 04 00 00 00]") == "[OK]\r\n"
    assert wire.text("[SYS GET BOOTOPT 05 00 00]") == "[OK 01 05 E0 04 00 00 00]\r\n"  # the valid bit came by itself
    assert wire.text("[SYS GET BOOTOPT 04 00 00]") == "[OK 01 04 00 FF]\r\n"  # nobody has handled it yet
    assert wire.text("[SYS SET BOOTOPT 05 00 00 00 00 00]") == "[OK]\r\n"
    assert wire.text("[SYS GET BOOTOPT 05 00 00]") == "[OK 01 05 00 00 00 00 00]\r\n"
    assert wire.text("[SYS SET BOOTOPT 60 00]") == "[ERR 80]\r\n"
    assert wire.text("[SYS GET BOOTOPT 05]") == "[ERR CC]\r\n"
    assert wire.text("[SYS MAKE COFFEE]") == "[ERR C1]\r\n"
    assert wire.text("[SYS 000157 FOO]") == "[ERR C1]\r\n"


def test_the_light_goes_on_for_a_while() -> None:
    wire = Wire("terminal").opened()

    def state() -> int:
        status: Any = wire.ask(GetChassisStatus())
        return int(status.identify_state) if status.identify_supported else -1

    assert state() == 0
    for line, seconds in (("[SYS IDENTIFY]", 15), ("[SYS IDENTIFY -ON 3C]", 60)):
        assert wire.text(line) == "[OK]\r\n"
        wire.now += seconds - 1
        assert state() == 1
        wire.now += 2
        assert state() == 0
    wire.text("[SYS IDENTIFY -ON FF]")
    assert wire.text("[SYS IDENTIFY -OFF]") == "[OK]\r\n"
    assert state() == 0


def test_nothing_is_done_before_the_login_by_text() -> None:
    wire = Wire("terminal", machine=profile(session=True))
    assert wire.text("[SYS POWER OFF]") == "[ERR D4]\r\n"
    assert wire.text("[18 00 01]") == "[1C 00 01 D4]\r\n"
    assert wire.text("[SYS PWD -U admin wrong]") == "[ERR D4]\r\n"
    assert wire.text("[SYS PWD -U]") == "[ERR CC]\r\n"
    assert wire.text("[SYS PWD -N]") == "[ERR D4]\r\n"
    assert wire.text(f"[SYS PWD -U viewer {PASSWORD}]") == "[OK]\r\n"
    assert wire.text("[SYS POWER OFF]") == "[ERR D4]\r\n"
    assert wire.text("[SYS HEALTH QUERY]").startswith("[PWR:ON")
    assert wire.text("[SYS PWD -X]") == "[OK]\r\n"
    assert wire.text("[SYS HEALTH QUERY]") == "[ERR D4]\r\n"


def test_echo_editing_newline_and_handshake_are_set_at_the_line() -> None:
    wire = Wire("terminal", machine=profile(echo=True, editing=True, newline="lf"))
    assert wire.text("[SYS TMODX\x7fE]") == "[SYS TMODX\x08 \x08E]\r[OK TMODE]\n"
    assert wire.text("[SYS SET TCFG]").endswith("[V:26 51\nN:26 51\n]\n")
    assert wire.text("[SYS SET TCFG -V 01 11]").endswith("[V:01 11\r\nN:26 51\r\n]\r\n[SYS]\r\n")
    assert wire.text("[SYS TMODE]") == "[OK TMODE]\r\n[SYS]\r\n"
    assert wire.text("[18 00 22]") == "[SYS]\r\n[1C 00 22 C1]\r\n"


def test_our_client_lives_with_echo() -> None:
    wire = Wire("terminal", machine=profile(echo=True)).opened()
    for _ in range(3):
        assert wire.ask(GetDeviceId()).ipmi == "2.0"
    wire.console.say("SYS TMODE", wire.now, repeat=True)
    (event,) = wire.until_quiet()

    assert getattr(event, "reply", None) == "OK TMODE"


@pytest.mark.parametrize("mode", MODES)
def test_the_bmc_says_that_the_connection_lives_and_is_heard(mode: str) -> None:
    wire = Wire(mode, entry=Entry.CHALLENGE, machine=profile(session=True)).opened()
    wire.line.ping(wire.now)
    said = b"".join(out for _, out in wire.bmc.datagrams())
    assert wire.console.receive(said, wire.now) == []
    assert wire.console.state is State.ACTIVE
    assert wire.ask(GetDeviceId()).ipmi == "2.0"

    wire.bmc.reset()
    wire.line.ping(wire.now)
    wire.console.receive(b"".join(out for _, out in wire.bmc.datagrams()), wire.now)
    assert wire.console.state is State.CLOSED


@pytest.mark.parametrize("mode", MODES)
def test_a_bmc_that_hears_nothing_is_given_up(mode: str) -> None:
    wire = Wire(mode, timing=Timing(budget=2.0)).opened()
    wire.to_bmc = lambda data: b""
    wire.console.request(GetDeviceId(), wire.now)

    assert [type(event) for event in wire.until_quiet()] == [GaveUp]


@pytest.mark.parametrize("mode", MODES)
def test_no_bytes_end_the_line(mode: str) -> None:
    import random

    chance = random.Random(30)
    wire = Wire(mode).opened()
    end = BasicMode() if mode == "basic" else TerminalMode()
    words = [b"[SYS ", b"PWD -U admin", b"SET TCFG -V 0 0", b"]\r", b"[18 ", b"\\\r", b"\xa0", b"\xa5", b"\xaa"]
    for _ in range(3000):
        message = ipmb.pack(0x20, chance.randrange(64) << 2, 0x81, 4, chance.randrange(0x50), chance.randbytes(5))
        wire.say(end.wrap(message) if chance.random() < 0.3 else chance.choice([*words, chance.randbytes(9)]))
    wire.bmc.reset()
    wire.now += 100
    wire.say(b"]\xa5")

    assert wire.say(end.wrap(ipmb.pack(0x20, 0x18, 0x81, 4, 0x01, b"")))
