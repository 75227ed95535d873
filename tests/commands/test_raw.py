"""A raw request follows the rules of the command that its numbers mean."""

from typing import Any

import pytest

from ipmi_lab.commands.bmc import GetDeviceId
from ipmi_lab.commands.command import BY_NAME, BY_NUMBER, RAW_READS, Done, Permission, Request
from ipmi_lab.commands.raw import Raw
from ipmi_lab.errors import CompletionError, LocalError

SET_USER_PASSWORD = (0x06, 0x47)


def test_it_cannot_be_changed_into_another_that_takes_a_permission() -> None:
    request: Any = Raw(0x06, 0x01)

    for name, value in (("netfn", 0x00), ("command", 0x02), ("data", b"\0"), ("plain", True)):
        with pytest.raises(AttributeError, match="not changed"):
            setattr(request, name, value)


def test_what_is_known_of_its_numbers_may_be_declared_later() -> None:
    assert Raw(0x06, 0x01).plain
    assert RAW_READS[0x06, 0x01].plain

    known = BY_NUMBER[0x06, 0x01, b""]
    try:

        class Other(Request[Done], netfn=0x06, command=0x01, needs="reset"):
            """Another meaning of these numbers."""

        assert (0x06, 0x01) not in RAW_READS
        assert Raw(0x06, 0x01).permission() == "reset"
        assert not RAW_READS
    finally:
        BY_NUMBER[0x06, 0x01, b""] = known
        del BY_NAME["other"]


def test_what_one_request_carries_may_set_it_apart_from_the_others_of_its_command() -> None:
    change = Raw(*SET_USER_PASSWORD, b"\x02\x02" + b"secret".ljust(16, b"\0"))
    check = Raw(*SET_USER_PASSWORD, b"\x02\x03" + b"secret".ljust(16, b"\0"))

    assert (change.permission(), check.permission()) == ("write", "")
    assert change.secret()


def test_one_that_cannot_be_taken_apart_is_still_what_its_numbers_say() -> None:
    assert Raw(*SET_USER_PASSWORD, b"\x02").permission() == "write"


def test_of_an_unknown_command_the_worst_is_assumed() -> None:
    unknown = Raw(0x2E, 0x77, b"\1\2\3")

    assert (unknown.permission(), unknown.repeatable(), unknown.secret()) == ("raw", False, False)


def test_its_answer_is_the_bytes_behind_the_code_or_the_codes_meaning() -> None:
    assert Raw(0x06, 0x01).answer(0, b"\x20\x01") == b"\x20\x01"
    with pytest.raises(CompletionError, match=r"Get Device Id \(0x06 0x01\)"):
        Raw(0x06, 0x01).answer(0xC1, b"")


def test_a_command_of_one_maker_is_not_taken_for_that_of_another() -> None:
    known = BY_NUMBER.get((0x2E, 0x77, b""))
    try:
        BY_NUMBER[0x2E, 0x77, b""] = GetDeviceId
        assert Raw(0x2E, 0x77, b"\1\2\3").permission() == "raw"
    finally:
        del BY_NUMBER[0x2E, 0x77, b""]
    assert known is None


def test_data_may_come_as_anything_of_bytes() -> None:
    for data in (b"\xdc\0", bytearray(b"\xdc\0"), memoryview(b"\xdc\0")):
        assert Raw(0x2C, 0x00, data).encode() == b"\xdc\0"  # type: ignore[arg-type]


@pytest.mark.parametrize("lun", [None, "", "1", 4, -1])
def test_a_lun_that_is_none_is_refused(lun: Any) -> None:
    with pytest.raises((TypeError, LocalError)):
        Raw(0x06, 0x01, lun=lun)


def test_what_a_subclass_adds_to_a_plain_read_makes_it_plain_no_more() -> None:
    class Guarded(GetDeviceId):
        def permission(self) -> Permission:
            return "power"

    class Same(GetDeviceId):
        pass

    class Lower(Guarded):
        pass

    assert (GetDeviceId.plain, Same.plain, Guarded.plain, Lower.plain) == (True, True, False, False)


def test_only_what_is_nothing_but_a_raw_read_is_used_again() -> None:
    class Own(Raw):
        """A raw request of somebody's own."""

    RAW_READS.clear()
    for request in (Own(0x06, 0x01), Raw(6.0, 0x01), Raw(0x06, True), Raw(0x06, 0x01, b"\1")):  # type: ignore[arg-type]
        assert request.plain
    assert not RAW_READS
    kept = Raw(0x06, 0x01)
    assert RAW_READS[0x06, 0x01] is kept
