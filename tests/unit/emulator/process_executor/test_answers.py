from __future__ import annotations

import importlib
import json
import signal
from datetime import UTC, datetime

import pytest

answers = importlib.import_module("process_executor.answers")


def test_timed_out() -> None:
    """A timeout is answered and logged in AWS's words."""
    verdict = answers.timed_out("r-1", 3, datetime(2026, 1, 2, 3, 4, 5, 67890, UTC))
    assert {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r-1 Error: Task timed out after 3.00 seconds",
    } == json.loads(verdict.body)
    assert "2026-01-02T03:04:05.067Z r-1 Task timed out after 3.00 seconds\n" == verdict.log
    assert (True, "timeout") == (verdict.is_error, verdict.status)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "Runtime exited without providing a reason"),
        (3, "Runtime exited with error: exit status 3"),
        (-signal.SIGKILL, "Runtime exited with error: signal: killed"),
        (-signal.SIGSEGV, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_exited(code: int, text: str) -> None:
    """A runtime that ended tells how."""
    verdict = answers.exited("r-1", code)
    assert {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: r-1 Error: {text}"} == json.loads(
        verdict.body
    )
    assert f"RequestId: r-1 Error: {text}\nRuntime.ExitError\n" == verdict.log
    assert (True, "error") == (verdict.is_error, verdict.status)


def test_too_large() -> None:
    """A response over the limit is named so."""
    assert "Function.ResponseSizeTooLarge" == json.loads(answers.too_large())["errorType"]


@pytest.mark.parametrize(
    ("usage", "took", "more"),
    [
        ((0.0123, 128, 40), "Duration: 12.30 ms\tBilled Duration: 13 ms\t", ""),
        ((0.001, 128, 40, 0.25), "Duration: 1.00 ms\tBilled Duration: 251 ms\t", "Init Duration: 250.00 ms\t"),
        ((3.0, 128, 40, None, "timeout"), "Duration: 3000.00 ms\tBilled Duration: 3000 ms\t", "Status: timeout\t"),
    ],
)
def test_end_lines(usage: tuple[object, ...], took: str, more: str) -> None:
    """The REPORT line says what the invocation took, in AWS's units."""
    memory = "Memory Size: 128 MB\tMax Memory Used: 40 MB\t"
    expected = f"END RequestId: r-1\nREPORT RequestId: r-1\t{took}{memory}{more}\n"
    assert expected == answers.end_lines("r-1", answers.Usage(*usage))


def test_opening_lines() -> None:
    """An environment and an invocation each open with a line."""
    assert "INIT_START Runtime Version: python:3.13\n" == answers.init_line()
    assert "START RequestId: r-1 Version: $LATEST\n" == answers.start_line("r-1", "$LATEST")
    assert "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout\n" == answers.init_report_line(
        10, timed_out=True
    )
