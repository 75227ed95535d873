"""Requests that carry a password or a key: which do, and that none shows it."""

from typing import Any

import pytest

from ipmi_lab.commands import byname
from ipmi_lab.commands.channel import SetChannelSecurityKeys
from ipmi_lab.commands.messaging import SendMessage
from ipmi_lab.commands.raw import Raw
from ipmi_lab.commands.user import GetAuthCode, SetUserPassword
from ipmi_lab.errors import LocalError
from ipmi_lab.packets import ipmb
from ipmi_lab.secret import Secret

WIRE = b"planted".ljust(16, b"\0")
INNER = ipmb.pack(0x82, 0x06 << 2, 0x20, 4, 0x47, b"\x02\x02" + WIRE)


@pytest.mark.parametrize(
    "request_",
    [
        Raw(0x06, 0x47, b"\x02\x02" + WIRE),
        Raw(0x06, 0x3F, b"\x04\x0e\x02" + WIRE),
        Raw(0x06, 0x34, b"\x40" + INNER),
        SendMessage(channel=0, message=INNER),
        GetAuthCode(algorithm=4, user_id=2, data=WIRE),
        GetAuthCode(algorithm="4", user_id=2, data=Secret("planted")),
        SetUserPassword(user_id=2, operation="set password", password="planted"),
        SetChannelSecurityKeys(operation="set", key="planted"),
    ],
)
def test_a_request_that_carries_a_secret_knows_it_and_does_not_show_it(request_: Any) -> None:
    assert request_.secret()
    assert b"planted" in request_.encode()
    assert type(request_).__name__ in repr(request_)
    assert "planted" not in repr(request_)


def test_a_request_that_carries_none_is_shown() -> None:
    assert "b'planted" in repr(GetAuthCode(algorithm=2, user_id=2, data=WIRE))
    assert r"data=b'\x02\x01'" in repr(Raw(0x06, 0x47, b"\x02\x01"))


def test_a_straight_password_is_a_secret_and_other_data_is_bytes() -> None:
    straight = byname.request("GetAuthCode", algorithm=4, user_id=2, data="planted")

    assert straight == GetAuthCode(algorithm=4, user_id=2, data=WIRE)
    assert byname.request("GetAuthCode", algorithm=2, user_id=2, data="00 " * 16).encode()[3:] == bytes(16)
    assert not GetAuthCode(kind="rmcp plus", algorithm=4, user_id=2, data=bytes(16)).secret()
    with pytest.raises(LocalError, match="GetAuthCode: data: 17 bytes are given, a straight password has at most 16"):
        GetAuthCode(algorithm=4, user_id=2, data=Secret("p" * 17))
    with pytest.raises(LocalError, match="is not bytes"):
        GetAuthCode(algorithm=2, user_id=2, data=Secret("planted"))
    with pytest.raises(LocalError, match="'user_id' is missing"):
        GetAuthCode(algorithm=4, data=Secret("planted"))


@pytest.mark.parametrize(
    ("name", "given", "hidden"),
    [
        ("SetUserPassword", {"user_id": 2, "password": "x"}, {"password"}),
        ("SetUserPassword", {"user_id": 2, "pasword": "x"}, set()),
        ("SetChannelSecurityKeys", {"key": "x"}, {"key"}),
        ("GetAuthCode", {"algorithm": "4", "data": "x"}, {"data"}),
        ("GetAuthCode", {"algorithm": "4", "kind": "rmcp plus", "data": "x"}, set()),
        ("GetAuthCode", {"algorithm": "four", "data": "x"}, set()),
        ("GetAuthCode", {"data": "x"}, set()),
        ("GetDeviceId", {}, set()),
    ],
)
def test_which_fields_carry_a_secret_is_known_before_they_are_read(
    name: str, given: dict[str, Any], hidden: set[str]
) -> None:
    assert byname.find(name).hidden(given) == hidden
    kept = byname.hide(byname.find(name), given)
    assert {key for key, value in kept.items() if isinstance(value, Secret)} == hidden
