"""What a file keeps of a virtual BMC from one run to the next."""

from pathlib import Path

import pytest

from ipmi_lab.commands.user import PasswordOperation
from ipmi_lab.errors import LocalError
from ipmi_lab.lab.open import connect
from ipmi_lab.secret import Secret
from ipmi_lab.virtual.bmc import VirtualBmc
from ipmi_lab.virtual.farm import Farm
from ipmi_lab.virtual.profile import Profile, load
from tests.sessions.pair import PASSWORD
from tests.virtual.test_reset import KEY, again, assert_dropped, assert_kept, changed
from tests.virtual.test_serial import Wire


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def machine(path: Path) -> Profile:
    return load("rack-server").model_copy(update={"state": path})


def test_what_lasts_outlives_the_run_and_the_rest_does_not(path: Path) -> None:
    pair = changed()
    pair.bmc.keep(path)
    pair.bmc.save()
    later = VirtualBmc(pair.bmc.profile, {"admin": PASSWORD, "viewer": PASSWORD})
    later.keep(path)
    console = again(later, 0.0)

    assert_kept(console)
    assert_dropped(console)
    assert (later.users.key, later.channels.key_locked) == (KEY.reveal(), True)


def test_the_file_holds_passwords_and_is_read_by_nobody_else(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0o644)
    bmc = VirtualBmc(machine(path), dict.fromkeys(("admin", "operator", "viewer"), PASSWORD))
    bmc.keep(path)
    bmc.save()

    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD.encode().hex() in path.read_text()
    assert list(path.parent.iterdir()) == [path]


def test_a_change_is_written_before_its_answer_comes_and_nothing_is_where_nothing_changed(path: Path) -> None:
    with Farm() as farm:
        served = farm.open(machine(path))
        with connect(served.url, password=served.password) as ipmi:
            ipmi.get_device_id()
            before = path.stat()
            ipmi.get_device_id()
            assert path.stat() == before
            ipmi.set_user_name(5, "bench")
            assert b"bench".hex() in path.read_text()


def test_passwords_are_those_of_the_run_before_unless_others_are_given(path: Path) -> None:
    with Farm() as farm:
        first = farm.open(machine(path))
        with connect(first.url, password=first.password) as ipmi:
            ipmi.set_user_password(2, PasswordOperation.SET_PASSWORD, Secret("changed"))
    with Farm() as farm:
        second = farm.open(machine(path))
        assert (second.password, second.passwords["viewer"]) == (Secret("changed"), first.passwords["viewer"])
        with connect(second.url, password="changed") as ipmi:
            assert ipmi.get_device_id().ipmi == "2.0"
        third = farm.open(machine(path), passwords={"admin": "given"})
        with connect(third.url, password="given") as ipmi:
            assert ipmi.get_device_id().ipmi == "2.0"
    with Farm() as farm:
        assert farm.open(machine(path)).password == Secret("given")


def test_terminal_mode_is_set_as_before_where_there_is_a_line_again(path: Path) -> None:
    wire = Wire("terminal")
    wire.bmc.keep(path)
    wire.text("[SYS SET TCFG -N 00 30]")
    wire.bmc.save()
    without = VirtualBmc(wire.bmc.profile, {"admin": PASSWORD, "viewer": PASSWORD})
    without.keep(path)
    without.users.key = KEY.reveal()
    without.save()
    later = Wire("terminal")
    later.bmc.keep(path)

    assert later.text("[SYS TMODE]") == "[OK TMODE]\r"
    assert later.bmc.users.key == KEY.reveal()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "state.json:2:1: not YAML"),
        ('{"Users": {"users": {}, "key": "no hex"}}', "state.json:1:"),
        ('{"Users": {"key": ""}}', "users: is missing"),
    ],
)
def test_a_file_that_is_no_state_is_named(text: str, says: str, path: Path) -> None:
    path.write_text(text)
    with Farm() as farm, pytest.raises(LocalError, match=says):
        farm.open(machine(path))


def test_a_folder_that_is_not_there_is_told(path: Path) -> None:
    with Farm() as farm, pytest.raises(LocalError, match="state of a virtual BMC cannot be written: No such file"):
        farm.open(machine(path / "deeper"))
