from __future__ import annotations

from streamlib.testing.conformance.report import CheckResult, ConformanceError, ConformanceReport, Nonconformity

WELL = CheckResult("pauses", "dedicated_thread")
NOTED = CheckResult("restarts", "lightweight", note="it ended before")
WRONG = CheckResult("config comes back", problem="it does not", remedy="let it")


def test_a_report_has_a_line_for_each_check() -> None:
    assert str(ConformanceReport("Blur", (WELL, NOTED))).splitlines() == [
        "Blur conforms: 2 checks",
        "ok     pauses (dedicated_thread)",
        "ok     restarts (lightweight): it ended before",
    ]


def test_the_error_tells_what_failed_and_what_to_do_and_has_the_report() -> None:
    report = ConformanceReport("Blur", (WELL, WRONG))
    assert report.failures == (WRONG,)
    error = ConformanceError(report)
    assert error.report is report
    assert str(error).splitlines() == [
        "Blur does not conform: 1 of 2 checks failed",
        "FAILED config comes back: it does not",
        "       -> let it",
    ]


def test_what_a_check_finds_is_a_problem_and_a_remedy() -> None:
    assert str(Nonconformity("it does not", "let it")) == "it does not; let it"
