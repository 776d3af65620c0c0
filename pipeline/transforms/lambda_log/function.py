r"""What the code of a function logs, by the runtime's own logger or by Powertools.

    [WARNING]\t2026-11-23T10:00:00.123Z\t8fc6f963-…\tlow on stock              Python
    2026-11-23T10:00:00.123Z\t8fc6f963-…\tWARN\tlow on stock                   Node
    [ERROR] ValueError: no such order\nTraceback (most recent call last):\n…   what nobody caught, of Python
    2026-…Z\t8fc6f963-…\tERROR\tInvoke Error \t{"errorType": …}               and of Node
    2026-11-23T10:00:03.125Z 8fc6f963-… Task timed out after 3.00 seconds
    {"level": "WARN", "message": "low on stock", "requestId": "8fc6f963-…"}    Lambda's JSON format, Powertools

The message is the body. Of JSON with a message, all that has no name in OpenTelemetry is an attribute under its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.transforms.lambda_log.said import ERROR, INVOCATION_ID, Said, known, mebibytes, trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.model import Json

_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z"
_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LEVEL: Final = r"[A-Z]{3,10}"
# While a function starts there is no invocation: Python leaves it out, Node calls it undefined.
_PYTHON: Final = re.compile(rf"\[({_LEVEL})\]\t{_TIME}\t({_ID})?\t(.*)", re.ASCII | re.DOTALL)
_NODE: Final = re.compile(rf"{_TIME}\t(?:({_ID})|undefined)\t({_LEVEL})\t(.*)", re.ASCII | re.DOTALL)
_UNCAUGHT_OF_NODE: Final = re.compile(
    r"(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s{1,4}(\{.*\})", re.DOTALL
)
_UNCAUGHT: Final = re.compile(
    r"\[ERROR\] ([A-Za-z_][\w.]{0,255}): (.*?)[\r\n]{1,2}(Traceback .*)", re.ASCII | re.DOTALL
)
_TIMED_OUT: Final = re.compile(rf"{_TIME} ({_ID}) Task timed out after [\d.]{{1,16}} seconds", re.ASCII)
_FAILED: Final = re.compile(rf"(?:{_TIME} )?(?:RequestId: )?({_ID}) (?:Error: |Process exited )", re.ASCII)
_MAX_JSON_CHARACTERS: Final = 256 * 1024  # CloudWatch Logs, "Quotas": a log event is no larger, or 1 MB

_MESSAGES: Final = ("message", "msg", "errorMessage")


def _same(value: Json) -> Json:
    return value


def _text(value: Json) -> Json:
    """Lambda writes a stack trace as a list of its lines."""
    return "\n".join(str(each).rstrip("\n") for each in value) if isinstance(value, list) else value


# What loggers of JSON call it: the attribute, and what the value becomes; None where it cannot be that.
_NAMES: Final[Mapping[str, tuple[str, Callable[[Json], Json]]]] = {
    "requestId": (INVOCATION_ID, _same),
    "AWSRequestId": (INVOCATION_ID, _same),
    "function_request_id": (INVOCATION_ID, _same),
    "cold_start": ("faas.coldstart", _same),
    "function_arn": ("aws.lambda.invoked_arn", _same),
    "function_memory_size": ("faas.max_memory", mebibytes),
    "function_name": ("faas.name", _same),
    "service": ("service.name", _same),
    "errorType": ("exception.type", _same),
    "errorMessage": ("exception.message", _same),
    "stackTrace": ("exception.stacktrace", _text),
    "stack": ("exception.stacktrace", _text),
    "exception_name": ("exception.type", _same),
    "exception": ("exception.stacktrace", _same),
}


def of_text(line: str) -> Said | None:
    """What a line of text says, if it is of a form that is known."""
    if match := _PYTHON.match(line):
        level, invocation, message = match.groups()
        return _logged(invocation, level, message)
    if match := _NODE.match(line):
        invocation, level, message = match.groups()
        return _uncaught_of_node(invocation, message) or _logged(invocation, level, message)
    if match := _UNCAUGHT.match(line):
        name, message, trace = match.groups()
        return _exception(None, {"errorType": name, "errorMessage": message, "stack": trace})
    if match := _TIMED_OUT.match(line):
        return Said({INVOCATION_ID: match[1], "error.type": "timeout"}, {"severity_text": ERROR})
    if match := _FAILED.match(line):
        return Said({INVOCATION_ID: match[1]}, {"severity_text": ERROR})
    return None


def of_object(value: Mapping[str, Json]) -> Said:
    """What an object says. One without a message stays the body; what it is known by is said beside it."""
    name = next((each for each in _MESSAGES if isinstance(value.get(each), str)), None)
    traced = known(trace_id=trace_id(value.get("xray_trace_id")))
    if name is None:
        found = {each: value[each] for each in value.keys() & _NAMES.keys() if _NAMES[each][0] == INVOCATION_ID}
        return Said(_named(found), traced)
    rest = {each: value[each] for each in value if each != name or each in _NAMES}
    return Said(_named(rest), {"body": value[name], **traced})


def _logged(invocation: str | None, level: str, message: str) -> Said:
    return Said(_id(invocation), {"body": message, "severity_text": level})


def _id(invocation: str | None) -> dict[str, Json]:
    return {} if invocation is None else {INVOCATION_ID: invocation}


def _uncaught_of_node(invocation: str | None, message: str) -> Said | None:
    match = _UNCAUGHT_OF_NODE.fullmatch(message) if len(message) <= _MAX_JSON_CHARACTERS else None
    if match is None:
        return None
    try:
        error = orjson.loads(match[1])
    except orjson.JSONDecodeError:
        return None
    return _exception(invocation, {name: error[name] for name in error if name in _NAMES})


def _exception(invocation: str | None, error: dict[str, Json]) -> Said:
    body = ": ".join(str(error[name]) for name in ("errorType", "errorMessage") if name in error)
    return Said({**_id(invocation), **_named(error)}, {"body": body, "severity_text": ERROR})


def _named(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The fields under the names of attributes; one whose value cannot be what it means stays as it is."""
    found: dict[str, Json] = {}
    for name, value in fields.items():
        attribute, read = _NAMES.get(name, (name, _same))
        made = read(value)
        found[attribute if made is not None else name] = value if made is None else made
    return found
