"""Names and versions that software leaves with a virtual BMC."""

import pytest

from ipmi_lab.commands.systeminfo import (
    GetSystemInfo,
    SetSystemInfo,
    SystemInfoParameter,
    blocks_of,
    joined,
    split,
)
from ipmi_lab.errors import LocalError, RemoteError
from tests.sessions.pair import Pair
from tests.virtual.test_machines import answer, code

NAME, RUNNING, PROGRESS = (
    SystemInfoParameter.SYSTEM_NAME,
    SystemInfoParameter.OS_NAME,
    SystemInfoParameter.SET_IN_PROGRESS,
)


@pytest.mark.parametrize("text", ["", "bench", "x" * 14, "x" * 15, "x" * 255, "Prüfstand", "試験機"])
def test_a_text_goes_into_blocks_and_out_again(text: str) -> None:
    blocks = split(text)

    assert all(len(block) == 17 and block[0] == number for number, block in enumerate(blocks))
    assert blocks_of(blocks[0][1:]) == len(blocks)
    assert joined([block[1:] for block in blocks]) == text


def test_texts_that_do_not_fit_or_end_early_are_told() -> None:
    with pytest.raises(LocalError, match="at most 255 fit"):
        split("x" * 256)
    with pytest.raises(RemoteError, match="fewer came"):
        joined([b"\0\x20abc"])
    with pytest.raises(RemoteError):
        blocks_of(b"\0")


def test_only_one_writes_at_a_time() -> None:
    pair = Pair().opened()

    def progress(state: int) -> int:
        return code(pair, SetSystemInfo(parameter=PROGRESS, data=bytes((state,))))

    assert [progress(state) for state in (1, 1, 0, 1, 2, 1, 3)] == [0, 0x81, 0, 0, 0, 0, 0xCC]
    assert answer(pair, GetSystemInfo(parameter=PROGRESS)).data == b"\1"
    assert code(pair, SetSystemInfo(parameter=PROGRESS, data=b"")) == 0xC7


def test_a_cold_reset_forgets_what_runs_and_keeps_the_name() -> None:
    pair = Pair().opened()
    for parameter in (NAME, RUNNING):
        for block in split("a text that takes two blocks"):
            assert code(pair, SetSystemInfo(parameter=parameter, data=block)) == 0
    pair.bmc.reset()
    fresh = Pair()
    fresh.bmc = pair.bmc
    fresh.opened()

    assert answer(fresh, GetSystemInfo(parameter=NAME, set_selector=1)).data == split("a text that takes two blocks")[1]
    assert answer(fresh, GetSystemInfo(parameter=RUNNING)).data == bytes(17)


@pytest.mark.parametrize(
    ("ask", "wanted"),
    [
        (GetSystemInfo(parameter=0xC0), 0x80),
        (GetSystemInfo(parameter=9), 0x80),
        (GetSystemInfo(parameter=NAME, set_selector=17), 0xC9),
        (GetSystemInfo(parameter=NAME, block_selector=1), 0xC9),
        (SetSystemInfo(parameter=0xC0, data=b"\0\0"), 0x80),
        (SetSystemInfo(parameter=NAME, data=b"\0"), 0xC7),
        (SetSystemInfo(parameter=NAME, data=bytes(18)), 0xC7),
        (SetSystemInfo(parameter=NAME, data=b"\x11\0"), 0xC9),
    ],
    ids=str,
)
def test_what_makes_no_sense_gets_its_code(ask: GetSystemInfo | SetSystemInfo, wanted: int) -> None:
    assert code(Pair().opened(), ask) == wanted


def test_the_revision_alone_can_be_asked_for() -> None:
    found = answer(Pair().opened(), GetSystemInfo(parameter=NAME, revision_only=True))

    assert (found.revision, found.data) == (0x11, b"")
