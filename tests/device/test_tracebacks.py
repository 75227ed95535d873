"""A traceback with its locals, as pytest shows it on demand, repeats no password that was given in plain."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ipmi_lab.errors import IpmiLabError
from ipmi_lab.lab.open import connect
from ipmi_lab.virtual.farm import Farm

PLAIN = "planted-one"
NOBODY = 63


@pytest.fixture(scope="module")
def ipmi() -> Iterator[Any]:
    with Farm() as farm:
        served = farm.open("rack-server")
        with connect(served.url, password=served.password) as ipmi:
            yield ipmi


def by_name(ipmi: Any, **fields: Any) -> None:
    ipmi.send_message_with_name("SetUserPassword", operation="set password", password=PLAIN, **fields)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda ipmi: by_name(ipmi, user_id=NOBODY), id="refused by the BMC"),
        pytest.param(lambda ipmi: by_name(ipmi, user_id=99), id="a number that does not fit"),
        pytest.param(lambda ipmi: by_name(ipmi, user=2), id="a field that is none"),
        pytest.param(
            lambda ipmi: ipmi.send_message_with_name("GetAuthCode", algorithm=4, user_id=2, data=PLAIN), id="compared"
        ),
        pytest.param(lambda ipmi: ipmi.raw(6, 0x47, b"\x3f\x02" + PLAIN.encode().ljust(16, b"\0")), id="raw"),
    ],
)
def test_below_the_first_of_our_frames_a_password_is_a_secret(call: Callable[[Any], None], ipmi: Any) -> None:
    with pytest.raises(IpmiLabError) as told:
        call(ipmi)

    ours = [entry for entry in told.traceback if "ipmi_lab" in entry.frame.f_globals.get("__name__", "")]
    assert len(ours) > 2
    for entry in ours[1:]:
        assert PLAIN not in repr(entry.frame.f_locals), entry
