"""Entries of the system event log are written once: not twice, and what was acknowledged is there (rows 11, 12)."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ipmi_lab.commands.sel import FIRST, LAST, AddSelEntry
from ipmi_lab.device.device import Device
from ipmi_lab.errors import CompletionError, OutcomeUnknown
from ipmi_lab.links.worlds import Blocking, run
from ipmi_lab.sessions.events import Exchanged, Observed
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.faults import Faults, Relay
from tests.battery.conftest import Record, Through, behind
from tests.battery.length import scaled
from tests.interop.ours import serve
from tests.interop.peers import Target

pytestmark = pytest.mark.interop


def entry(number: int) -> bytes:
    """An entry of the kind without time, which nobody else writes."""
    return b"\0\0\xe0battery" + number.to_bytes(4, "little") + b"\0\0"


def kept(ipmi: Device[Blocking]) -> Counter[int]:
    """How often each number stands in the log, read while nothing goes wrong."""
    found: Counter[int] = Counter()
    record_id = FIRST
    while record_id != LAST:
        try:
            read = ipmi.sel.get(record_id)
        except CompletionError:
            break
        if read.record[3:10] == b"battery":
            found[int.from_bytes(read.record[10:14], "little")] += 1
        record_id = read.next_id
    return found


@pytest.mark.battery(11)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_every_entry_is_written_once_on_a_lossy_network(
    version: str, bmc: Target, bmc_name: str, through: Through, record: Record
) -> None:
    unanswered = []

    def observe(event: Observed) -> None:
        if isinstance(event, Exchanged) and event.code is None and event.command == AddSelEntry.command:
            unanswered.append(event)

    ipmi, relay = through(bmc, version, observe=observe)
    before = kept(ipmi)
    base = 1 + max(before, default=0)
    relay.faults.set(loss=0.2, seed=41)
    acknowledged, unknown = set(), set()
    count = scaled(short=5, long=100)
    for number in range(base, base + count):
        try:
            ipmi.sel.add(entry(number))
            acknowledged.add(number)
        except OutcomeUnknown:
            unknown.add(number)
    relay.faults.clear()

    written = kept(ipmi) - before
    doubled = [number for number, times in written.items() if times > 1]
    lost = [number for number in acknowledged if not written[number]]
    assert doubled == []
    assert lost == []
    assert len(unanswered) > count / 10
    settled = "all settled" if not unknown else f"{len(unknown)} not settled"
    said = f"0 doubled, 0 lost of {count}; {len(unanswered)} had no answer, {settled} by reading back"
    record(11, f"{version}, {bmc_name}", said, held=not unknown)


class Doubled(Faults):
    """Some datagrams come twice, the second time at once or a little later, behind the next ones."""

    doubled = 0

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        yield 0.0, datagram
        if self.chance.random() < 0.1:
            self.doubled += 1
            yield self.chance.choice((0.0, 0.002, 0.02)), datagram


@pytest.mark.battery(12)
@pytest.mark.parametrize("version", ["2.0", "1.5"])
def test_requests_that_come_twice_write_once(version: str, record: Record) -> None:
    """The very same datagrams; and consoles that send a lost request again in a packet of its own number."""
    count = scaled(short=100, long=1000)
    with Farm() as farm:
        bmc = serve(farm)
        log = bmc.served.bmc.sel
        with Relay(bmc.target.host, bmc.target.port) as relay, behind(relay, bmc.target, version) as ipmi:
            relay.faults = Doubled(seed=42)
            for number in range(count):
                run(ipmi.link.send(AddSelEntry(record=entry(number % 900))))
                if len(log.entries) == 900:
                    assert Counter(log.entries.values()).most_common(1)[0][1] == 1
                    log.entries.clear()
            doubled = relay.faults.doubled
            relay.faults = relay.answers
            ipmi.sel.info()
        assert len(log.entries) == count % 900
        assert doubled > count / 20
    record(12, version, f"0 doubled of {count:,}, {doubled} requests came twice")
