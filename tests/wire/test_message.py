"""Declarations: how fields become bytes, and what is said of values that do not fit."""

from typing import Annotated

import pytest

from ipmi_lab.errors import LocalError, TooShort
from ipmi_lab.secret import Secret
from ipmi_lab.wire.codes import OpenEnum
from ipmi_lab.wire.fields import (
    U8,
    U16,
    U24,
    BigU16,
    BigU32,
    Bit,
    Bits,
    Bits3,
    Bits4,
    CountedBytes,
    Password,
    Rest,
    Text16,
)
from ipmi_lab.wire.message import Layout


class Colour(OpenEnum):
    RED = 1
    DARK_BLUE = 2


class Sample(Layout):
    number: U16
    flag: Bit
    _1: Bits3 = 5
    colour: Annotated[Colour, Bits(4)]
    wide: U24
    big: BigU16
    rest: Rest = b""


def sample(**changes: object) -> Sample:
    fields: dict[str, object] = {"number": 0x1234, "flag": True, "colour": 2, "wide": 0x010203, "big": 0x0A0B}
    return Sample(**fields | changes)  # type: ignore[arg-type]  # wrong values are what is tested


def test_fields_lie_where_the_declaration_says() -> None:
    assert sample(rest=b"\xff").encode().hex(" ") == "34 12 d2 03 02 01 0a 0b ff"


def test_bytes_become_the_fields_again() -> None:
    assert Sample.decode(bytes.fromhex("3412d20302010a0bff")) == sample(rest=b"\xff")


def test_an_unknown_number_becomes_a_member_that_says_it() -> None:
    colour = Sample.decode(bytes.fromhex("34128903020100000000")).colour

    assert colour == 9
    assert colour.name == "UNKNOWN_0x09"


def test_bytes_that_end_early_are_too_short_and_say_so() -> None:
    with pytest.raises(TooShort, match="Sample needs at least 8 bytes, 3 came"):
        Sample.decode(b"\x01\x02\x03")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"number": 65536}, "number: 65536 is outside 0 to 65535"),
        ({"colour": 16}, "colour: 16 is outside 0 to 15"),
        ({"colour": "dark bleu"}, "Did you mean dark blue"),
        ({"number": "twelve"}, "'twelve' is not a number"),
        ({"rest": "0x1 zz"}, "'zz' is not a byte in hex"),
        ({"nummer": 1}, "it has no field 'nummer'. Did you mean number"),
        ({"_1": 1}, "it has no field '_1'"),
    ],
)
def test_a_value_that_does_not_fit_is_named(changes: dict[str, object], says: str) -> None:
    with pytest.raises(LocalError) as caught:
        sample(**changes)

    assert says in str(caught.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(LocalError, match="the field 'flag' is missing"):
        Sample(number=1)  # type: ignore[call-arg]  # this is what is tested


def test_words_numbers_and_hex_text_are_taken() -> None:
    assert sample(number="0x1234", flag="on", colour="Dark Blue", rest="0xFF") == sample(rest=b"\xff")


def test_a_message_is_not_changed_after_it_was_made() -> None:
    with pytest.raises(AttributeError):
        sample().number = 5  # type: ignore[misc]  # this is what is tested


class Tail(Layout):
    first: U8
    second: U8 | None = None
    pair_a: Bits4 | None = None
    pair_b: Bits4 | None = None


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("01", (1, None, None, None)),
        ("0102", (1, 2, None, None)),
        ("0102ab", (1, 2, 10, 11)),
        ("0102abff", (1, 2, 10, 11)),
    ],
)
def test_what_old_bmcs_leave_out_is_none_and_what_they_add_is_ignored(data: str, fields: tuple[object, ...]) -> None:
    tail = Tail.decode(bytes.fromhex(data))

    assert (tail.first, tail.second, tail.pair_a, tail.pair_b) == fields
    assert tail.encode() == bytes.fromhex(data)[:3]


class HalfReserved(Layout):
    first: U8
    _1: Bits4 | None = None
    low: Bits4 | None = None


def test_an_optional_byte_may_begin_with_reserved_bits() -> None:
    assert HalfReserved(first=1, low=3).encode() == b"\x01\x03"
    assert HalfReserved(first=1).encode() == b"\x01"
    assert HalfReserved.decode(b"\x01\xf3") == HalfReserved(first=1, low=3)


class Counting(Layout):
    data: CountedBytes
    name16: Text16
    check: BigU32


def test_counted_and_padded_fields_go_both_ways() -> None:
    message = Counting(data=b"abc", name16="x", check=1)

    assert message.encode() == b"\x03abcx" + bytes(15) + b"\0\0\0\x01"
    assert Counting.decode(message.encode()) == message


@pytest.mark.parametrize("data", [b"\x05ab", b"", b"\x01a" + bytes(3)])
def test_a_counted_field_that_ends_early_is_too_short(data: bytes) -> None:
    with pytest.raises(TooShort):
        Counting.decode(data)


class Hidden(Layout):
    user: U8
    password: Password


def test_a_secret_never_shows_itself() -> None:
    message = Hidden(user=1, password=Secret("planted-secret"))

    assert "planted" not in repr(message) + str(message.describe()) + str(message.asdict())
    assert message.encode() == b"\x01planted-secret"


def test_bits_that_do_not_fill_their_byte_are_a_mistake_of_ours() -> None:
    class Wrong(Layout):
        some: Bits3
        more: U8

    with pytest.raises(TypeError, match="do not fill a byte"):
        Wrong.plan()
