"""The run of this process: one, however many imports of the library with different arguments there are."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError
from robot.utils import Secret as RobotSecret

from ipmi_lab.lab.run import Run, new_run_id
from ipmi_lab.secret import Secret


class SharedRun:
    """A run, and the libraries that write into it: the first that enters a test says so, and the last that leaves."""

    def __init__(self, folder: Path | None, run_id: str, facts: dict[str, object]) -> None:
        self.run = Run("robot", folder, run_id, facts=facts)
        self.users = 0
        self._inside: Counter[str] = Counter()
        self._told: set[str] = set()
        for secret in _secret_variables():
            self.run.hidden.add(secret)

    def enter(self, scope: str, say: Callable[[], None]) -> None:
        """A library enters a suite or test."""
        self._inside[scope] += 1
        if self._inside[scope] == 1:
            say()

    def leave(self, scope: str, say: Callable[[], None]) -> None:
        """A library leaves it."""
        self._inside[scope] -= 1
        if self._inside[scope] <= 0:
            del self._inside[scope]
            say()

    def tell_failure_once(self, what: str, message: str, suite: str) -> None:
        """What failed beside the tests, such as the teardown of a suite, which fails tests that are long over."""
        if what not in self._told:
            self._told.add(what)
            self.run.test_ended(what, "failed", 0.0, message, suite=suite)


_open: dict[Path | None, SharedRun] = {}


def join(folder: Path | None, facts: dict[str, object]) -> SharedRun:
    """The run of this process with that folder for its report; all runs of a process have one id."""
    if folder not in _open:
        run_id = next((shared.run.run_id for shared in _open.values()), "") or new_run_id()
        _open[folder] = SharedRun(folder, run_id, facts)
    _open[folder].users += 1
    return _open[folder]


def part(shared: SharedRun) -> bool:
    """A library lets go of its run; whether it was the last."""
    shared.users -= 1
    if shared.users:
        return False
    _open.pop(shared.run.folder, None)
    return True


def _secret_variables() -> list[Secret]:
    """The values of Robot's variables of type Secret: whatever shows one of them must not."""
    try:
        variables = BuiltIn().get_variables(no_decoration=True)
    except RobotNotRunningError:
        return []
    return [Secret(value) for value in variables.values() if isinstance(value, RobotSecret)]
