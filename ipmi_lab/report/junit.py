"""The report for CI servers: junit.xml."""

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ipmi_lab.report.run import ABORTED, ERROR, FAILED, PASSED, SKIPPED, Run

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CHECKS = "ipmi-lab"


def junit_xml(run: Run) -> bytes:
    """One suite a source (robot, pytest), one case a run of a test; measurements are properties of the suite.

    What makes a run fail beside its tests is a case of a suite of its own, so that no CI server sees green.
    """
    document = JUnitXml("ipmi-lab")
    for source in sorted({test.source for test in run.tests}):
        suite = TestSuite(_text(source))
        for measurement in run.measurements:
            if measurement.source == source:
                value = f"{measurement.value} {measurement.unit} ({measurement.verdict})"
                suite.add_property(_text(measurement.name), _text(value))
        for test in run.tests:
            if test.source == source:
                again = f" (run {test.attempt})" if test.attempt > 1 else ""
                suite.add_testcase(
                    _case(test.id + again, test.suite or source, test.verdict, test.message, test.duration)
                )
        document.add_testsuite(suite)
    checks = _checks(run)
    if checks:
        suite = TestSuite(CHECKS)
        for case in checks:
            suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]  # junitparser is half typed
    return bytes(document.tostring())  # type: ignore[no-untyped-call]


def _checks(run: Run) -> list[TestCase]:
    """Cases for what is no test: identities, measurements that failed no test, processes, and the journal itself."""
    cases = [
        _case(f"{target.name} is the expected machine", "identity", target.verdict, "; ".join(target.mismatches))
        for target in run.targets.values()
        if target.verdict
    ]
    failed = {test.id for test in run.tests if test.verdict == FAILED}
    for each in run.measurements:
        if each.verdict == FAILED and each.test not in failed:
            limits = f"{'' if each.low is None else each.low} to {'' if each.high is None else each.high}"
            message = f"{each.name} is {each.value} {each.unit}, outside {limits} (in {each.test or 'no test'})"
            cases.append(_case(f"{each.name} is within its limits", f"measurement.{each.target}", FAILED, message))
    cases += [
        _case(
            f"{process.source or 'a process'} comes to its end", "process", ABORTED, f"{process.journal}: {process.why}"
        )
        for process in run.processes
        if process.why
    ]
    return cases + [_case("the journal is whole", "journal", ERROR, text) for text in run.losses]


def _case(name: str, group: str, verdict: str, message: str, seconds: float = 0.0) -> TestCase:
    case = TestCase(_text(name), classname=_text(group), time=seconds)
    if verdict != PASSED:
        case.result = [_result(verdict, _text(message))]
    return case


def _result(verdict: str, message: str) -> Failure | Error | Skipped:
    if verdict == FAILED:
        return Failure(message)
    return Skipped(message) if verdict == SKIPPED else Error(message or verdict)


def _text(value: object) -> str:
    """Without the characters that XML cannot hold."""
    return NOT_XML.sub("�", str(value))
