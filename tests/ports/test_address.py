"""The URL of a target."""

import pytest
from hypothesis import given, strategies

from ipmi_lab.errors import LocalError
from ipmi_lab.ports.address import Address, is_url


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("lanplus://admin@10.0.0.7", Address("lanplus", "10.0.0.7", 623, "admin")),
        ("lan://10.0.0.7:6230", Address("lan", "10.0.0.7", 6230)),
        ("auto://[::1]:9000", Address("auto", "::1", 9000)),
        ("lanplus://[fe80::1%eth0]", Address("lanplus", "fe80::1%eth0")),
        ("lanplus://[fe80::1%25eth0]", Address("lanplus", "fe80::1%eth0")),
        ("lanplus://a%40b@host", Address("lanplus", "host", 623, "a@b")),
        (
            "lanplus://u@h?cipher=3&privilege=user",
            Address("lanplus", "h", 623, "u", (("cipher", "3"), ("privilege", "user"))),
        ),
        ("virtual:rack-server", Address("virtual", "rack-server", 0)),
        ("open:///dev/ipmi0", Address("open", "/dev/ipmi0", 0)),
        ("open://", Address("open", "", 0)),
        ("open:///", Address("open", "", 0)),
        ("open:///dev/a%20b?bridge=0x82@0", Address("open", "/dev/a b", 0, None, (("bridge", "0x82@0"),))),
        (
            "serial:///dev/ttyS1?mode=terminal&baud=9600",
            Address("serial", "/dev/ttyS1", 0, None, (("mode", "terminal"), ("baud", "9600"))),
        ),
        ("serial://root@/dev/ttyS1?mode=basic", Address("serial", "/dev/ttyS1", 0, "root", (("mode", "basic"),))),
        ("rfc2217://[::1]:7001?mode=basic", Address("rfc2217", "::1", 7001, None, (("mode", "basic"),))),
    ],
)
def test_a_url_is_taken_apart(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "lanplus://admin@10.0.0.7",
        "auto://[::1]:9000",
        "virtual:legacy",
        "lan://h?privilege=user",
        "open://",
        "open:///dev/a%20b",
        *("lanplus://admin@10.0.0.7", "auto://[::1]:9000", "virtual:legacy", "lan://h?privilege=user"),
        *("serial://root@/dev/ttyS1?mode=basic&login=challenge", "socket://h:623?mode=terminal&careful=yes"),
    ],
)
def test_and_put_together_again(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lanpuls://h", "Did you mean lanplus"),
        ("10.0.0.7", "it has no scheme"),
        ("lanplus://", "no host is named"),
        ("lanplus://h:99999", "the port is not a number from 1 to 65535"),
        ("lanplus://admin@fe80::1", "stands in brackets. Write lanplus://[fe80::1]; a port stands behind them."),
        ("lanplus://::1", "stands in brackets"),
        ("serial-basic:///dev/ttyS1", "'serial-basic' is no scheme"),
        ("lanplus://h:0", "the port 0 cannot be reached"),
        ("lanplus://h/path", "'/path' behind the host means nothing here"),
        ("lanplus://h?cypher=3", "Did you mean cipher"),
        ("virtual:", "no profile is named"),
        ("open:/dev/ipmi0", "Write open:///dev/ipmi0, with three strokes"),
        ("open://dev/ipmi0", "it names no device of this machine"),
        ("open://admin@/dev/ipmi0", "where nobody logs in"),
        ("open:///dev/ipmi0?cipher=3", "'cipher' is no option of open"),
        ("lanplus://[::1", "is no address"),
        ("serial:///dev/ttyS1", "Write ?mode=basic or ?mode=terminal"),
        ("serial:///dev/ttyS1?mode=basci", "Write mode=basic or terminal"),
        ("serial:///dev/ttyS1?mode=basic&baud=fast", "Write baud=115200"),
        ("serial:///dev/ttyS1?mode=basic&login=text", "a matter of terminal mode"),
        ("serial://dev/ttyS1?mode=basic", "with three strokes"),
        ("socket://h?mode=basic", "no port is named"),
        ("virtual:rack-server?way=serial", "serial-basic or serial-terminal"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    with pytest.raises(LocalError) as caught:
        Address.parse(text)

    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["lan://h", "virtual:rack-server", "http://h", "serial-basic:///dev/ttyS1"])
def test_a_url_is_known_as_one_be_it_good_or_not(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize("text", ["server1", "rack:7", "server1 or lan://h", "(lan://h)", "server1 and not gpu"])
def test_names_and_expressions_are_none(text: str) -> None:
    assert not is_url(text)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(LocalError) as caught:
        Address.parse("lanplus://admin:planted@10.0.0.7")

    assert "a password stands in it" in str(caught.value)
    assert "planted" not in str(caught.value)


ZONES = strategies.from_regex(r"lan://\[fe80::1%[25a]{1,9}\]", fullmatch=True)
URLS = strategies.from_regex(r"(lan|lanplus|auto|open|virtual|serial|socket):[ -~]{0,40}", fullmatch=True)


@given(strategies.text(max_size=60) | URLS | ZONES)
def test_no_text_raises_anything_but_our_own_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except LocalError:
        return
    assert address.host or address.scheme == "open"
    assert Address.parse(str(address)) == address
