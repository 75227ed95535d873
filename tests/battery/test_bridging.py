"""Questions through controllers on a bad network (row 40): Send Message's own answer or the controller's late, lost or
doubled. The long form asks 200 times a fault, and with three seeds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ipmi_lab.device.device import Device
from ipmi_lab.lab.open import Lab
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.faults import Relay
from ipmi_lab.virtual.profile import BridgingProfile, load
from tests.battery.conftest import Record
from tests.battery.length import LONG
from tests.interop.conftest import *  # noqa: F403  # its fixtures start ipmi_sim
from tests.interop.ours import PASSWORD
from tests.interop.peers import Target

pytestmark = [pytest.mark.interop, pytest.mark.battery(40)]
READS, SEEDS = (200, (1, 2, 3)) if LONG else (24, (1,))

FAULTS = [
    {"loss": 0.1},
    {"duplicate": 0.5},
    {"reorder": 0.5, "duplicate": 0.2},
    {"jitter": 0.4 if LONG else 0.1},
    {"loss": 0.1, "duplicate": 0.1, "reorder": 0.1, "jitter": 0.05},
]
Asks = list[tuple[Device[Blocking], int]]
Bad = Callable[..., tuple[Relay, Asks]]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def through(stack: ExitStack, target: Target, hops: list[str], folder: Path, seed: int) -> tuple[Relay, Asks]:
    """All controllers over one session through a relay, each with what it calls itself."""
    relay = stack.enter_context(Relay(target.host, target.port))
    relay.faults.set(seed=seed)
    inventory = folder / f"lab-{seed}.yaml"
    inventory.write_text(
        f"targets:\n  bmc: {{transport: 'lanplus://127.0.0.1:{relay.port}?cipher=3', credentials: "
        f"{{user: {target.user}, password: '{target.password}', allow_literal: true}}}}\n"
        + "".join(f"  c{number}: {{via: bmc, bridge: [{way}]}}\n" for number, way in enumerate(hops))
    )
    with pytest.warns(UserWarning, match="password"):
        lab = stack.enter_context(Lab(inventory))
    opened = [stack.enter_context(lab.open(f"c{number}")) for number in range(len(hops))]
    return relay, [(device, device.get_device_id().device_id) for device in opened]


def ask_in_turn(asks: Asks) -> None:
    """Each controller in turn: its answer must be its own."""
    for number in range(READS):
        device, itself = asks[number % len(asks)]
        assert device.get_device_id().device_id == itself


def virtual(stack: ExitStack, quirks: list[str], **bridging: str) -> tuple[Target, VirtualBmc]:
    farm = stack.enter_context(Farm())
    options = BridgingProfile(**bridging)  # type: ignore[arg-type]  # words that a test gives
    machine = load("atca-shelf").model_copy(update={"bridging": options, "quirks": quirks})
    served = farm.open(machine, passwords={"admin": PASSWORD})
    return Target("127.0.0.1", served.port, "admin", PASSWORD), served.bmc


SHELF = ["0x82@0", "0x84@0", "0x82@0, 0x72@7", "0x82@0, 0x76@7"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("faults", FAULTS, ids=lambda faults: "-".join(faults))
@pytest.mark.parametrize("bmc", ["ours", "ipmi_sim"])
def test_every_bridged_read_is_answered_by_its_own_controller(
    bmc: str,
    faults: dict[str, float],
    seed: int,
    stack: ExitStack,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record: Record,
) -> None:
    if bmc == "ours":
        target, hops = virtual(stack, [])[0], SHELF
    else:
        target, hops = request.getfixturevalue("ipmi_sim").target, ["0x30@0", "0x72@0"]
    relay, asks = through(stack, target, hops, tmp_path, seed)
    relay.faults.set(**faults)

    ask_in_turn(asks)

    relay.faults.clear()
    where = "our BMC" if bmc == "ours" else "ipmi_sim"
    record(40, f"{', '.join(faults)}, {where}, seed {seed}", f"{READS} right, 0 wrong")


HABITS = {
    "before": ([], {"answers": "before"}),
    "inside": ([], {"answers": "inside"}),
    "fetched from the queue": (["notracking"], {}),
}


@pytest.mark.parametrize("habit", HABITS)
def test_bmcs_of_other_habits_lose_nothing_either(habit: str, stack: ExitStack, tmp_path: Path, record: Record) -> None:
    quirks, bridging = HABITS[habit]
    relay, asks = through(stack, virtual(stack, quirks, **bridging)[0], SHELF, tmp_path, 5)
    relay.faults.set(loss=0.1)

    ask_in_turn(asks)

    relay.faults.clear()
    record(40, f"loss, answers {habit}, our BMC", f"{READS} right, 0 wrong")
