"""Methods of a device take words, as requests by name do; a wrong one is told in a sentence of ours."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ipmi_lab.device.device import Device
from ipmi_lab.errors import LocalError
from ipmi_lab.lab.open import Lab, connect, connect_asyncio
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.faults import Faults, Relay

Call = Callable[[Any], object]


@pytest.fixture
def served() -> Iterator[Served]:
    with Farm() as farm:
        yield farm.open("rack-server")


@pytest.fixture
def ipmi(served: Served) -> Iterator[Any]:
    with connect(served.url, password=served.password) as ipmi:
        yield ipmi


@pytest.mark.parametrize(
    ("call", "gives"),
    [
        (lambda ipmi: ipmi.i2c_write_read("private", 1, 0, 0x50, 2, b"\0"), b"BO"),
        (lambda ipmi: ipmi.i2c_write_read(1, 1, 0, 0x50, 2, "00"), b"BO"),
        (lambda ipmi: ipmi.i2c_scan("private", 1), [0x48, 0x50]),
        (lambda ipmi: ipmi.set_session_privilege_level("operator"), 3),
        (lambda ipmi: ipmi.set_session_privilege_level(3), 3),
        (lambda ipmi: ipmi.get_channel_authentication_capabilities(priv_lvl="administrator").ipmi20, True),
        (lambda ipmi: ipmi.chassis.control("on"), None),
        (lambda ipmi: ipmi.chassis.wait_until("on", timeout=0.0) < 5, True),
        (lambda ipmi: ipmi.raw(6, 0x42, "0e")[0], 1),
        (lambda ipmi: ipmi.raw(6, 0x42, [0x0E])[0], 1),
    ],
)
def test_a_word_is_as_good_as_its_number(call: Call, gives: object, ipmi: Any) -> None:
    assert call(ipmi) == gives


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda ipmi: ipmi.i2c_write_read("privat", 1, 0, 0x50, 2, b"\0"), "MasterWriteRead: .*Did you mean private"),
        (lambda ipmi: ipmi.i2c_scan("pubic", 1), "MasterWriteRead: .*Did you mean public"),
        (lambda ipmi: ipmi.set_session_privilege_level("usr"), "SetSessionPrivilegeLevel: .*Did you mean user"),
        (
            lambda ipmi: ipmi.get_channel_authentication_capabilities(priv_lvl="adminstrator"),
            "Did you mean administrator",
        ),
        (lambda ipmi: ipmi.activate_session(bytes(16), 7, privilege="usr"), "ActivateSession: .*Did you mean user"),
        (lambda ipmi: ipmi.get_session_info(session_handle="one"), "a session handle has one byte"),
        (lambda ipmi: ipmi.chassis.wait_until("onn", timeout=0.0), "'onn' is neither yes nor no"),
        (lambda ipmi: ipmi.raw(6, 1, "zz"), "'zz' is not a byte in hex"),
        (lambda ipmi: ipmi.raw(6, 1, 5), "5 is not bytes"),
        (lambda ipmi: ipmi.raw("six", 1), "'six' is no number"),
        (lambda ipmi: ipmi.raw(6, 1, lun="0"), "'0' is no number"),
        (lambda ipmi: ipmi.exchange(6, 1, None), "None is not bytes"),
    ],
)
def test_a_word_that_means_nothing_is_told(call: Call, says: str, ipmi: Any) -> None:
    with pytest.raises(LocalError, match=says):
        call(ipmi)


class LosesOne(Faults):
    """Loses the next answer."""

    armed = True

    def carry(self, datagram: bytes) -> Iterator[tuple[float, bytes]]:
        if not self.armed:
            yield 0.0, datagram
        self.armed = False


@pytest.mark.parametrize("action", ["on", "off"])
def test_a_switch_by_word_is_settled_by_the_status_like_one_by_number(action: str, served: Served) -> None:
    with Relay(served.host, served.port) as relay:
        url = f"lanplus://admin@127.0.0.1:{relay.port}"
        with connect(url, password=served.password, timeout=0.02, retries=0) as known:
            ipmi: Any = known
            relay.answers = LosesOne()
            ipmi.chassis.control(action)
            assert ipmi.chassis.wait_until(action, interval=0.01) < 60


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("pasword", "a session is not opened with 'pasword'. Did you mean password"),
        ("privlege", "Did you mean privilege"),
        ("transport", r"Known are: authentication, .* quirks, .*user"),
    ],
)
def test_a_word_with_which_no_session_is_opened_is_told(word: str, says: str) -> None:
    url, how = "lanplus://admin@127.0.0.1", {word: "x"}

    async def inside() -> Device[Any]:
        return connect_asyncio(url, **how)

    for opens in (lambda: connect(url, **how), lambda: asyncio.run(inside()), lambda: Lab().open(url, **how)):
        with pytest.raises(LocalError, match=says) as told:
            opens()
        assert told.value.target == url
