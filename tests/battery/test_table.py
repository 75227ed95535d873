"""The table of the battery says what was measured, and no more."""

from pathlib import Path

from tests.battery.rows import ROWS
from tests.battery.table import Figure, keep, load, page, verdict

RIGHT = Figure(2, "2.0, ipmi_sim", "200 right, 6.1 s", True, "here")
LATE = Figure(2, "1.5, ipmi_sim", "200 right, 99.0 s", False, "here")
WRONG = Figure(3, "test_reads[2.0]", "failed (call)", False, "there", failed=True)


def test_a_row_without_figures_was_not_run() -> None:
    assert page([]).count("*not run*") == len(ROWS) + 1  # the words above the table explain it too


def test_a_missed_bound_and_a_failure_are_shown_as_such() -> None:
    shown = page([RIGHT, LATE, WRONG])

    assert "2.0, ipmi_sim: 200 right, 6.1 s<br>1.5, ipmi_sim: 200 right, 99.0 s (missed)" in shown
    assert "test_reads[2.0]: failed (call) (FAILED)" in shown
    assert "- rows 2: here\n- rows 3: there" in shown
    assert [verdict(some) for some in ([RIGHT], [RIGHT, LATE], [LATE, WRONG])] == [
        "**held**",
        "**MISSED**",
        "**FAILED**",
    ]


def test_many_figures_are_counted_by_their_outcome() -> None:
    shown = page([Figure(7, f"{n} back", "200 right, 0 wrong", True, "here") for n in range(60)])

    assert "60 × 200 right, 0 wrong" in shown


def test_fresh_figures_take_the_place_of_old_ones_and_a_test_that_passes_of_its_failure(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    keep([RIGHT, LATE, WRONG], path=path)
    better = Figure(2, "1.5, ipmi_sim", "200 right, 9.0 s", True, "here")

    keep([better], {(3, "test_reads[2.0]")}, path=path)

    assert load(path) == [better, RIGHT]


def test_every_row_has_its_place_in_the_order_of_the_numbers() -> None:
    numbers = [row.number for row in ROWS]
    assert numbers == sorted(set(numbers))


def test_what_no_test_shows_is_not_held() -> None:
    assert verdict([RIGHT], "there are no locks yet") == "held in part"
    assert verdict([RIGHT, LATE], "there are no locks yet") == "**MISSED**"
