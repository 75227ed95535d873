"""Inventories: what they say, and every mistake in them at once."""

import json
import os
from pathlib import Path

import pytest

from ipmi_lab.errors import InventoryError, LocalError
from ipmi_lab.inventory.loading import Inventory
from ipmi_lab.inventory.model import json_schema
from ipmi_lab.inventory.secrets import resolve
from ipmi_lab.inventory.select import select
from ipmi_lab.inventory.target import ExpectedDeviceId, I2cDevice, Target

FULL = """\
version: 1
lab: {name: board-lab-2, site: HEL, station: rack-07}
credentials:
  bench: {user: root, password: "env:IPMI_PASSWORD", kg: "env:IPMI_KG"}
defaults: {timeout: 1s, retries: 5, budget: 1 min 30 s, tags: [any]}
groups:
  base: {tags: [base], privilege: operator}
  openbmc: {groups: [base], tags: [openbmc], credentials: bench, quirks: [opensesspriv], cipher: 17}
targets:
  bmc1:
    groups: [openbmc]
    host: bmc1.lab.example
    tags: [gpu]
    caps: [power, i2c]
    allow: [power]
    privilege: administrator
    location: {rack: R07, unit: 12}
    i2c: {eeprom: {bus_type: private, bus_id: 1, address: 0x50}}
    expect: {device_id: {manufacturer: 49769, firmware: ">=2.9"}}
  old: {host: 10.0.0.9, transport: lan, port: 6230, protect: true, gentle: true}
  v6: {host: "::1", keep_alive: 500ms}
  sim: {transport: "virtual:rack-server"}
  url: {transport: "lanplus://root@10.0.0.8?cipher=3"}
"""


def load(tmp_path: Path, text: str) -> Inventory:
    path = tmp_path / "lab.yaml"
    path.write_text(text)
    return Inventory.load(path)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        load(tmp_path, text)
    return [line.removeprefix(str(tmp_path / "lab.yaml")) for line in str(caught.value).splitlines()]


def test_groups_and_defaults_are_worked_in(tmp_path: Path) -> None:
    inventory = load(tmp_path, FULL)
    target = inventory.targets["bmc1"]

    assert inventory.lab.station == "rack-07"
    assert str(target.address) == "lanplus://bmc1.lab.example"
    assert (target.user, target.password, target.kg) == ("root", "env:IPMI_PASSWORD", "env:IPMI_KG")
    assert target.tags == {"any", "base", "openbmc", "gpu"}
    assert (target.cipher, target.privilege.words, target.quirks) == (17, "administrator", {"opensesspriv"})
    assert (target.timing.timeout, target.timing.retries, target.timing.budget) == (1.0, 5, 90.0)
    assert target.i2c_device("eeprom") == I2cDevice("private", 1, 0, 0x50)
    assert target.expect_device_id == ExpectedDeviceId(manufacturer=49769, firmware=">=2.9")
    assert dict(target.location) == {"rack": "R07", "unit": 12}


def test_every_way_to_write_an_address_works(tmp_path: Path) -> None:
    targets = load(tmp_path, FULL).targets

    assert str(targets["old"].address) == "lan://10.0.0.9:6230"
    assert targets["old"].protect
    assert targets["old"].timing.spacing > 0
    assert str(targets["v6"].address) == "lanplus://[::1]"
    assert targets["v6"].keep_alive == 0.5
    assert str(targets["sim"].address) == "virtual:rack-server"
    assert (targets["url"].user, targets["url"].cipher) == ("root", 3)


def test_a_secret_never_shows_in_a_target(tmp_path: Path) -> None:
    text = "targets: {a: {host: h, credentials: {user: u, password: planted, allow_literal: true}}}"
    inventory = load(tmp_path, text)

    assert "planted" not in repr(inventory)
    assert inventory.warnings
    assert "planted" not in inventory.warnings[0]


TEN = """\
version: 1
labb: {name: x}
credentials:
  bench: {user: root, password: planted-secret}
groups:
  a: {groups: [b]}
  b: {groups: [a], quirks: [tagzeroo]}
targets:
  one: {hots: 10.0.0.1}
  two: {host: 10.0.0.2, transport: lanpluss}
  three: {host: h, port: 99999, timeout: soon}
  four: {host: h, groups: [openbnc], credentials: bensh}
  "fi ve": {host: h, cipher: 77, allow: [pwer]}
  two: {host: again}
"""


def test_ten_mistakes_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    told = mistakes(tmp_path, TEN)

    assert len(told) >= 10
    for place, words in {
        ":2:1: labb": "Did you mean lab",
        ":4:": "is no reference",
        ":7:": "quirk",
        ":9:9: targets.one.hots": "Did you mean host",
        ":11:20: targets.three.port": "",
        ":11:33: targets.three.timeout": "'soon' is no time",
        ":12:28: targets.four.groups.0": "there is no group 'openbnc'",
        ":12:38: targets.four.credentials": "Did you mean bench",
        ":13:3: targets.fi ve": "a name has letters",
        ":14:3: targets.two": "is written twice, first in line 10",
    }.items():
        assert any(line.startswith(place) and words in line for line in told), (place, told)
    assert "planted" not in "".join(told)


def test_names_that_nobody_wrote_are_told_with_an_offer(tmp_path: Path) -> None:
    told = mistakes(
        tmp_path,
        "credentials: {bench: {user: u}}\ngroups: {openbmc: {}, loop: {groups: [loop]}}\ntargets:\n"
        "  a: {host: h, groups: [openbnc]}\n  b: {host: h, credentials: bensh}\n  c: {}\n"
        "  d: {host: h, transport: lanpluss}\n  'e f': {host: h}\n  g: {host: h, transport: serial}\n",
    )

    assert any("there is no group 'openbnc'. Did you mean openbmc?" in line for line in told)
    assert any("there are no credentials 'bensh'. Did you mean bench?" in line for line in told)
    assert any("names no host" in line for line in told)
    assert any("'lanpluss' is no transport. Did you mean lanplus" in line for line in told)
    assert any("a line of serial is written as a whole URL" in line for line in told)
    assert any("a name has letters, digits" in line for line in told)
    assert any("builds on itself" in line for line in told)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "targets: [",
        "targets: \x00",
        "targets: &a {x: *a}",
        "targets:\n\t- x",
        "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
        "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]",
        "targets: {a: {host: !!python/object:os.system x}}",
        "{? [a]: b}",
        "targets: 5",
        "[" * 2000,
    ],
    ids=range(11),
)
def test_no_text_raises_anything_but_our_own_error(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"no-such\.yaml: cannot be read: No such file"):
        Inventory.load(tmp_path / "no-such.yaml")


def test_two_thousand_targets_are_read_in_a_moment(tmp_path: Path) -> None:
    lines = "".join(f"  bmc{n}: {{groups: [g], host: 10.0.{n // 250}.{n % 250 + 1}}}\n" for n in range(2000))

    assert len(load(tmp_path, f"groups: {{g: {{tags: [a]}}}}\ntargets:\n{lines}").targets) == 2000


def test_json_is_read_too_and_the_schema_knows_all_keys(tmp_path: Path) -> None:
    assert load(tmp_path, json.dumps({"targets": {"a": {"host": "h"}}})).targets["a"].address.host == "h"
    assert {"targets", "groups", "credentials", "defaults"} <= set(json_schema()["properties"])


# ---------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("expressions", "names"),
    [
        (["bmc1"], ["bmc1"]),
        (["openbmc and not gpu", "old"], ["old"]),
        (["any and (gpu or base)"], ["bmc1"]),
        (["not gpu"], ["old", "v6", "sim", "url"]),
        (["?6", "b*"], ["bmc1", "v6"]),
    ],
)
def test_targets_are_chosen_by_name_glob_and_tags(tmp_path: Path, expressions: list[str], names: list[str]) -> None:
    targets = load(tmp_path, FULL).targets
    if expressions == ["openbmc and not gpu", "old"]:
        with pytest.raises(LocalError, match="no target fits"):
            select(expressions, targets)
        expressions = expressions[1:]

    assert [target.name for target in select(expressions, targets)] == names


@pytest.mark.parametrize("expression", ["and", "a or", "(a", "a b", "not", ")", "x" * 2000, "nothing"])
def test_an_expression_that_means_nothing_is_our_own_error(tmp_path: Path, expression: str) -> None:
    with pytest.raises(LocalError):
        select([expression], load(tmp_path, FULL).targets)


def test_a_url_stands_for_itself() -> None:
    assert select(["lanplus://root@10.0.0.1"], {})[0].user == "root"


# ---------------------------------------------------------------------- secrets


def test_each_kind_of_reference_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_PASSWORD", "from env")
    file = tmp_path / "secret"
    file.write_text("from file\n")
    file.chmod(0o600)

    assert resolve("env:A_PASSWORD").reveal() == b"from env"
    assert resolve(f"file:{file}").reveal() == b"from file"
    assert resolve("cmd:printf 'from cmd\\nmore'").reveal() == b"from cmd"
    assert resolve("plain", allow_literal=True).reveal() == b"plain"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:NOT_SET_ANYWHERE", "the environment variable NOT_SET_ANYWHERE is not set. Set it"),
        ("file:/no/such/file", "cannot be read: No such file"),
        ("cmd:false", "ended with 1"),
        ("cmd:no-such-program-anywhere", "does not run"),
        ("cmd:'unclosed", "does not run"),
        ("cmd:", "does not run"),
        ("plain-secret", "its secret is no reference"),
        ("prompt:", "there is no terminal"),
    ],
)
def test_a_secret_that_is_not_to_be_had_says_why(reference: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115  # pytest puts the real one back

    with pytest.raises(LocalError) as caught:
        resolve(reference, about="bmc1")

    assert says in str(caught.value)
    assert str(caught.value).startswith("bmc1: ")
    assert "plain-secret" not in str(caught.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("x")
    file.chmod(0o644)

    with pytest.raises(LocalError, match=r"can be read by others\. Run: chmod 600"):
        resolve(f"file:{file}")


def test_the_bmc_of_this_machine_has_no_host(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text("targets:\n  own: {transport: open, bridge: [0x82@0]}\n  odd: {transport: open, host: h}\n")

    with pytest.raises(InventoryError) as caught:
        Inventory.load(file)
    assert str(caught.value).splitlines() == [
        f"{file}:3:26: targets.odd.host: means nothing for open, which is this machine's own BMC"
    ]


def test_a_url_says_quirks_and_the_look_up(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("targets: {one: {transport: 'lanplus://10.0.0.7?quirks=tagzeroo'}}")
    with pytest.raises(InventoryError, match=r"lab.yaml:1:.*Did you mean tagzero"):
        Inventory.load(tmp_path / "lab.yaml")
    target = Target.from_url("lanplus://admin@10.0.0.7?name_only=no&quirks=opensesspriv,tagzero")
    assert not target.name_only
    assert target.quirks == {"opensesspriv", "tagzero"}
    with pytest.raises(LocalError, match="Did you mean tagzero"):
        Target.from_url("lanplus://10.0.0.7?quirks=tagzeroo")
    with pytest.raises(LocalError, match="neither yes nor no"):
        Target.from_url("lanplus://10.0.0.7?name_only=perhaps")
