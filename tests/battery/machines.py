"""Virtual BMCs that logins are tried at, and how an error is taken down."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from ipmi_lab.device.device import Device
from ipmi_lab.errors import IpmiLabError
from ipmi_lab.lab.open import connect
from ipmi_lab.links.worlds import Blocking
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.profile import Profile, UserProfile

PASSWORD = "a password"
SCHEMES = ["lanplus", "lan"]


def machine(**changes: Any) -> Profile:
    usual: dict[str, Any] = {
        "users": [UserProfile(user="admin"), UserProfile(user="viewer", privilege="user")],
        "suites": [3, 17],
        "authentications": ["md5"],
    }
    return Profile(**usual | changes)


def serve(farm: Farm, *, port: int = 0, **changes: Any) -> Served:
    return farm.open(machine(**changes), port=port, passwords={"admin": PASSWORD, "viewer": PASSWORD})


def at(port: int, scheme: str = "lanplus", **how: Any) -> Device[Blocking]:
    return connect(f"{scheme}://127.0.0.1:{port}", **{"user": "admin", "password": PASSWORD} | how)


def refusal(opens: Callable[[], object], seconds: float) -> str:
    """The text of the error that came within so many seconds."""
    begun = time.monotonic()
    with pytest.raises(IpmiLabError) as caught:
        opens()
    assert time.monotonic() - begun <= seconds
    assert caught.value.target, "no machine is named"
    assert caught.value.hint, "nothing to try is named"
    return str(caught.value)
