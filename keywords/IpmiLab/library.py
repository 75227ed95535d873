"""The Robot Framework library ``IpmiLab``: all keywords, and what happens when tests and suites end."""

from datetime import timedelta
from typing import Any, ClassVar

from robot.api import logger
from robot.running.context import EXECUTION_CONTEXTS
from robot.running.signalhandler import STOP_SIGNAL_MONITOR
from robotlibcore import DynamicCore

from ipmi_lab.signals import end_well
from ipmi_lab.wire.codes import OpenEnum
from IpmiLab.access import AccessKeywords
from IpmiLab.bmc import BmcKeywords
from IpmiLab.boot import BootKeywords
from IpmiLab.command import CommandKeywords
from IpmiLab.context import Context, Settings
from IpmiLab.i2c import I2cKeywords
from IpmiLab.messaging import MADE, MessagingKeywords, by_any_name
from IpmiLab.presence import PresenceKeywords
from IpmiLab.report import ReportKeywords
from IpmiLab.runs import part
from IpmiLab.sel import SelKeywords
from IpmiLab.session import SessionKeywords
from IpmiLab.types import AutoClose, Hex, Operator, Password, Trace, chosen, operator
from IpmiLab.virtual import VirtualKeywords


class IpmiLab(DynamicCore):  # type: ignore[misc]  # pythonlibcore has no types
    """Talks IPMI with the BMCs of a lab.

    %TOC%

    = Targets =

    A target is a name of the inventory that the library was imported with, or a URL such as
    ``lanplus://admin@10.0.0.7`` or ``virtual:rack-server``. Where no inventory is given, the environment's
    ``IPMI_LAB_INVENTORY`` counts. The password of a URL comes from ``IPMI_LAB_PASSWORD``.

    = Sessions =

    `Establish Session` opens one and makes it the current one; every keyword takes ``session=`` for another. A session
    that a test opened closes at its end, one of a suite setup at the end of the suite, also after failures and
    timeouts.

    = Bytes =

    Bytes are written in hex: ``0x06 0x01``, ``06:01`` or ``06 01``.

    = Permissions =

    Keywords tagged ``Destructive`` change the machine. They need a permission (``write``, ``power``, ``reset``,
    ``firmware``, ``raw``) from the library's import (``allow=power``), from the environment's ``IPMI_LAB_ALLOW``, or
    from the target in the inventory.

    = Report =

    Everything that is sent and measured is in the lab report, ``${OUTPUT_DIR}/ipmi/index.html`` unless ``report=``
    says otherwise.
    """

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"
    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LIBRARY_CONVERTERS: ClassVar[dict[Any, Any]] = {
        Hex: Hex.from_words,
        Operator: operator,
        Password: Password.from_secret,
        **{kind: chosen(kind) for kind in OpenEnum.__subclasses__() if kind.__members__},
    }

    def __init__(
        self,
        inventory: str | None = None,
        auto_close: AutoClose = AutoClose.TEST,
        timeout: timedelta | None = None,
        retry_assertions_for: timedelta = timedelta(0),
        report: str | None = None,
        trace: Trace = Trace.FAILED,
        allow: str | None = None,
    ) -> None:
        """Nothing is read and nobody is spoken to before the first keyword.

        Args:
            inventory: The inventory file; else ``IPMI_LAB_INVENTORY``.
            auto_close: When sessions are closed, and faults on purpose end, by themselves.
            timeout: The longest wait of one try, for all sessions.
            retry_assertions_for: How long a getter with a check asks again until it fits.
            report: The folder of the report; ``off`` for none.
            trace: Whose exchanges the report shows.
            allow: Permissions of this run, separated by commas.
        """
        self.context = Context(Settings(inventory, auto_close, timeout, retry_assertions_for, report, trace, allow))
        subjects = (
            *(SessionKeywords, AccessKeywords, PresenceKeywords, CommandKeywords, MessagingKeywords),
            *(I2cKeywords, BmcKeywords, BootKeywords, SelKeywords, ReportKeywords, VirtualKeywords),
        )
        self._suites: list[str] = []
        self._tests: list[str] = []
        super().__init__([subject(self.context) for subject in subjects])

    def get_keyword_arguments(self, name: str) -> Any:
        """What Robot asks when it imports the library; libdoc and dry runs see the arguments as they are."""
        found = super().get_keyword_arguments(name)
        running = EXECUTION_CONTEXTS.current is not None and not EXECUTION_CONTEXTS.current.dry_run
        return by_any_name(found) if running and name in MADE else found

    # ------------------------------------------------------------------ listener

    def start_suite(self, data: Any, result: Any) -> None:
        end_well(lambda number: STOP_SIGNAL_MONITOR(number, None))  # Robot itself does so with SIGTERM only
        self._suites.append(result.full_name)
        self.context.scopes.append(f"suite:{result.full_name}")

    def end_suite(self, data: Any, result: Any) -> None:
        if self._suites and self._suites[-1] == result.full_name:
            self._suites.pop()
            scope = self.context.scopes.pop()
            if self.context.settings.auto_close is not AutoClose.MANUAL:
                self.context.close_scope(scope)
        if self.context.has_run and result.has_teardown and result.teardown.failed:
            what = f"{result.full_name} (suite teardown)"
            self.context.shared.tell_failure_once(what, result.teardown.message, result.full_name)

    def start_test(self, data: Any, result: Any) -> None:
        if EXECUTION_CONTEXTS.current.dry_run:
            return
        scope = f"test:{result.full_name}"
        by_test = self.context.settings.auto_close is AutoClose.TEST
        self.context.scopes.append(scope if by_test or not self.context.scopes else self.context.scopes[-1])
        self._tests.append(scope)
        run, suite = self.context.run, result.parent.full_name
        self.context.shared.enter(
            scope, lambda: run.test_started(result.full_name, suite=suite, tags=list(result.tags))
        )
        if self.context.order:
            run.target = self.context.held(None).target.name

    def end_test(self, data: Any, result: Any) -> None:
        scope = f"test:{result.full_name}"
        if not self._tests or self._tests[-1] != scope:  # a dry run, or the library came in the middle of the test
            return
        self._tests.pop()
        run = self.context.run
        self.context.close_scope(scope)
        self.context.scopes.pop()
        verdict = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}.get(result.status, "error")
        took = result.elapsed_time.total_seconds()

        def say() -> None:
            if verdict == "failed" and run.exchanges:
                logger.info(f"IPMI trace of this test:\n{run.trace_text()}")
            run.test_ended(result.full_name, verdict, took, result.message, suite=result.parent.full_name)

        self.context.shared.leave(scope, say)

    def close(self) -> None:
        """The library goes: give everything back, and make the page."""
        self.context.close_scope(None)
        if self.context.has_run and part(self.context.shared):
            self.context.run.finish()
            made = self.context.run.make_pages(self.context.settings.trace.value)
            for problem in made.problems:
                logger.warn(problem)
            if made.page is not None:
                logger.console(f"IPMI report: {made.page}")
        self.context.close_lab()
