"""Entries of the system event log are written once, whatever the network does."""

from collections.abc import Callable, Iterator

import pytest

from ipmi_lab.commands.sel import LAST
from ipmi_lab.device.device import Device
from ipmi_lab.errors import CompletionError, LocalError, OutcomeUnknown
from ipmi_lab.lab.open import connect
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.faults import Faults, Relay

RECORD = bytes.fromhex("0000 02 00000000 4100 04 01 30 01 575a50")
OTHER = bytes.fromhex("0000 e0 0102030405060708090a0b0c0d")


class LosesNext(Faults):
    """Loses so many datagrams, and no more."""

    count = 0

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        if self.count:
            self.count -= 1
        else:
            yield 0.0, datagram


class Bench:
    """A virtual BMC behind a relay that loses just what a test wants, and a patient console."""

    def __init__(self, served: Served, relay: Relay, ipmi: Device[Blocking]) -> None:
        self.served, self.relay, self.ipmi = served, relay, ipmi
        self.requests, self.answers = LosesNext(), LosesNext()
        relay.faults, relay.answers = self.requests, self.answers

    @property
    def written(self) -> list[bytes]:
        return [entry[2:3] + entry[7:] for entry in self.served.bmc.sel.entries.values()]


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Farm() as farm:
        served = farm.open("rack-server")
        with Relay(served.host, served.port) as relay:
            url = f"lanplus://admin@127.0.0.1:{relay.port}"
            with connect(url, password=served.password, timeout=0.02, retries=2) as ipmi:
                yield Bench(served, relay, ipmi)


def test_entries_are_written_and_read(bench: Bench) -> None:
    sel = bench.ipmi.sel
    assert sel.info().entries == 0
    with pytest.raises(CompletionError, match="0xCB"):
        sel.get()

    assert [sel.add(RECORD), sel.add(OTHER)] == [1, 2]

    assert sel.get().next_id == 2
    assert (sel.get(LAST).record, sel.get(LAST).next_id) == (b"\x02\0" + OTHER[2:], LAST)
    assert sel.reserve() != sel.reserve()


def after_the_look(bench: Bench, do: Callable[[], None]) -> None:
    """Do something between the look at the last entry and the writing."""
    inside = bench.ipmi.sel.view()
    real = inside._last  # type: ignore[attr-defined]

    async def last() -> int | None:
        found: int | None = await real()
        do()
        return found

    inside._last = last  # type: ignore[attr-defined]


@pytest.mark.parametrize("already", [0, 1, 3])
def test_an_entry_whose_answer_was_lost_is_found_and_not_written_again(bench: Bench, already: int) -> None:
    for _ in range(already):
        bench.served.bmc.sel.log(RECORD)  # equal ones that were there before do not count
    after_the_look(bench, lambda: setattr(bench.answers, "count", 1))

    assert bench.ipmi.sel.add(RECORD) == already + 1

    assert bench.answers.count == 0
    assert len(bench.written) == already + 1


def test_an_entry_in_hex_is_found_too(bench: Bench) -> None:
    after_the_look(bench, lambda: setattr(bench.answers, "count", 1))

    assert bench.ipmi.sel.add(RECORD.hex(" ")) == 1  # type: ignore[arg-type]

    assert len(bench.written) == 1


def test_an_entry_that_never_arrived_is_written_again(bench: Bench) -> None:
    after_the_look(bench, lambda: setattr(bench.requests, "count", 1))

    assert bench.ipmi.sel.add(OTHER) == 1

    assert bench.requests.count == 0
    assert len(bench.written) == 1


class LosesWrites(Faults):
    """Loses what is as long as a write; reads are shorter."""

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        if len(datagram) < 84:
            yield 0.0, datagram


def test_where_nothing_settles_it_nobody_claims_to_know(bench: Bench) -> None:
    bench.relay.faults = LosesWrites()

    with pytest.raises(OutcomeUnknown, match="it may have been done or not"):
        bench.ipmi.sel.add(OTHER)

    assert bench.written == []
    assert bench.ipmi.sel.info().entries == 0


def test_an_entry_has_16_bytes(bench: Bench) -> None:
    with pytest.raises(LocalError, match="exactly 16"):
        bench.ipmi.sel.add(b"short")
