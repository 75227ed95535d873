"""Targets behind others: one session that several share, opened by the first and closed by the last."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ipmi_lab.errors import CompletionError, IpmiLabError, LocalError, NoAnswer, NotAllowed, SessionError
from ipmi_lab.inventory.loading import Inventory
from ipmi_lab.inventory.target import Target
from ipmi_lab.lab.open import Lab
from ipmi_lab.sessions.events import Closed, Exchanged, Opened
from ipmi_lab.virtual.bmc import VirtualBmc

SHELF = """\
targets:
  shelf: {transport: "virtual:atca-shelf"}
  carrier: {via: shelf, bridge: [0x82@0]}
  amc2: {via: carrier, bridge: [0x72@7], tags: [amc]}
  amc3: {via: shelf, bridge: [0x82@0, 0x76@7], allow: [write], caps: [i2c]}
  empty: {via: shelf, bridge: [0x82@0, 0x70@7]}
"""


@pytest.fixture
def heard() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def lab(tmp_path: Path, heard: list[tuple[str, Any]]) -> Iterator[Lab]:
    path = tmp_path / "lab.yaml"
    path.write_text(SHELF)

    def observe(target: Target) -> Any:
        return lambda event: heard.append((target.name, event))

    with Lab(path, observe=observe) as lab:
        yield lab


def shelf(lab: Lab) -> VirtualBmc:
    served = lab.virtual_bmc("shelf")
    assert served is not None
    return served.bmc


def sessions(lab: Lab) -> int:
    return len(shelf(lab).sessions.open)


def test_several_targets_share_one_session_until_the_last_goes(lab: Lab) -> None:
    amc2, amc3, carrier, front = (lab.open(name) for name in ("amc2", "amc3", "carrier", "shelf"))
    with amc3:
        assert amc3.get_device_id().device_id == 0x76
        with amc2, carrier, front:
            assert (amc2.get_device_id().device_id, carrier.get_device_id().device_id) == (0x72, 0x82)
            assert front.get_device_id().device_id == 0x20
            assert sessions(lab) == 1
        assert amc3.get_device_id().device_id == 0x76
        assert sessions(lab) == 1
    assert sessions(lab) == 0
    with amc2:
        assert sessions(lab) == 1


def test_another_login_is_another_session(lab: Lab) -> None:
    with lab.open("amc3") as amc3, lab.open("shelf", privilege="operator") as other:
        assert amc3.get_device_id().device_id == 0x76
        assert other.get_session_info().privilege == 3
        assert sessions(lab) == 2


def test_asyncio_shares_too(lab: Lab) -> None:
    async def ask(name: str, count: int) -> set[int]:
        async with lab.open_asyncio(name, in_flight=4) as ipmi:
            found = [(await ipmi.get_device_id()).device_id for _ in range(count)]
            assert sessions(lab) == 1
            return set(found)

    async def both() -> list[set[int]]:
        return await asyncio.gather(ask("amc2", 30), ask("amc3", 20), ask("shelf", 10), ask("carrier", 25))

    for _ in range(2):
        assert asyncio.run(both()) == [{0x72}, {0x76}, {0x20}, {0x82}]
        assert sessions(lab) == 0


def test_threads_share_a_blocking_session_with_its_keep_alive(lab: Lab) -> None:
    wrong: list[object] = []

    def work(name: str, device: int) -> None:
        with lab.open(name, keep_alive_interval=0.01) as ipmi:
            for _ in range(40):
                found = ipmi.get_device_id().device_id
                if found != device:
                    wrong.append(found)

    users = [threading.Thread(target=work, args=which) for which in (("amc2", 0x72), ("amc3", 0x76), ("shelf", 0x20))]
    for user in users:
        user.start()
    for user in users:
        user.join(30)

    assert wrong == []
    assert sessions(lab) == 0


def test_each_target_is_named_with_whom_it_is_reached_via(lab: Lab, heard: list[tuple[str, Any]]) -> None:
    with lab.open("amc2") as amc2:
        amc2.get_device_id()

    told = [(name, event) for name, event in heard if not isinstance(event, Exchanged)]
    assert [(name, type(event)) for name, event in told if name == "amc2"] == [("amc2", Opened), ("amc2", Closed)]
    how = next(event.how for name, event in told if name == "amc2" and isinstance(event, Opened))
    assert how.startswith("via shelf, 0x82@0, 0x72@7: IPMI 2.0")
    asked = [name for name, event in heard if isinstance(event, Exchanged) and event.purpose == "command"]
    assert asked == ["amc2"]
    assert {name for name, event in heard if isinstance(event, Exchanged) and event.purpose == "session"} == {"shelf"}


def test_permissions_are_those_of_the_target_and_not_of_the_way(lab: Lab) -> None:
    with lab.open("amc2") as amc2, lab.open("amc3") as amc3:
        with pytest.raises(NotAllowed, match=r"^amc2: "):
            amc2.i2c_write_read(1, 0, 0, 0x50, 0, b"\0\1")
        with pytest.raises(CompletionError, match=r"^amc3: "):
            amc3.i2c_write_read(1, 0, 0, 0x50, 0, b"\0\1")


def test_an_empty_slot_is_told_with_the_hop_and_what_to_try(lab: Lab) -> None:
    with lab.open("empty") as empty, pytest.raises(CompletionError) as caught:
        empty.raw(0x06, 0x01)

    assert str(caught.value).startswith(
        "empty: Get Device Id (0x06 0x01) by Send Message to 0x70@7: the BMC answered 0x83, nak on write. Nobody"
    )


def test_an_error_of_the_session_names_both(lab: Lab) -> None:
    with pytest.raises(SessionError, match=r"^amc2 via shelf: "):
        lab.open("amc2", password="wrong").session.establish()


def test_silence_names_the_hop_and_the_host(lab: Lab) -> None:
    with lab.open("amc3", budget=1.0) as amc3, lab.open("shelf", budget=1.0) as front:
        served = lab.virtual_bmc("shelf")
        assert served is not None
        served.faults.set(loss=1.0)
        with pytest.raises(NoAnswer, match=r"^amc3: .* no answer from 0x76@7 behind 127\.0\.0\.1 UDP port"):
            amc3.get_device_id()
        with pytest.raises(NoAnswer, match=r"^shelf: .* no answer from 127\.0\.0\.1 UDP port"):
            front.get_device_id()
        served.faults.clear()


def test_a_session_that_the_shelf_dropped_is_opened_anew_once_for_all(lab: Lab) -> None:
    with lab.open("amc2") as amc2, lab.open("amc3") as amc3:
        assert amc2.get_device_id().device_id == 0x72
        for session in list(shelf(lab).sessions.open.values()):
            shelf(lab).sessions.close(session)

        assert amc3.get_device_id().device_id == 0x76
        assert amc2.get_device_id().device_id == 0x72
        assert sessions(lab) == 1


def test_opening_twice_is_an_error_and_closing_twice_is_none(lab: Lab) -> None:
    amc3 = lab.open("amc3")
    with amc3:
        with pytest.raises(SessionError, match="open already"):
            amc3.session.establish()
        with lab.open("amc2"):
            amc3.session.close()
            amc3.session.close()
            assert sessions(lab) == 1
            with pytest.raises(SessionError, match="there is no session"):
                amc3.get_device_id()
    assert sessions(lab) == 0


def test_a_ping_before_the_session_leaves_nothing_open(lab: Lab) -> None:
    amc3 = lab.open("amc3")

    assert amc3.ping() < 5
    amc3.session.close()
    assert amc3.link.trunk._port is None  # type: ignore[attr-defined]  # of a branch


def test_a_target_may_be_put_behind_another_on_the_spot(lab: Lab) -> None:
    found = lab.behind("carrier", "0x76@7", "probe")

    assert (found.name, str(found.address)) == ("probe", "virtual:atca-shelf?bridge=0x82@0,0x76@7")
    with lab.open(found) as probe, lab.open("amc2"):
        assert probe.get_device_id().device_id == 0x76
        assert sessions(lab) == 1
    with pytest.raises(LocalError, match=r"has no target 'shelv'.*Did you mean shelf"):
        lab.behind("shelv", "0x82@0")


def test_a_virtual_bmc_stands_for_the_controller_itself(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(SHELF.replace("virtual:atca-shelf", "lanplus://admin@10.0.0.9"))
    with Lab(path, virtual="rack-server") as lab, lab.open("amc3") as amc3:
        assert amc3.get_device_id().firmware == "2.09"
    with Lab(path, virtual="atca-shelf") as lab, lab.open("amc3") as amc3:
        assert amc3.get_device_id().firmware == "0.76"


MISTAKES = """\
targets:
  shelf: {host: 10.0.0.9}
  a: {via: shelv, bridge: [0x82@0]}
  b: {via: c, bridge: [0x82@0]}
  c: {via: b, bridge: [0x82@0]}
  d: {via: shelf, bridge: [0x82@0], host: 10.0.0.8}
  e: {via: shelf}
  f:
    via: shelf
    bridge: [0x82@0]
    credentials: {user: u}
    cipher: 3
  g: {via: a, bridge: [0x84@0]}
"""


def test_every_mistake_about_via_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(MISTAKES)
    with pytest.raises(IpmiLabError) as caught:
        Inventory.load(path)

    told = [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]
    for place, words in {
        "3:7: targets.a.via": "there is no target 'shelv'. Did you mean shelf?",
        "4:7: targets.b.via": "leads back to itself: b via c via b",
        "5:7: targets.c.via": "leads back to itself: c via b via c",
        "6:37: targets.d.host": "stands beside via: the session is that of 'shelf'",
        "7:7: targets.e.via": "names no hop behind it; write bridge: [0x82@0]",
        "11:5: targets.f.credentials": "stands beside via",
        "12:5: targets.f.cipher": "stands beside via",
    }.items():
        assert any(line.startswith(place) and words in line for line in told), (place, told)
    assert len(told) == 7


def test_what_belongs_to_the_session_is_that_of_the_other(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(
        "credentials: {c: {user: u, password: 'env:P'}}\ngroups: {g: {tags: [lab], timeout: 9s}}\ntargets:\n"
        "  shelf: {host: 10.0.0.9, credentials: c, cipher: 3, protect: true, bridge: [0x20@0]}\n"
        "  amc: {via: shelf, bridge: [0x82@0], groups: [g]}\n"
    )
    amc = Inventory.load(path).targets["amc"]

    assert (amc.via, str(amc.address)) == ("shelf", "lanplus://10.0.0.9?bridge=0x20@0,0x82@0")
    assert (amc.user, amc.password, amc.cipher, amc.protect, amc.tags) == ("u", "env:P", 3, False, {"lab"})
    assert amc.timing.timeout == 2.0, "the session's, which is the shelf's"


def test_a_target_whose_observer_raises_is_not_left_open(lab: Lab) -> None:
    def full(event: Any) -> None:
        if isinstance(event, Opened):
            raise ZeroDivisionError

    amc2 = lab.open("amc2", observe=full)
    with pytest.raises(ZeroDivisionError):
        amc2.session.establish()

    assert not amc2.session.is_open
    assert sessions(lab) == 0
