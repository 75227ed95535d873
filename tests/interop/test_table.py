"""The page of who speaks with whom, and what happens where a peer is missing."""

import pytest

from tests.interop.conftest import present
from tests.interop.peers import program
from tests.interop.table import GAP, PAGE, Crossing, markdown


def test_a_page_has_a_table_for_each_server_and_numbers_its_reasons() -> None:
    page = markdown(
        [
            Crossing("ipmitool 1", "sim", "1.5 md5"),
            Crossing("ipmitool 1", "sim", "1.5 md2", "It has no MD2.", "ipmitool"),
            Crossing("FreeIPMI 2", "sim", "1.5 md2"),
            Crossing("ipmitool 1", "other", "1.5 md2", "It has no MD2.", "ipmitool"),
        ]
    )

    assert page.index("## other") < page.index("## sim") < page.index("## Why not")
    assert "|         | FreeIPMI 2   | ipmitool 1   |" in page
    assert "| 1.5 md2 | yes          | 1            |" in page
    assert "| 1.5 md5 | –            | yes          |" in page
    assert page.count("|         | FreeIPMI 2   | ipmitool 1   |") == 2  # who was not there has a column of gaps
    assert page.count("It has no MD2.") == 1
    assert "1. It has no MD2. Fault: ipmitool." in page


def test_what_fails_plainly_fails_in_its_variations() -> None:
    page = markdown(
        [
            Crossing("a", "sim", "1.5 md5", "It cannot.", "a"),
            Crossing("b", "sim", "1.5 md5, two hops"),
            Crossing("b", "sim", "1.5 md5 over IPv6"),
            Crossing("b", "sim", "1.5 none, one hop"),
        ]
    )

    assert "| 1.5 md5, two hops | 1   | yes |" in page
    assert "| 1.5 md5 over IPv6 | 1   | yes |" in page
    assert "| 1.5 none, one hop | –   | yes |" in page
    assert "| 1.5 md5           | 1   | –   |" in page


def test_every_cell_of_the_page_has_a_test() -> None:
    cells = [cell.strip() for line in PAGE.read_text().splitlines() if line.startswith("|") for cell in line.split("|")]

    assert GAP not in cells
    assert "yes" in cells


def test_kinds_are_in_the_order_of_their_numbers() -> None:
    page = markdown(Crossing("ipmitool 1", "sim", f"2.0 suite {suite}") for suite in (11, 2, 3))

    assert page.index("suite 2 ") < page.index("suite 3 ") < page.index("suite 11 ")


def test_a_missing_peer_skips_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IPMI_LAB_REQUIRE_PEERS", raising=False)

    with pytest.raises(pytest.skip.Exception, match=r"no-such-tool is not installed \(Debian's package tools\)"):
        present(lambda: program("no-such-tool", "tools"))


def test_a_missing_peer_fails_where_peers_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPMI_LAB_REQUIRE_PEERS", "1")

    with pytest.raises(pytest.fail.Exception, match="no-such-tool is not installed"):
        present(lambda: program("no-such-tool", "tools"))
