"""Keys and passwords: in each form in which they are written, only where nobody reads along, and struck afterwards."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ipmi_lab.commands import byname
from ipmi_lab.commands.channel import KeyOperation, SetChannelSecurityKeys
from ipmi_lab.commands.user import PasswordOperation
from ipmi_lab.errors import CompletionError, LocalError, NotAllowed, SessionError
from ipmi_lab.lab.open import Lab, connect
from ipmi_lab.lab.run import Run
from ipmi_lab.packets import ipmb
from ipmi_lab.secret import Secret
from ipmi_lab.virtual.farm import Farm
from tests.lab.test_trust import PASSWORD, farm, inventory, password, serve

assert farm is not password  # the fixtures


@pytest.mark.parametrize(
    ("given", "key"),
    [("a text key", b"a text key"), ("0x00ff00ff", b"\0\xff\0\xff"), (b"\0\xff", b"\0\xff"), ("0X41", b"A")],
)
def test_a_bmc_key_is_text_or_hex(given: str | bytes, key: bytes, farm: Farm) -> None:
    served = serve(farm)
    served.bmc.users.key = key
    with connect(served.url, password=PASSWORD, kg=given) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"
    with pytest.raises(SessionError, match="K_g"):
        connect(served.url, password=PASSWORD).session.establish()


def test_a_bmc_key_comes_from_the_inventory_and_the_environment(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(farm)
    served.bmc.users.key = b"\x00\x01\x02"
    monkeypatch.setenv("BENCH_KG", "0x000102")
    monkeypatch.setenv("BENCH_PASSWORD", PASSWORD)
    path = inventory(
        tmp_path,
        one=f"host: {served.host}, port: {served.port}, "
        "credentials: {user: admin, password: 'env:BENCH_PASSWORD', kg: 'env:BENCH_KG'}",
    )
    with Lab(path) as lab, lab.open("one") as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"
    monkeypatch.setenv("IPMI_LAB_KG", "0x000102")
    with connect(served.url, password=PASSWORD) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("0xsecret", "begins with 0x and is no hex. Write 0x and an even"),
        ("0xaed", "begins with 0x and is no hex. Write 0x and an even"),
        ("secret".ljust(21, "x"), "has 21 bytes, at most 20 fit. Write a text, or 0x and up to 40 hex digits"),
        ("0x" + "aed0" * 11, "has 22 bytes, at most 20 fit"),
    ],
)
def test_a_key_that_is_none_is_told_without_showing_it_at_the_login_and_where_it_is_set(given: str, says: str) -> None:
    for tell in (
        lambda: connect("lanplus://admin@127.0.0.1", password=PASSWORD, kg=given),
        lambda: SetChannelSecurityKeys(operation="set", key=Secret(given)),
        lambda: byname.request("SetChannelSecurityKeys", operation="set", key=given),
    ):
        with pytest.raises(LocalError, match=says) as told:
            tell()
        assert not any(part in str(told.value) for part in ("secret", "aed"))


@pytest.mark.parametrize("given", ["a text key", "0x" + "ab" * 20, "0X00ff00ff", b"0x00"])
def test_a_key_is_set_as_it_is_written_for_the_login(given: Any, farm: Farm) -> None:
    served = serve(farm)
    with connect(served.url, password=PASSWORD) as ipmi:
        ipmi.set_channel_security_keys(KeyOperation.SET, given)
    with connect(served.url, password=PASSWORD, kg=given) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"


def test_the_key_of_single_links_is_written_alike() -> None:
    request = byname.request("SetChannelSecurityKeys", operation="set", key_id="k_r", key=Secret("0xff"))

    assert request.encode() == b"\x0e\x01\x00\xff" + bytes(19)


def test_an_empty_key_takes_nothing_back_by_accident(farm: Farm) -> None:
    served = serve(farm)
    served.bmc.users.key = b"there"
    with connect(served.url, password=PASSWORD, kg="there") as ipmi:
        with pytest.raises(LocalError, match=r"the key is empty\. To take a key back write 0x00"):
            ipmi.set_channel_security_keys(KeyOperation.SET, Secret(""))
        ipmi.set_channel_security_keys(KeyOperation.SET, Secret("0x00"))
    with connect(served.url, password=PASSWORD) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"


SET: dict[str, Callable[[Any], object]] = {
    "method": lambda ipmi: ipmi.set_user_password(2, "set password", Secret("planted-one")),
    "by name": lambda ipmi: ipmi.send_message_with_name(
        "SetUserPassword", user_id=2, operation="set password", password="planted-one"
    ),
    "raw": lambda ipmi: ipmi.raw(0x06, 0x47, b"\x02\x02" + b"planted-one".ljust(16, b"\0")),
    "test": lambda ipmi: ipmi.set_user_password(1, "test password", Secret("planted-one")),
    "inside": lambda ipmi: ipmi.send_message(
        0, ipmb.pack(0x20, 0x06 << 2, 0x81, 4, 0x47, b"\x02\x02" + b"planted-one".ljust(16, b"\0"))
    ),
    "key": lambda ipmi: ipmi.set_channel_security_keys("set", Secret("planted-one")),
    "straight": lambda ipmi: ipmi.get_auth_code(1, b"planted-one".ljust(16, b"\0"), algorithm=4),
}


@pytest.mark.parametrize("way", SET)
def test_a_password_or_key_that_was_set_is_struck_wherever_it_stands_afterwards(
    way: str, farm: Farm, tmp_path: Path
) -> None:
    served = serve(farm)
    run = Run("robot", tmp_path / "out")
    with Lab(observe=lambda target: run.observe(target.name), hide=run.hide, allow={"write", "raw"}) as lab:
        with lab.open(served.url, password=PASSWORD) as ipmi:
            with suppress(CompletionError):
                SET[way](ipmi)
            with suppress(CompletionError):
                ipmi.raw(0x2E, 0x47, b"\1\2\3planted-one")
        run.note("note planted-one")
    shown = run.trace_text()
    run.finish()
    kept = "".join(path.read_text() for path in (tmp_path / "out").iterdir())

    assert "note ****" in kept
    for text in (shown, kept):
        assert "0x2E 0x47" in text
        assert not any(part in text for part in ("planted", b"planted".hex(), b"planted".hex(" ")))


@pytest.mark.parametrize("way", [{"cipher": 2}, {"authentication": "md5"}], ids=["suite 2", "1.5"])
def test_a_password_is_not_set_where_everybody_can_read_it(way: dict[str, Any], farm: Farm) -> None:
    served = serve(farm)
    url = served.url if "cipher" in way else served.url.replace("lanplus", "lan")
    with connect(url, password=PASSWORD, **way) as ipmi:
        with pytest.raises(NotAllowed, match="the session is not encrypted"):
            ipmi.set_user_password(2, PasswordOperation.SET_PASSWORD, Secret("another"))
        with pytest.raises(NotAllowed, match="the session is not encrypted"):
            ipmi.raw(0x06, 0x47, b"\x02\x02" + bytes(16))
        with pytest.raises(NotAllowed, match="the session is not encrypted"):
            ipmi.send_message_with_name("SetChannelSecurityKeys", operation="read")
        with pytest.raises(NotAllowed, match="the session is not encrypted"):
            ipmi.get_auth_code(2, Secret(PASSWORD), algorithm=4)
        assert len(ipmi.get_auth_code(2, bytes(16))) == 16
        ipmi.set_user_password(3, PasswordOperation.DISABLE_USER)
    assert served.bmc.users.users[2].password == PASSWORD.encode()
    with connect(url, password=PASSWORD, plain_secrets=True, **way) as ipmi:
        ipmi.set_user_password(2, PasswordOperation.SET_PASSWORD, Secret("another"))
    assert served.bmc.users.users[2].password == b"another"
