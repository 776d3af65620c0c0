"""What Lambda says of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.transforms.lambda_log.lines import ID, REPORT, said

if TYPE_CHECKING:
    from pipeline.model import Json

ARN = "arn:aws:lambda:eu-central-1::runtime:" + "ab" * 32
FULL = {
    "aws.lambda.event": "platform.report",
    "faas.invocation_id": ID,
    "faas.invoke_duration": 0.20167,
    "aws.lambda.billed_duration": 0.682,
    "faas.max_memory": 2048 * 2**20,
    "faas.mem_usage": 81 * 2**20,
    "faas.init_duration": 0.48025,
    "faas.coldstart": True,
}
TRACE = {"trace_id": "61c86fa459b3c6d959653c527fd10966", "span_id": "107ea78a5750a811"}
WARM = {"aws.lambda.event": "platform.report", "faas.invocation_id": ID, "faas.coldstart": False}
METRICS = {
    "durationMs": 201.67,
    "billedDurationMs": 682,
    "memorySizeMB": 2048,
    "maxMemoryUsedMB": 81,
    "initDurationMs": 480.25,
}
TRACING = {"spanId": "107ea78a5750a811", "type": "X-Amzn-Trace-Id",
           "value": "Root=1-61c86fa4-59b3c6d959653c527fd10966;Parent=107ea78a5750a811;Sampled=1"}  # fmt: skip


def of(event: str, attributes: dict[str, Json]) -> dict[str, Json]:
    return {"aws.lambda.event": f"platform.{event}", **attributes}


@pytest.mark.parametrize(
    ("line", "severity", "attributes", "trace"),
    [
        (f"START RequestId: {ID} Version: $LATEST", "INFO", of("start", {"faas.invocation_id": ID}), {}),
        (f"END RequestId: {ID}", "INFO", of("end", {"faas.invocation_id": ID}), {}),
        (REPORT, "INFO", FULL, TRACE),
        (REPORT.replace("\t", " "), "INFO", FULL, TRACE),
        (
            f"REPORT RequestId: {ID}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tStatus: timeout",
            "ERROR",
            {**WARM, "faas.invoke_duration": 3.0, "aws.lambda.billed_duration": 3.0, "aws.lambda.status": "timeout"},
            {},
        ),
        (
            f"REPORT RequestId: {ID}\tDuration: 11.48 ms\tStatus: error\tError Type: Runtime.ExitError",
            "ERROR",
            {
                **WARM,
                "faas.invoke_duration": 0.01148,
                "aws.lambda.status": "error",
                "error.type": "Runtime.ExitError",
            },
            {},
        ),
        (
            f"REPORT RequestId: {ID}\tDuration: 1.0 ms\tRestore Duration: 252.69 ms\tBilled Restore Duration: 3 ms",
            "INFO",
            {
                **WARM,
                "faas.invoke_duration": 0.001,
                "aws.lambda.restore_duration": 0.25269,
                "aws.lambda.billed_restore_duration": 0.003,
            },
            {},
        ),
        (f"REPORT RequestId: {ID}\tDuration: soon\tXRAY TraceId: 1-2-3\tSegmentId: x", "INFO", WARM, {}),
        (
            f"INIT_START Runtime Version: python:3.13.v50\tRuntime Version ARN: {ARN}",
            "INFO",
            of(
                "initStart",
                {"aws.lambda.runtime_version": "python:3.13.v50", "aws.lambda.runtime_version_arn": ARN},
            ),
            {},
        ),
        (
            "INIT_REPORT Init Duration: 9999.55 ms\tPhase: init\tStatus: timeout",
            "ERROR",
            of(
                "initReport",
                {"faas.init_duration": 9.99955, "aws.lambda.phase": "init", "aws.lambda.status": "timeout"},
            ),
            {},
        ),
        (
            "RESTORE_REPORT Restore Duration: 700.00 ms",
            "INFO",
            of("restoreReport", {"aws.lambda.restore_duration": 0.7}),
            {},
        ),
    ],
)
def test_text(line: str, severity: str, attributes: dict[str, Json], trace: dict[str, Json]) -> None:
    """The body stays; what it says stands beside it, in seconds and bytes."""
    assert {"severity_text": severity, "attributes": attributes, **trace} == said(line)


@pytest.mark.parametrize(
    "line",
    [
        "START",
        "START the engine",
        f"START: RequestId: {ID}",
        f" END RequestId: {ID}",
        "REPORT of sales",
        "INIT_START x",
    ],
)
def test_what_only_begins_like_it(line: str) -> None:
    """A function may print what it likes."""
    assert {} == said(line)


@pytest.mark.parametrize(
    ("event", "record", "severity", "attributes", "trace"),
    [
        (
            "report",
            {"requestId": ID, "metrics": METRICS, "status": "success", "tracing": TRACING},
            "INFO",
            {**FULL, "aws.lambda.status": "success"},
            TRACE,
        ),
        (
            "report",
            {"requestId": ID, "metrics": {"durationMs": 3000.0}, "status": "timeout"},
            "ERROR",
            {**WARM, "faas.invoke_duration": 3.0, "aws.lambda.status": "timeout"},
            {},
        ),
        (
            "runtimeDone",
            {"requestId": ID, "status": "failure", "errorType": "Runtime.ExitError", "metrics": None, "tracing": 7},
            "ERROR",
            of(
                "runtimeDone",
                {"faas.invocation_id": ID, "aws.lambda.status": "failure", "error.type": "Runtime.ExitError"},
            ),
            {},
        ),
        ("start", {"requestId": ID, "version": "$LATEST"}, "INFO", of("start", {"faas.invocation_id": ID}), {}),
        (
            "initStart",
            {"initializationType": "on-demand", "phase": "init", "runtimeVersion": "python:3.13.v50"},
            "INFO",
            of("initStart", {"aws.lambda.phase": "init", "aws.lambda.runtime_version": "python:3.13.v50"}),
            {},
        ),
        (
            "report",
            {"requestId": 7, "metrics": {"durationMs": "NaN", "memorySizeMB": True, "maxMemoryUsedMB": -1}},
            "INFO",
            {"aws.lambda.event": "platform.report", "faas.coldstart": False},
            {},
        ),
    ],
)
def test_json(
    event: str, record: dict[str, Any], severity: str, attributes: dict[str, Json], trace: dict[str, Json]
) -> None:
    """The same of the same as JSON, which stays the body; what is not what it should be is left out."""
    body: dict[str, Json] = {"time": "2026-11-23T10:00:00.123Z", "type": f"platform.{event}", "record": record}
    assert {"severity_text": severity, "attributes": attributes, **trace} == said(body)


@pytest.mark.parametrize("body", [{"type": "platform.report"}, {"type": "platform.x", "record": "y"}, {"type": 7}])
def test_json_that_is_none(body: dict[str, Json]) -> None:
    """An object of a function may have a type as well."""
    assert {} == said(body)
