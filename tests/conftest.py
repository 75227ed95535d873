"""What all tests share: taking down what they prove of the messaging commands, and the page that is made of it."""

import os
import signal

import pytest

from tests import messaging
from tests.interop.table import InteropPage
from tests.proofs import Proof, Proves, proofs_of, recorder

PROVING = (
    "tests/commands/test_faces.py",
    "tests/commands/test_other_codecs.py",
    "tests/interop/test_messaging_at_",
    "tests/interop/test_bridging_at_ours.py",
)


@pytest.fixture
def proves(request: pytest.FixtureRequest) -> Proves:
    """``with proves("GetMessage", "ipmi_sim"): …`` counts once the test passed."""
    return recorder(request.node)


class MessagingPage:
    """Compares docs/messaging.md with what a whole run proved, and fails the run where they differ.

    ``IPMI_LAB_WRITE_TABLES=1`` writes it instead. A run of some tests, or without some peers, says nothing.
    """

    def __init__(self) -> None:
        self.proofs: set[Proof] = set()
        self.ran: set[str] = set()
        self.told = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.nodeid.startswith(PROVING):
            return
        self.proofs |= set(proofs_of(report))
        self.ran |= {part for part in PROVING if report.nodeid.startswith(part)}
        if not report.passed:
            self.told = f"{messaging.PAGE} is not compared: {report.nodeid} did not pass"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        options = session.config.option
        chosen = options.keyword or options.markexpr or any("::" in str(word) for word in session.config.args)
        if self.ran != set(PROVING) or self.told or chosen:
            return
        text = messaging.page(self.proofs)
        if os.environ.get("IPMI_LAB_WRITE_TABLES") == "1":
            messaging.PAGE.write_text(text)
            self.told = f"{len(self.proofs)} proofs written to {messaging.PAGE}"
        elif messaging.PAGE.read_text() != text:
            self.told = f"{messaging.PAGE} is not what the tests proved: IPMI_LAB_WRITE_TABLES=1 make test"
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.told:
            terminalreporter.write_line(self.told)


def pytest_configure(config: pytest.Config) -> None:
    # What a shell puts into the background is deaf to Ctrl-C, and so would every child be that a test interrupts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # of pytest-xdist: the process that gathers the reports
        config.pluginmanager.register(MessagingPage(), "ipmi_lab_messaging_page")
        if os.environ.get("IPMI_LAB_WRITE_TABLES") == "1":
            config.pluginmanager.register(InteropPage(config), "ipmi_lab_interop_page")
