"""Whom a lab trusts: the machine that it means. Users, few slots, silent resets, and how programs end."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ipmi_lab.commands.chassis import Power
from ipmi_lab.commands.user import PasswordOperation
from ipmi_lab.errors import LocalError, NoSlot, NotAllowed, NotSent, OutcomeUnknown, SessionError
from ipmi_lab.lab.open import Lab, connect, connect_asyncio
from ipmi_lab.lab.run import Run
from ipmi_lab.report.load import load
from ipmi_lab.secret import Secret
from ipmi_lab.virtual.farm import Farm, Served
from ipmi_lab.virtual.profile import DeviceIdProfile, Profile, UserProfile

PASSWORD = "a password"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """What targets without a password of their own take."""
    monkeypatch.setenv("IPMI_LAB_PASSWORD", PASSWORD)


@pytest.fixture
def farm() -> Iterator[Farm]:
    with Farm() as farm:
        yield farm


def serve(farm: Farm, **machine: Any) -> Served:
    users = [UserProfile(user="admin"), UserProfile(user="viewer", privilege="user")]
    usual: dict[str, Any] = {"users": users, "suites": [1, 2, 3, 17], "authentications": ["md5"]}
    return farm.open(Profile(**usual | machine), passwords={"admin": PASSWORD, "viewer": PASSWORD})


def inventory(folder: Path, **targets: str) -> Path:
    file = folder / "lab.yaml"
    lines = [f"  {name}: {{{text}}}" for name, text in targets.items()]
    file.write_text("\n".join(["targets:", *lines]) + "\n")
    return file


def at(served: Served, more: str) -> str:
    return f"host: {served.host}, port: {served.port}, credentials: {{user: admin}}, allow: [power, write], {more}"


# ---------------------------------------------------------------------- the machine that is meant


def test_swapped_addresses_let_no_change_through(farm: Farm, tmp_path: Path) -> None:
    one = serve(farm, device_id=DeviceIdProfile(manufacturer=1, product=1))
    two = serve(farm, device_id=DeviceIdProfile(manufacturer=1, product=2))
    swapped = inventory(
        tmp_path,
        one=at(two, "expect: {device_id: {manufacturer: 1, product: 1}}"),
        two=at(one, "expect: {device_id: {manufacturer: 1, product: 2}}"),
    )
    refused = 0
    with Lab(swapped) as lab:
        for name in ("one", "two"):
            with lab.open(name) as ipmi:
                for _ in range(500):
                    with pytest.raises(NotAllowed, match=r"another machine answers .*product is \d, expected \d"):
                        ipmi.chassis.control(Power.OFF)
                    refused += 1
                assert ipmi.chassis.is_on()

    assert refused == 1000


@pytest.mark.parametrize("key", ["system_guid", "device_guid"])
def test_a_guid_pins_a_machine_too(key: str, farm: Farm, tmp_path: Path) -> None:
    served = serve(farm)
    right, wrong = "efcdab89-6745-2301-efcd-ab8967452301", "efcdab89-6745-2301-efcd-ab8967452302"
    path = inventory(
        tmp_path, right=at(served, f"expect: {{{key}: {right}}}"), wrong=at(served, f"expect: {{{key}: {wrong}}}")
    )
    with Lab(path) as lab:
        with lab.open("right") as ipmi:
            ipmi.chassis.control(Power.ON)
        with lab.open("wrong") as ipmi, pytest.raises(NotAllowed, match=r"GUID is .*01, expected .*02"):
            ipmi.chassis.control(Power.ON)


def test_the_machine_is_asked_once_a_session_and_again_in_the_next(farm: Farm, tmp_path: Path) -> None:
    served = serve(farm, device_id=DeviceIdProfile(product=1))
    run = Run("test")
    path = inventory(tmp_path, one=at(served, "expect: {device_id: {product: 1}}"))
    with Lab(path, observe=lambda target: run.observe(target.name)) as lab, lab.open("one") as ipmi:
        for _ in range(3):
            ipmi.chassis.control(Power.ON)
        assert run.trace_text().count("Get Device Id") == 1
        served.bmc.sessions.open.clear()
        served.bmc.profile.device_id.product = 2
        assert ipmi.chassis.is_on()
        with pytest.raises(NotAllowed, match="product is 2, expected 1"):
            ipmi.chassis.control(Power.ON)


def test_other_firmware_is_no_other_machine(farm: Farm, tmp_path: Path) -> None:
    served = serve(farm)
    path = inventory(tmp_path, one=at(served, 'expect: {device_id: {firmware: ">=2.9"}}'))
    with Lab(path) as lab, lab.open("one") as ipmi:
        ipmi.chassis.control(Power.ON)


def test_a_virtual_stand_in_is_not_held_against_the_real_machine(tmp_path: Path) -> None:
    path = inventory(tmp_path, one="host: bmc.example, allow: [power], expect: {device_id: {product: 1}}")
    with Lab(path, virtual="rack-server") as lab, lab.open("one") as ipmi:
        ipmi.chassis.control(Power.ON)


def test_a_user_is_looked_up_by_name_or_by_name_and_privilege(farm: Farm) -> None:
    served = serve(farm)
    how: dict[str, Any] = {"user": "viewer", "password": PASSWORD}

    with connect(served.url, privilege="user", name_only=False, **how) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"
    with pytest.raises(SessionError, match="another password"):  # there is no viewer with the limit callback
        connect(served.url, privilege="callback", name_only=False, **how).session.establish()
    with connect(served.url, privilege="callback", name_only=True, **how) as ipmi:
        assert ipmi.session.is_open


def test_less_safe_quirks_are_told_in_every_report(farm: Farm, tmp_path: Path) -> None:
    served = serve(farm, quirks=["nochecksumcheck"])
    path = inventory(tmp_path, one=at(served, "quirks: [nochecksumcheck, tagzero]"))
    run = Run("test", tmp_path / "report")
    with Lab(path) as lab:
        for quirks in ((), ("norqseq",), ("norqseq",)):
            with lab.open("one", quirks=quirks) as ipmi:
                run.identify(ipmi, lab.target("one"))
    run.finish()

    problems = [event.text for event in load([tmp_path / "report"]).problems]
    assert problems == [
        "one is used with the quirk nochecksumcheck: a damaged answer may be taken for a right one",
        "one is used with the quirk norqseq: a late answer may be taken for that of the next command",
    ]


# ---------------------------------------------------------------------- few slots, silent resets, the end


def test_where_slots_are_few_all_share_one_session(farm: Farm, tmp_path: Path) -> None:
    served = serve(farm, quirks=["fewslots"])
    path = inventory(tmp_path, plain=at(served, ""), few=at(served, "quirks: [fewslots]"))
    with Lab(path) as lab:
        with lab.open("plain"), pytest.raises(NoSlot, match="All session slots of the BMC are taken"):
            lab.open("plain").session.establish()
        first, second = lab.open("few"), lab.open("few")
        first.session.establish()
        second.session.establish()
        first.session.close()
        first.session.close()
        assert second.get_device_id().ipmi == "2.0"
        assert len(served.bmc.sessions.open) == 1
        second.session.close()
        assert not served.bmc.sessions.open


@pytest.mark.parametrize("scheme", ["lanplus", "lan"])
def test_a_slot_is_waited_for(scheme: str, farm: Farm) -> None:
    served = serve(farm, session_slots=1)
    url = served.url.replace("lanplus", scheme)
    first = connect(url, password=PASSWORD)
    first.session.establish()
    later = threading.Timer(0.3, first.session.close)
    later.start()

    with connect(url, password=PASSWORD, wait_for_slot=10) as ipmi:
        assert ipmi.get_device_id().ipmi == "2.0"
    later.join()


async def share(url: str) -> None:
    import asyncio

    async with asyncio.timeout(20):
        ipmi = connect_asyncio(url, password=PASSWORD, quirks=["fewslots"])
        await ipmi.session.establish()
        await ipmi.get_device_id()
        await ipmi.session.close()


def test_a_session_of_asyncio_is_held_and_left_like_any(farm: Farm) -> None:
    import asyncio

    served = serve(farm, quirks=["fewslots"])
    asyncio.run(share(served.url))
    assert not served.bmc.sessions.open


def test_a_reset_without_an_answer_is_settled_by_the_status_where_that_is_known(farm: Farm) -> None:
    served = serve(farm, quirks=["silentreset"])
    how: dict[str, Any] = {"password": PASSWORD, "timeout": 0.1, "retries": 1}
    with connect(served.url, **how) as ipmi, pytest.raises(OutcomeUnknown, match="The power is on now"):
        ipmi.chassis.control(Power.HARD_RESET)
    with connect(served.url, quirks=["silentreset"], **how) as ipmi:
        ipmi.chassis.control(Power.HARD_RESET)
        ipmi.chassis.control(Power.CYCLE)

    with connect(served.url, quirks=["silentreset"], budget=0.3, **how) as ipmi:
        served.faults.set(loss=1.0)
        with pytest.raises(OutcomeUnknown):
            ipmi.chassis.control(Power.CYCLE)


def test_a_program_that_ends_without_closing_gives_its_sessions_back(farm: Farm) -> None:
    served = serve(farm)
    program = (
        "import ipmi_lab, sys\n"
        f"ipmi = ipmi_lab.connect({served.url!r}, password={PASSWORD!r})\n"
        "ipmi.session.establish()\n"
        "print(ipmi.get_device_id().ipmi)\n"
        "sys.exit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stdout) == (3, "2.0\n"), done.stderr
    assert not served.bmc.sessions.open


def test_a_program_ends_soon_where_its_bmcs_are_gone() -> None:
    program = (
        "import ipmi_lab, time\n"
        "from ipmi_lab.virtual.farm import Farm\n"
        "farm = Farm()\n"
        "served = farm.open('rack-server')\n"
        "kept = [ipmi_lab.connect(served.url, password=served.password) for _ in range(16)]\n"
        "for ipmi in kept: ipmi.session.establish()\n"
        "served.faults.set(loss=1.0)\n"
        "print(time.monotonic())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert time.monotonic() - float(done.stdout) < 8


def test_a_quirk_that_nobody_knows_is_told() -> None:
    with pytest.raises(LocalError, match="Did you mean tagzero"):
        connect("lanplus://10.0.0.7", quirks=["tagzeroo"])


def test_a_dry_run_sends_reads_only_and_says_what_else_it_would_send(farm: Farm) -> None:
    served = serve(farm)
    with Lab(dry_run=True) as lab, lab.open(served.url) as ipmi:
        assert ipmi.chassis.is_on()
        with pytest.raises(NotSent, match=r"Chassis Control .*: a dry run holds back the data 00"):
            ipmi.chassis.control(Power.OFF)
        with pytest.raises(NotSent, match=r"Set User Password .* holds back the data 02 02 \*\* \*\*") as held:
            ipmi.set_user_password(2, PasswordOperation.SET_PASSWORD, Secret("hunter2"))
        assert b"hunter2".hex(" ") not in str(held.value)
        assert ipmi.chassis.is_on()
