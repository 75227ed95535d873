"""Whatever bytes come, nothing but our own errors is raised, quickly, and memory stays flat (rows 16 and 30)."""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable

import pytest

from ipmi_lab.commands import byname
from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.channel import AccessMode
from ipmi_lab.commands.session import GetChannelAuthenticationCapabilities
from ipmi_lab.errors import RemoteError
from ipmi_lab.lab.open import connect
from ipmi_lab.packets import ipmb, lan15, lan20, rmcp
from ipmi_lab.packets.rakp import OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4, Refusal
from ipmi_lab.sessions.client import State
from ipmi_lab.sessions.lockout import Lockout
from ipmi_lab.sessions.table import BmcSession
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.wire.codes import Privilege
from ipmi_lab.wire.message import Layout
from tests.battery.conftest import Record
from tests.battery.length import scaled
from tests.battery.memory import Growth
from tests.battery.mutations import mutated, mutations
from tests.battery.recorded import WAYS, messages, recorded
from tests.commands.rows import ROWS
from tests.sessions.pair import CONSOLE, PASSWORD, Pair, profile

LONGEST = 0.2
Parse = Callable[[bytes], object]


class Watch:
    """Gives bytes to a parser and keeps the longest time; what is not our own error fails the test."""

    def __init__(self, parse: Parse) -> None:
        self.parse = parse
        self.slowest = 0.0
        self.outcomes: Counter[str] = Counter()

    def __call__(self, data: bytes) -> None:
        begun = time.thread_time()
        try:
            self.parse(data)
            self.outcomes["taken"] += 1
        except RemoteError as error:
            self.outcomes[type(error).__name__] += 1
        except Exception as error:
            pytest.fail(f"{error!r} for {data.hex()}")
        self.slowest = max(self.slowest, time.thread_time() - begun)


def decoded(kind: type[Layout], data: bytes) -> None:
    message = kind.decode(data)
    message.describe()
    message.encode()


SAID, ANSWERED = recorded()
PACKETS: dict[str, tuple[Parse, list[bytes]]] = {
    "rmcp": (lambda data: (rmcp.message_class(data), rmcp.read_ping(data), rmcp.read_pong(data)), SAID + ANSWERED),
    "lan15": (lan15.parse, [packet for packet in SAID + ANSWERED if packet[4] != lan20.FORMAT]),
    "lan20": (lan20.parse, [packet for packet in SAID + ANSWERED if packet[4] == lan20.FORMAT]),
    "ipmb": (ipmb.parse, messages()),
}
RAKPS: dict[int, list[type[Layout]]] = {
    0x10: [OpenSessionRequest],
    0x11: [OpenSessionResponse, Refusal],
    0x12: [Rakp1],
    0x13: [Rakp2],
    0x14: [Rakp3],
    0x15: [Rakp4],
}


def _report(record: Record, what: str, count: int, watch: Watch, grown: float) -> None:
    assert watch.slowest <= LONGEST
    assert grown < 5, f"{grown:.1f} MB more"
    shown = f"0 uncontrolled of {count:,}, slowest {1000 * watch.slowest:.1f} ms, {grown:+.1f} MB"
    record(16, what, shown)


@pytest.mark.battery(16)
@pytest.mark.parametrize("name", PACKETS)
def test_packets_are_taken_or_refused(name: str, record: Record) -> None:
    parse, corpus = PACKETS[name]
    watch, count = Watch(parse), scaled(short=3000, long=100_000)
    for data in mutations(51, corpus, count // 10):
        watch(data)
    growth = Growth()
    for data in mutations(52, corpus, count):
        watch(data)

    assert len(watch.outcomes) > 1, watch.outcomes
    _report(record, f"packets: {name}", count, watch, growth.grown)


@pytest.mark.battery(16)
def test_set_up_messages_are_taken_or_refused(record: Record) -> None:
    found = [(packet[5], packet[16:]) for packet in SAID + ANSWERED if packet[4:5] == b"\x06" and packet[5] in RAKPS]
    chance, count = random.Random(53), scaled(short=3000, long=100_000)
    watches = {kind: Watch(lambda data, kind=kind: decoded(kind, data)) for kinds in RAKPS.values() for kind in kinds}
    growth = Growth()
    for _ in range(count):
        number, payload = chance.choice(found)
        watches[chance.choice(RAKPS[number])](mutated(chance, payload, chance.choice(found)[1]))

    slowest = max(watches.values(), key=lambda watch: watch.slowest)
    _report(record, "packets: rakp", count, slowest, growth.grown)


@pytest.mark.battery(16)
def test_every_command_and_answer_is_taken_or_refused(record: Record) -> None:
    """100,000 over all of them, each command and each answer alike often."""
    kinds = [*byname.commands(), *(command.response for command in byname.commands())]
    seeds: dict[type[Layout], list[bytes]] = {}
    for row in ROWS:
        seeds.setdefault(type(row.request), []).append(row.request.encode())
        seeds.setdefault(row.request.response, []).append(bytes.fromhex(row.answer))
    every = [seed for some in seeds.values() for seed in some]
    chance, count = random.Random(54), scaled(short=6000, long=100_000)
    watches = {kind: Watch(lambda data, kind=kind: decoded(kind, data)) for kind in kinds}
    growth = Growth()
    for number in range(count):
        kind = kinds[number % len(kinds)]
        watches[kind](mutated(chance, chance.choice(seeds.get(kind, every)), chance.choice(every)))

    slowest = max(watches.values(), key=lambda watch: watch.slowest)
    _report(record, f"commands: {len(byname.commands())} with their answers", count, slowest, growth.grown)


# ---------------------------------------------------------------------- sessions


def _resigned(chance: random.Random, pair: Pair, real: bytes) -> bytes:
    """A mutated message in a packet that the BMC's own session signs, so that it gets past every check of packets."""
    sessions = list(pair.bmc.sessions.open.values())
    if not sessions or len(real) < 8:
        return real
    message = mutated(chance, chance.choice(messages()))[: lan15.LONGEST]
    return sessions[0].wrapping.wrap(message)


@pytest.mark.battery(16)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
def test_a_client_session_takes_or_drops_whatever_comes(way: dict[str, object], record: Record) -> None:
    """Before each real answer come mutated ones, some of them signed; in each fourth opening too, which is not signed,
    so that a mutated refusal may count there."""
    chance, count = random.Random(55), scaled(short=700, long=100_000 // len(WAYS))
    fed = opened = conversations = 0
    slowest = 0.0
    pair = Pair(**way)  # type: ignore[arg-type]  # of a login

    def spoil(answer: bytes) -> list[bytes]:
        nonlocal fed, slowest
        for _ in range(12 if pair.console.state is State.ACTIVE or conversations % 4 == 0 else 0):
            if chance.random() < 0.2:
                bad = _resigned(chance, pair, answer)
            else:
                bad = mutated(chance, chance.choice([answer, chance.choice(ANSWERED)]), chance.choice(ANSWERED))
            if bad == answer:
                continue
            fed += 1
            begun = time.thread_time()
            pair.console.receive(bad, pair.now)
            slowest = max(slowest, time.thread_time() - begun)
        return [answer]

    pair.to_console = spoil
    growth: Growth | None = None
    while fed < count:
        growth = growth or (Growth() if fed > count / 10 else None)
        pair.observed.clear()
        pair.sent.clear()
        pair.answered.clear()
        conversations += 1
        pair.console.open(pair.now)
        pair.until_quiet(limit=60)
        opened += pair.console.state is State.ACTIVE
        for _ in range(20):
            if pair.console.state is State.ACTIVE:
                pair.console.request(GetDeviceId(), pair.now)
                pair.until_quiet(limit=60)
        pair.console.abandon()
        pair.bmc.sessions.open.clear()
        pair.bmc.sessions.lockout = Lockout()
    grown = growth.grown if growth is not None else 0.0
    assert opened, "a session must come about now and then"
    assert slowest <= LONGEST
    assert grown < 5
    named = " ".join(map(str, way.values()))
    record(
        16, f"client session {named}", f"0 uncontrolled of {fed:,}, slowest {1000 * slowest:.1f} ms, {grown:+.1f} MB"
    )


class Attacker:
    """Sends a virtual BMC mutated datagrams: of logins, and inside a session that it may even hold as administrator."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 1000.0
        self.renew()

    def renew(self) -> None:
        """A fresh BMC: what signed commands set lasts, and would keep the next login out."""
        self.pair = Pair(**self.chance.choice(WAYS), machine=profile(session_slots=63))  # type: ignore[arg-type]
        self.pair.now = self.now
        self.pair.opened()
        self.bmc: VirtualBmc = self.pair.bmc
        self.slowest = 0.0

    @property
    def session(self) -> BmcSession | None:
        return next(iter(self.bmc.sessions.open.values()), None)

    @property
    def switched_off(self) -> bool:
        """Whether a signed command closed the channel: the BMC then owes an answer to nobody outside."""
        return self.bmc.channels.now(self.bmc.channels.lan).access_mode is AccessMode.DISABLED

    def datagram(self) -> bytes:
        """The next one."""
        chance, ours = self.chance, self.pair.console._wrapping
        if ours is not None and self.session is not None and chance.random() < 0.4:
            command = chance.choice(COMMANDS)
            data = mutated(chance, chance.choice(REQUEST_DATA), chance.choice(REQUEST_DATA))[:200]
            message = ipmb.pack(
                ipmb.BMC, command.netfn << 2, ipmb.CONSOLE, chance.randrange(64) << 2, command.command, data
            )
            if chance.random() < 0.3:
                message = mutated(chance, message)[:255]
            packet = ours.wrap(message)
            return mutated(chance, packet, packet) if chance.random() < 0.2 else packet
        return mutated(chance, chance.choice(SAID), chance.choice(SAID))

    def strike(self) -> float:
        """Send one; gives the seconds of processor time that the BMC took."""
        datagram = self.datagram()
        self.now += 0.0005
        begun = time.thread_time()
        self.bmc.receive(datagram, CONSOLE, self.now)
        self.bmc.datagrams()
        return time.thread_time() - begun

    def alive(self) -> float:
        """Seconds of processor time until it answers a question outside any session."""
        ask = GetChannelAuthenticationCapabilities(extended=False, channel=0x0E, privilege=Privilege.USER)
        message = ipmb.pack(ipmb.BMC, ask.netfn << 2, ipmb.CONSOLE, 4, ask.command, ask.encode())
        begun = time.thread_time()
        self.bmc.receive(lan15.pack(0, 0, 0, b"", message), ("127.0.0.9", 1), self.now)
        answers = self.bmc.datagrams()
        took = time.thread_time() - begun
        assert len(answers) == 1, "it does not answer any more"
        return took


COMMANDS = byname.commands()
REQUEST_DATA = [row.request.encode() for row in ROWS]


@pytest.mark.battery(16, 30)
def test_a_virtual_bmc_lives_through_whatever_comes(record: Record) -> None:
    attacker, count = Attacker(61), scaled(short=6000, long=1_000_000)
    slowest = answering = 0.0
    asked = 0
    growth: Growth | None = None
    for number in range(count):
        slowest = max(slowest, attacker.strike())
        if number % 1000 == 999 and not attacker.switched_off:
            answering = max(answering, attacker.alive())
            asked += 1
        if attacker.session is None or attacker.switched_off or number % 20_000 == 19_999:
            attacker.renew()
        if growth is None and number >= count // 10:
            growth = Growth()
    assert growth is not None
    grown = growth.grown

    assert asked > 0.9 * count / 1000
    assert slowest <= LONGEST
    assert grown < 10, f"{grown:.1f} MB more"
    shown = f"0 uncontrolled of {count:,}, slowest {1000 * slowest:.1f} ms, {grown:+.1f} MB"
    record(16, "BMC session", shown)
    took = f"{1000 * answering:.1f} ms of processor time"
    record(
        30, f"{count:,} datagrams, software wire", f"alive, answers in {took}, {grown:+.1f} MB", held=answering <= 0.01
    )


@pytest.mark.battery(30)
@pytest.mark.alone
def test_a_flood_over_the_network_keeps_nobody_from_his_answers(record: Record) -> None:
    """Bursts of 16 over a socket, and after each the question of a console that logged in before."""
    count, times = scaled(short=1600, long=100_000), []
    chance = random.Random(62)
    with Farm() as farm, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        served = farm.open(profile(), passwords={"admin": PASSWORD, "viewer": PASSWORD})
        door.bind(("127.0.0.2", 0))
        with connect(served.url, password=PASSWORD, timeout=5) as ipmi:
            for _ in range(count // 16):
                for _ in range(16):
                    datagram = mutated(chance, chance.choice(SAID), chance.choice(SAID))
                    door.sendto(datagram, (served.host, served.port))
                begun = time.monotonic()
                assert ipmi.get_device_id().manufacturer == 1234
                times.append(time.monotonic() - begun)
            openings = ipmi.link.session.openings
    times.sort()
    late = times[int(0.999 * len(times))]
    assert openings == 1
    middle, slowest = times[len(times) // 2], times[-1]
    shown = f"median {1000 * middle:.1f} ms, 99.9 % within {1000 * late:.1f} ms, slowest {1000 * slowest:.1f} ms"
    record(30, f"{count:,} over UDP, an answer behind each 16", shown, held=late <= 0.01)
