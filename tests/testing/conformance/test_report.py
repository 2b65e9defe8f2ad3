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


def test_failures_that_differ_in_strategy_and_figures_alone_are_told_once() -> None:
    results = [
        CheckResult("keeps nothing", strategy, f"it takes {size} MB", "bound it")
        for strategy, size in (("dedicated_thread", 0.18), ("lightweight", 0.2))
    ]
    other = CheckResult("keeps nothing", "work_stealing_pool", "it takes 3 threads", "bound it")
    assert ConformanceReport("Blur", (results[0], other, results[1])).told().splitlines() == [
        "Blur does not conform: 3 of 3 checks failed",
        "FAILED keeps nothing (dedicated_thread, lightweight): it takes 0.18 MB",
        "       -> bound it",
        "FAILED keeps nothing (work_stealing_pool): it takes 3 threads",
        "       -> bound it",
    ]


def test_what_a_check_finds_is_a_problem_and_a_remedy() -> None:
    assert str(Nonconformity("it does not", "let it")) == "it does not; let it"
