"""Secrets are struck out of what was said, wherever in a message they are."""

import pytest

from ipmi_lab.trace.text import secrets, struck

SECRET = b"planted-secret\0\0"
SET_PASSWORD = bytes.fromhex("82 18 66 20 04 47 02 02") + SECRET + b"\0"


@pytest.mark.parametrize(
    ("command", "request_data", "response"),
    [
        pytest.param(0x47, b"\x02\x02" + SECRET, b"", id="Set User Password"),
        pytest.param(0x34, b"\x40" + SET_PASSWORD, b"", id="inside Send Message"),
        pytest.param(0x34, b"\x40\x07" + SET_PASSWORD, b"", id="inside Send Message behind a session handle"),
        pytest.param(
            0x34,
            b"\x40" + bytes.fromhex("82 18 66 20 04 34 40") + SET_PASSWORD + b"\0",
            b"",
            id="inside Send Message inside Send Message",
        ),
        pytest.param(0x33, b"", bytes.fromhex("47 1c c5 20 04 56 00 01") + SECRET, id="a key out of Get Message"),
        pytest.param(0x3A, b"\x04\x04" + SECRET + bytes(4), b"", id="Activate Session with a straight password"),
        pytest.param(0x3F, b"\x02\x0e\x02" + SECRET, SECRET, id="Get Auth Code"),
    ],
)
def test_a_secret_is_struck(command: int, request_data: bytes, response: bytes) -> None:
    shown = struck(0x06, command, request_data, response)

    assert b"planted".hex(" ") not in " ".join(shown)
    assert [len(text.split()) for text in shown] == [len(request_data), len(response)]


KEY = bytes(range(1, 21))


@pytest.mark.parametrize(
    ("command", "request_data", "response", "found"),
    [
        (0x47, b"\x02\x02" + SECRET, b"", [b"planted-secret"]),
        (0x47, b"\x82\x02" + KEY, b"", [KEY]),
        (0x47, b"\x02\x02short", b"", [b"short"]),
        (0x47, b"\x02\x01", b"", [b""]),
        (0x47, b"", b"", [b""]),
        (0x56, b"\x01\x01\x01" + KEY, b"\x02", [KEY, b""]),
        (0x56, b"\x01\x00\x01", b"\x02" + KEY, [b"", KEY]),
        (0x34, b"\x40" + SET_PASSWORD, b"", [b"planted-secret"]),
        (0x34, b"\x40" + bytes.fromhex("82 18 66 20 04 34 40") + SET_PASSWORD + b"\x77", b"", [b"planted-secret"]),
        (0x34, bytes.fromhex("40 82 18 66 20 04 47 02 02 31 32 33"), b"", []),
        (0x3F, b"\x04\x0e\x02" + SECRET, b"", [b"planted-secret"]),
        (0x3F, b"\x02\x0e\x02" + KEY[:16], KEY[:16], []),
        (0x01, b"", KEY, []),
    ],
)
def test_what_a_message_carries_is_found(
    command: int, request_data: bytes, response: bytes, found: list[bytes]
) -> None:
    assert [secret.reveal() for secret in secrets(0x06, command, request_data, response)] == found


def test_what_is_no_secret_is_shown() -> None:
    carried = bytes.fromhex("40 82 18 66 20 04 01 db")
    challenge = bytes.fromhex("02 04") + bytes(range(20))

    assert struck(0x06, 0x34, carried, b"") == (carried.hex(" "), "")
    assert struck(0x06, 0x3A, challenge, b"")[0] == challenge.hex(" ")
