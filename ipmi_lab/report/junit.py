"""The report for CI servers: junit.xml."""

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ipmi_lab.report.run import ABORTED, ERROR, FAILED, SKIPPED, Run

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: Run) -> bytes:
    """One suite a source (robot, pytest), one case a test; measurements are properties of the suite."""
    document = JUnitXml("ipmi-lab")
    for source in sorted({test.source for test in run.tests}):
        suite = TestSuite(_text(source))
        for measurement in run.measurements:
            value = f"{measurement.value} {measurement.unit} ({measurement.verdict})"
            suite.add_property(_text(measurement.name), _text(value))
        for test in run.tests:
            if test.source == source:
                case = TestCase(_text(test.id), classname=_text(test.suite or source), time=test.duration)
                result = _result(test.verdict, _text(test.message))
                if result is not None:
                    case.result = [result]
                suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]  # junitparser is half typed
    return bytes(document.tostring())  # type: ignore[no-untyped-call]


def _result(verdict: str, message: str) -> Failure | Error | Skipped | None:
    if verdict == FAILED:
        return Failure(message)
    if verdict in (ABORTED, ERROR):
        return Error(message or verdict)
    return Skipped(message) if verdict == SKIPPED else None


def _text(value: object) -> str:
    """Without the characters that XML cannot hold."""
    return NOT_XML.sub("�", str(value))
