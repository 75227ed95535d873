"""Known secrets are struck out of texts in whatever form they stand there."""

import base64

import pytest

from ipmi_lab.secret import Secret
from ipmi_lab.trace.hidden import Hidden

PASSWORD = 'Pl4nted "päss'
RAW = PASSWORD.encode()


@pytest.fixture
def hidden() -> Hidden:
    hidden = Hidden()
    hidden.add(Secret(PASSWORD))
    hidden.add(Secret("nineteen characters"))
    return hidden


@pytest.mark.parametrize(
    "text",
    [
        *(PASSWORD, repr(PASSWORD), repr(RAW), RAW.hex(), RAW.hex().upper(), RAW.hex(":"), RAW.hex(" "), RAW.hex("-")),
        *(" ".join(f"0x{byte:02X}" for byte in RAW), "".join(f"\\x{byte:02x}" for byte in RAW), str(list(RAW))),
        *(
            base64.b64encode(RAW).decode(),
            "Pl4nted%20%22p%C3%A4ss",
            PASSWORD.replace('"', '\\"'),
            RAW.ljust(16, b"\0").hex(" "),
        ),
    ],
)
def test_a_secret_is_struck_out_of_what_stands_around_it(text: str, hidden: Hidden) -> None:
    shown = hidden.strike(f"before {text} behind")

    assert "*" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" behind")
    assert not any(part in shown for part in ("Pl4n", "UGw0", "50 6c", "0x50", "506c", "108"))


def test_hex_is_struck_whatever_stands_behind_it() -> None:
    hidden = Hidden()
    hidden.add(Secret(b"\x29\xcf\x10\x79\xb0"))

    for text in ("29CF1079B0x", "0x29 0xCF 0x10 0x79 0xB0x41", r"\x29\xcf\x10\x79\xb0x0x", "29:cf:10:79:b0 41"):
        assert "****" in hidden.strike(text)


def test_of_many_secrets_the_longest_is_struck() -> None:
    hidden = Hidden()
    for number in range(300):
        hidden.add(Secret(f"word-{number}"))

    assert hidden.strike("word-29, word-299 and word-3000") == "****, **** and ****00"


def test_bytes_stay_countable(hidden: Hidden) -> None:
    assert hidden.strike(f"01 {RAW.hex(' ')} 02") == " ".join(["01", *["**"] * len(RAW), "02"])


def test_a_password_that_was_cut_for_the_wire_is_struck(hidden: Hidden) -> None:
    assert hidden.strike(b"nineteen charact".hex(" ")) == " ".join(["**"] * 16)


def test_what_is_too_short_or_none_is_left(hidden: Hidden) -> None:
    hidden.add(Secret("123"))

    assert hidden.strike("123 and 31 32 33") == "123 and 31 32 33"
    assert Hidden().strike("text") == "text"


def test_what_was_shown_before_a_secret_was_known_is_struck_afterwards(hidden: Hidden) -> None:
    assert hidden.strike("late-secret") == "late-secret"
    hidden.add(Secret("late-secret"))
    assert hidden.strike("late-secret") == "****"
