"""Many commands, many sessions: nothing is confused, nothing is lost, memory stays flat (rows 26 to 28)."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.channel import GetChannelInfo
from ipmi_lab.commands.user import GetUserName
from ipmi_lab.lab.open import connect_asyncio
from ipmi_lab.sessions.events import Answered
from ipmi_lab.sessions.window import window15, window20
from ipmi_lab.sessions.wrapping import Lan20
from ipmi_lab.virtual.farm import Farm
from tests.battery.conftest import WAYS, Record
from tests.battery.length import scaled
from tests.battery.memory import Growth
from tests.battery.reads import ASKS, answers, reads
from tests.interop.conftest import StartIpmiSim
from tests.interop.ours import PASSWORD, opened, serve
from tests.interop.peers import Target
from tests.interop.servers import IpmiSim
from tests.sessions.pair import CONSOLE, Pair

pytestmark = pytest.mark.interop
QUICK = [ask for ask in ASKS if ask[:2] != (0x00, 0x01)]
"""Not the chassis: for its status ipmi_sim starts a program each time."""
PROGRAM = Path(__file__).parent / "programs" / "many_sessions.py"


@pytest.mark.battery(26)
@pytest.mark.alone
@pytest.mark.parametrize(("version", "most"), [("1.5", 7525), ("2.0", 1268)])
def test_one_session_is_fast_and_right(version: str, most: int, ipmi_sim: IpmiSim, record: Record) -> None:
    with opened(ipmi_sim.target, WAYS[version]) as ipmi:
        right = answers(ipmi, QUICK)
        tally = reads(ipmi, scaled(short=200, long=20_000), right)

    assert tally.clean, tally
    rate = tally.right / tally.seconds
    record(26, f"1 session, {version}, ipmi_sim", f"{rate:,.0f}/s, 0 wrong", held=rate >= most)


@pytest.mark.battery(26)
@pytest.mark.alone
def test_fifty_sessions_in_one_process_are_fast_and_right(start_ipmi_sim: StartIpmiSim, record: Record) -> None:
    """Ten at each of five BMCs: ipmi_sim gives a user no more."""
    each = scaled(short=2, long=10)
    targets = [start_ipmi_sim().target for _ in range(scaled(short=2, long=5))]
    wrong, rate = asyncio.run(_many(targets, each, scaled(short=40, long=400)))

    assert wrong == 0
    record(
        26,
        f"{each * len(targets)} sessions, 2.0, {len(targets)} ipmi_sim",
        f"{rate:,.0f}/s, 0 wrong",
        held=rate >= 4000,
    )


async def _many(targets: list[Target], each: int, count: int) -> tuple[int, float]:
    """How many answers were wrong, and commands a second through all sessions at once."""
    devices = [
        connect_asyncio(f"lanplus://{target.user}@{target.host}:{target.port}", password=target.password, cipher=3)
        for target in targets
        for _ in range(each)
    ]
    for ipmi in devices:
        await ipmi.session.establish()
    right = {ask: await devices[0].raw(*ask) for ask in QUICK}
    wrong = 0

    async def ask_all(number: int) -> None:
        nonlocal wrong
        for turn in range(count):
            ask = QUICK[(number + turn) % len(QUICK)]
            wrong += await devices[number].raw(*ask) != right[ask]

    begun = time.monotonic()
    await asyncio.gather(*map(ask_all, range(len(devices))))
    seconds = time.monotonic() - begun
    await asyncio.gather(*(ipmi.session.close() for ipmi in devices))
    return wrong, count * len(devices) / seconds


@pytest.fixture
def bmcs() -> Iterator[list[str]]:
    """URLs of virtual BMCs that lose five datagrams of a hundred, each way."""
    with Farm() as farm, ExitStack():
        urls = []
        for number in range(scaled(short=2, long=10)):
            bmc = serve(farm, session_slots=63)
            bmc.served.faults.set(loss=0.05, seed=number)
            urls.append(f"lanplus://admin@127.0.0.1:{bmc.target.port}")
        yield urls


@pytest.mark.battery(27)
@pytest.mark.alone
def test_five_hundred_sessions_in_one_process(bmcs: list[str], record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    each, count = scaled(short=10, long=50), scaled(short=8, long=40)
    monkeypatch.setenv("IPMI_LAB_PASSWORD", PASSWORD)
    command = [sys.executable, str(PROGRAM), str(each), str(count)]

    done = subprocess.run(command, input="\n".join(bmcs), capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    sessions = each * len(bmcs)
    assert (said["right"], said["wrong"]) == (sessions * count, 0)
    assert said["lost"] == 0
    shown = f"{said['right']:,} right, 0 wrong, 0 lost, {said['peak']:.0f} MB, {said['opening'] + said['asking']:.0f} s"
    record(27, f"{sessions} sessions, our BMC", shown, held=said["peak"] <= 150)


WRAP = 0xFFFFFF00


@pytest.mark.battery(28)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_a_million_commands_over_the_wraps_of_all_numbers(version: str, record: Record) -> None:
    """Session and BMC over a wire of software, their numbers close to where they begin anew; request numbers wrap every
    64 commands. Half a million for each version."""
    pair = Pair(version=version).opened()
    console, bmc = pair.console, pair.bmc
    console.observe = None
    ours = console._wrapping
    theirs = next(iter(bmc.sessions.open.values())).wrapping
    assert ours is not None
    fresh = window20 if isinstance(ours, Lan20) else window15
    ours.sequence = theirs.sequence = WRAP  # type: ignore[attr-defined]  # both kinds have it
    ours.window, theirs.window = fresh(WRAP - 1), fresh(WRAP - 1)  # type: ignore[attr-defined]
    requests = [GetDeviceId(), GetUserName(user_id=2), GetUserName(user_id=3), GetChannelInfo(channel=1)]
    right = [_ask(pair, request) for request in requests]
    assert len(set(right)) == len(right)
    count, wrong = scaled(short=2000, long=500_000), 0
    for number in range(count // 10):
        wrong += _ask(pair, requests[number % 4]) != right[number % 4]
    growth = Growth()

    for number in range(count // 10, count):
        wrong += _ask(pair, requests[number % 4]) != right[number % 4]

    grown = growth.grown
    assert wrong == 0
    assert 0 < ours.sequence < count + 100, "the numbers must have wrapped"  # type: ignore[attr-defined]
    assert grown < 5, f"{grown:.1f} MB more"
    record(28, version, f"{count:,} commands, 0 wrong, {grown:+.1f} MB")


def _ask(pair: Pair, request: object) -> bytes:
    """One command over the wire, without keeping what was said."""
    console, bmc = pair.console, pair.bmc
    console.request(request, pair.now)  # type: ignore[arg-type]  # of any answer
    for datagram in console.datagrams():
        bmc.receive(datagram, CONSOLE, pair.now)
    for _, answer in bmc.datagrams():
        for event in console.receive(answer, pair.now):
            if isinstance(event, Answered):
                pair.now += 0.001
                return bytes((event.code,)) + event.data
    raise AssertionError("no answer")
