"""What the code of a function logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from tests.unit.transforms.lambda_log.lines import ID, said

if TYPE_CHECKING:
    from pipeline.model import Json

AT = "2026-11-23T10:00:00.123Z"
OF_ID: dict[str, Json] = {"faas.invocation_id": ID}
TRACE = 'Traceback (most recent call last):\n  File "/var/task/app.py", line 7, in handler\n    raise ValueError("no")'
NODE_ERROR = {"errorType": "TypeError", "errorMessage": "x is no function", "stack": ["TypeError: x", "    at y"]}
OF_NODE_ERROR: dict[str, Json] = {
    "exception.type": "TypeError",
    "exception.message": "x is no function",
    "exception.stacktrace": "TypeError: x\n    at y",
}


@pytest.mark.parametrize(
    ("line", "body", "severity", "attributes"),
    [
        (f"[WARNING]\t{AT}\t{ID}\tlow on stock", "low on stock", "WARNING", OF_ID),
        ("[INFO]\t2026-11-23T10:00:00Z\t\tstarting", "starting", "INFO", {}),
        (f"[INFO]\t{AT}\t{ID}\ttwo\nlines\tof it", "two\nlines\tof it", "INFO", OF_ID),
        (f"{AT}\t{ID}\tWARN\tlow on stock", "low on stock", "WARN", OF_ID),
        (f"{AT}\tundefined\tINFO\tstarting", "starting", "INFO", {}),
        (
            f"{AT}\t{ID}\tERROR\tInvoke Error \t{orjson.dumps(NODE_ERROR).decode()}",
            "TypeError: x is no function",
            "ERROR",
            {**OF_ID, **OF_NODE_ERROR},
        ),
        (
            f'{AT}\tundefined\tERROR\tUncaught Exception \t{{"errorType":"Error","code":7}}',
            "Error",
            "ERROR",
            {"exception.type": "Error"},
        ),
        (f"{AT}\t{ID}\tERROR\tInvoke Error \t{{broken}}", "Invoke Error \t{broken}", "ERROR", OF_ID),
        (
            f"[ERROR] ValueError: no\n{TRACE}",
            "ValueError: no",
            "ERROR",
            {"exception.type": "ValueError", "exception.message": "no", "exception.stacktrace": TRACE},
        ),
        (
            f"[ERROR] Runtime.ImportModuleError: Unable to import module 'app'\r{TRACE}",
            "Runtime.ImportModuleError: Unable to import module 'app'",
            "ERROR",
            {
                "exception.type": "Runtime.ImportModuleError",
                "exception.message": "Unable to import module 'app'",
                "exception.stacktrace": TRACE,
            },
        ),
        (f"{AT} {ID} Task timed out after 3.00 seconds\n", None, "ERROR", {**OF_ID, "error.type": "timeout"}),
        (f"RequestId: {ID} Error: Runtime exited with error: signal: killed", None, "ERROR", OF_ID),
        (f"RequestId: {ID} Process exited before completing request", None, "ERROR", OF_ID),
    ],
)
def test_text(line: str, body: str | None, severity: str, attributes: dict[str, Json]) -> None:
    """The message is the body, without what stands before it; what stands there has its own place."""
    expected: dict[str, Json] = {} if body is None else {"body": body}
    expected |= {"attributes": attributes} if attributes else {}
    assert {"severity_text": severity, **expected} == said(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "low on stock",
        "[ERROR] it failed",
        "[ERROR] ValueError: no trace follows",
        f"[WARN] {AT} {ID} blanks are no tabs",
        f"{AT}\t{ID}\tlow on stock",
        f"{AT}\tnot-an-id\tINFO\tlow on stock",
        f"{AT} {ID} Task timed out",
    ],
)
def test_text_of_no_form(line: str) -> None:
    """It stays as it is."""
    assert {} == said(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            {"timestamp": AT, "level": "WARN", "message": "low", "logger": "root", "requestId": ID},
            {"body": "low", "attributes": {"timestamp": AT, "level": "WARN", "logger": "root", **OF_ID}},
        ),
        (
            {"level": "INFO", "location": "handler:10", "message": "paid", "service": "shop", "cold_start": True,
             "function_name": "orders", "function_memory_size": "128", "function_request_id": ID, "order": 7,
             "function_arn": "arn:aws:lambda:eu-central-1:000000000000:function:orders",
             "xray_trace_id": "1-61c86fa4-59b3c6d959653c527fd10966"},
            {
                "body": "paid",
                "trace_id": "61c86fa459b3c6d959653c527fd10966",
                "attributes": {
                    "level": "INFO",
                    "location": "handler:10",
                    "service.name": "shop",
                    "faas.coldstart": True,
                    "faas.name": "orders",
                    "faas.max_memory": 128 * 2**20,
                    **OF_ID,
                    "order": 7,
                    "aws.lambda.invoked_arn": "arn:aws:lambda:eu-central-1:000000000000:function:orders",
                    "xray_trace_id": "1-61c86fa4-59b3c6d959653c527fd10966",
                },
            },
        ),
        (
            {"message": "failed", "exception_name": "ValueError", "exception": TRACE, "function_memory_size": "much"},
            {
                "body": "failed",
                "attributes": {
                    "exception.type": "ValueError",
                    "exception.stacktrace": TRACE,
                    "function_memory_size": "much",
                },
            },
        ),
        (
            {"errorType": "ValueError", "errorMessage": "no", "stackTrace": ["a\n", "b\n"], "AWSRequestId": ID},
            {
                "body": "no",
                "attributes": {
                    "exception.type": "ValueError",
                    "exception.message": "no",
                    "exception.stacktrace": "a\nb",
                    **OF_ID,
                },
            },
        ),
        ({"msg": "low"}, {"body": "low"}),
        ({"message": {"order": 7}, "requestId": ID}, {"attributes": OF_ID}),
        ({"_aws": {"Timestamp": 1}, "Orders": 1, "function_request_id": ID}, {"attributes": OF_ID}),
        ({"Orders": 1}, {}),
    ],
)  # fmt: skip
def test_json(line: dict[str, Json], expected: dict[str, Json]) -> None:
    """The message is the body and all else an attribute; an object without one stays the body."""
    assert expected == said(line)
