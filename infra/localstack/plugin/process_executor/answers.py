"""What Lambda answers and logs around an invocation, in the words that AWS is reported to use. Pure.

The texts follow answers and log lines of real functions as quoted in public bug reports; nothing here was recorded on
AWS by this project, so rely on the error types and not on every word.
"""

from __future__ import annotations

import json
import math
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

TIMED_OUT: Final = "Sandbox.Timedout"
EXITED: Final = "Runtime.ExitError"
TOO_LARGE: Final = "Function.ResponseSizeTooLarge"
# Lambda quotas, "Invocation payload": 6 MB for a synchronous response; the figure that AWS's own error names.
MAX_RESPONSE_BYTES: Final = 6_291_556


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an invocation ended.

    Args:
        body: the answer's payload.
        is_error: whether it is a function error.
        log: what Lambda itself logs about it.
        status: the Status of the REPORT line.
    """

    body: bytes
    is_error: bool
    log: str = ""
    status: str | None = None


def timed_out(request_id: str, seconds: float, now: datetime) -> Verdict:
    """The function used up its timeout."""
    text = f"Task timed out after {seconds:.2f} seconds"
    log = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z {request_id} {text}\n"
    return Verdict(_error(TIMED_OUT, request_id, text), is_error=True, log=log, status="timeout")


def exited(request_id: str, code: int) -> Verdict:
    """The runtime's process ended; `code` as subprocess gives it, negative for a signal."""
    if code < 0:
        text = f"Runtime exited with error: signal: {_signal_words(-code)}"
    elif code > 0:
        text = f"Runtime exited with error: exit status {code}"
    else:
        text = "Runtime exited without providing a reason"
    log = f"RequestId: {request_id} Error: {text}\n{EXITED}\n"
    return Verdict(_error(EXITED, request_id, text), is_error=True, log=log, status="error")


def _signal_words(number: int) -> str:
    return (signal.strsignal(number) or f"signal {number}").lower()


def _error(error_type: str, request_id: str, text: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {text}"}).encode()


def too_large() -> bytes:
    """The answer's payload when the response is over the limit."""
    text = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    return json.dumps({"errorType": TOO_LARGE, "errorMessage": text}).encode()


@dataclass(frozen=True, slots=True)
class Usage:
    """What an invocation took: spans in seconds, sizes in MiB; `init_seconds` only when the environment was new."""

    seconds: float
    memory_mib: int
    used_mib: int
    init_seconds: float | None = None
    status: str | None = None


def start_line(request_id: str, version: str) -> str:
    """The log line that opens an invocation."""
    return f"START RequestId: {request_id} Version: {version}\n"


def init_line() -> str:
    """The log line that opens an environment."""
    return "INIT_START Runtime Version: python:3.13\n"


def init_report_line(seconds: float, *, timed_out: bool) -> str:
    """The log line of an init that failed."""
    status = "timeout" if timed_out else "error"
    return f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: init\tStatus: {status}\n"


def end_lines(request_id: str, usage: Usage) -> str:
    """The log lines that close an invocation."""
    milliseconds = usage.seconds * 1000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.ceil(milliseconds + (usage.init_seconds or 0) * 1000)} ms",
        f"Memory Size: {usage.memory_mib} MB",
        f"Max Memory Used: {usage.used_mib} MB",
    ]
    if usage.init_seconds is not None:
        fields.append(f"Init Duration: {usage.init_seconds * 1000:.2f} ms")
    if usage.status:
        fields.append(f"Status: {usage.status}")
    return f"END RequestId: {request_id}\n" + "\t".join(fields) + "\t\n"
