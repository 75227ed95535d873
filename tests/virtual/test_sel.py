"""The system event log of a virtual BMC."""

from ipmi_lab.commands.event import PlatformEvent
from ipmi_lab.commands.messaging import SetBmcGlobalEnables
from ipmi_lab.commands.sel import FIRST, LAST, AddSelEntry, GetSelEntry, GetSelInfo, ReserveSel
from ipmi_lab.virtual import sel
from ipmi_lab.wire.codes import Privilege
from tests.sessions.pair import Pair
from tests.virtual.test_machines import answer, code

EVENT = bytes.fromhex("0000 02 78563412 2000 04 01 10 01 575064")
WITHOUT_TIME = bytes.fromhex("0000 e0 0102030405060708090a0b0c0d")


def opened() -> Pair:
    pair = Pair().opened()
    pair.bmc.sel.clock = lambda: 0x5F000000
    return pair


def test_an_entry_gets_its_id_and_its_time() -> None:
    pair = opened()

    assert answer(pair, AddSelEntry(record=EVENT)).record_id == 1
    assert answer(pair, AddSelEntry(record=WITHOUT_TIME)).record_id == 2

    first = answer(pair, GetSelEntry(record_id=FIRST))
    assert (first.next_id, first.record.hex()) == (2, "0100020000005f200004011001575064")
    last = answer(pair, GetSelEntry(record_id=LAST))
    assert (last.next_id, last.record) == (LAST, b"\x02\0" + WITHOUT_TIME[2:])


def test_it_tells_how_full_it_is() -> None:
    pair = opened()
    assert answer(pair, GetSelInfo()).last_add == 0xFFFFFFFF
    answer(pair, AddSelEntry(record=EVENT))

    info = answer(pair, GetSelInfo())

    assert (info.entries, info.free, info.last_add) == (1, 999 * 16, 0x5F000000)
    assert not info.overflow


def test_an_empty_log_and_an_unknown_id_have_no_entry() -> None:
    pair = opened()
    assert code(pair, GetSelEntry()) == 0xCB
    assert code(pair, GetSelEntry(record_id=LAST)) == 0xCB
    answer(pair, AddSelEntry(record=EVENT))

    assert code(pair, GetSelEntry(record_id=7)) == 0xCB


def test_a_part_of_an_entry_takes_a_reservation_that_still_holds() -> None:
    pair = opened()
    answer(pair, AddSelEntry(record=EVENT))
    assert code(pair, GetSelEntry(offset=10, count=3)) == 0xC5
    held = answer(pair, ReserveSel()).reservation

    assert answer(pair, GetSelEntry(reservation=held, offset=10, count=3)).record == EVENT[10:13]
    assert code(pair, GetSelEntry(reservation=held, offset=16, count=1)) == 0xC9
    answer(pair, ReserveSel())
    assert code(pair, GetSelEntry(reservation=held, offset=10, count=3)) == 0xC5


def test_a_full_log_says_so_and_takes_no_more() -> None:
    pair = opened()
    for _ in range(sel.MOST_ENTRIES):
        pair.bmc.sel.log(EVENT)

    assert code(pair, AddSelEntry(record=EVENT)) == 0xC4
    assert answer(pair, GetSelInfo()).overflow
    assert answer(pair, GetSelInfo()).free == 0


def test_a_viewer_may_read_and_not_write() -> None:
    pair = Pair(user="viewer", privilege=Privilege.USER).opened()

    assert code(pair, AddSelEntry(record=EVENT)) == 0xD4
    assert code(pair, GetSelInfo()) == 0


def test_an_event_is_logged_where_logging_is_on() -> None:
    pair = opened()
    event = PlatformEvent(sensor_type=1, sensor_number=0x30, event_type=1, data=b"WZP")
    assert code(pair, event) == 0
    assert answer(pair, GetSelEntry()).record[10:] == b"\x01\x30\x01WZP"

    assert code(pair, SetBmcGlobalEnables(event_logging=False)) == 0
    assert code(pair, event) == 0
    assert answer(pair, GetSelInfo()).entries == 1


def test_a_request_that_comes_again_writes_once() -> None:
    """As from consoles that send again under the same request number, in a packet of their session's next number."""
    pair = opened()
    wrapping = pair.console._wrapping
    assert wrapping is not None
    assert code(pair, AddSelEntry(record=EVENT)) == 0
    session = next(iter(pair.bmc.sessions.open.values()))
    message = next(iter(session._answers))

    pair.bmc.receive(wrapping.wrap(message), session.address, pair.now)

    assert len(pair.bmc.datagrams()) == 1
    assert answer(pair, GetSelInfo()).entries == 1
