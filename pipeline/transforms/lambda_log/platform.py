"""What Lambda itself says of a function, as text or, where the function's log format is JSON, as JSON.

    START RequestId: 8fc6f963-… Version: $LATEST
    REPORT RequestId: 8fc6f963-…  Duration: 201.67 ms  Billed Duration: 202 ms  Memory Size: 2048 MB  …
    {"time": "…", "type": "platform.report", "record": {"requestId": "8fc6f963-…", "metrics": {"durationMs": 201.67}}}

Both become the same attributes; the body stays as it is. An invocation that failed or timed out is an ERROR, and so is
an INIT phase; anything else is INFO.

(Lambda developer guide, "Lambda Telemetry API Event schema reference", and "Viewing logs" of the runtimes.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.transforms.lambda_log.said import ERROR, INVOCATION_ID, Said, known, mebibytes, seconds, span_id, trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.model import Json

EVENT: Final = "aws.lambda.event"
_PREFIX: Final = "platform."
# The word that a line begins with: what Lambda calls it in JSON, and a field that it surely has.
_WORDS: Final = {
    "START": ("start", "RequestId"),
    "END": ("end", "RequestId"),
    "REPORT": ("report", "RequestId"),
    "INIT_START": ("initStart", "Runtime Version"),
    "INIT_REPORT": ("initReport", "Init Duration"),
    "RESTORE_START": ("restoreStart", "Runtime Version"),
    "RESTORE_REPORT": ("restoreReport", "Restore Duration"),
}
_WORD: Final = re.compile(rf"({'|'.join(_WORDS)})[ \t]")
# No line of them is longer.
_WITHIN_CHARACTERS: Final = 2_048


def _text(value: Json) -> Json:
    return value if isinstance(value, str) and value else None


# A field of the text, the same of the JSON, the attribute, and what the value becomes.
_FIELDS: Final[tuple[tuple[str, str, str, Callable[[Json], Json]], ...]] = (
    ("RequestId", "requestId", INVOCATION_ID, _text),
    ("Duration", "durationMs", "faas.invoke_duration", seconds),
    ("Billed Duration", "billedDurationMs", "aws.lambda.billed_duration", seconds),
    ("Init Duration", "initDurationMs", "faas.init_duration", seconds),
    ("Restore Duration", "restoreDurationMs", "aws.lambda.restore_duration", seconds),
    ("Billed Restore Duration", "billedRestoreDurationMs", "aws.lambda.billed_restore_duration", seconds),
    ("Memory Size", "memorySizeMB", "faas.max_memory", mebibytes),
    ("Max Memory Used", "maxMemoryUsedMB", "faas.mem_usage", mebibytes),
    ("Status", "status", "aws.lambda.status", _text),
    ("Error Type", "errorType", "error.type", _text),
    ("Phase", "phase", "aws.lambda.phase", _text),
    ("Runtime Version", "runtimeVersion", "aws.lambda.runtime_version", _text),
    ("Runtime Version ARN", "runtimeVersionArn", "aws.lambda.runtime_version_arn", _text),
)
_OF_TEXT: Final = {name: (attribute, read) for name, _, attribute, read in _FIELDS}
_OF_JSON: Final = {name: (attribute, read) for _, name, attribute, read in _FIELDS}
_NAMES: Final = "|".join(sorted([*_OF_TEXT, "XRAY TraceId", "SegmentId"], key=len, reverse=True))
_FIELD: Final = re.compile(rf"(?<![\w-])({_NAMES}): (\S{{1,300}})")


def of_text(line: str) -> Said | None:
    """What a line of text says, if it is one of Lambda's own."""
    match = _WORD.match(line)
    if match is None:
        return None
    event, needed = _WORDS[match[1]]
    fields: dict[str, str] = dict(reversed(_FIELD.findall(line[:_WITHIN_CHARACTERS])))
    if needed not in fields:
        return None
    return _said(event, _read(fields, _OF_TEXT), fields.get("XRAY TraceId"), fields.get("SegmentId"))


def of_object(value: Mapping[str, Json]) -> Said | None:
    """What a JSON object says, if it is one of Lambda's own."""
    name, record = value.get("type"), value.get("record")
    if not isinstance(name, str) or not name.startswith(_PREFIX) or not isinstance(record, dict):
        return None
    metrics, tracing = record.get("metrics"), record.get("tracing")
    found = _read({**record, **metrics} if isinstance(metrics, dict) else record, _OF_JSON)
    traced = tracing if isinstance(tracing, dict) else {}
    return _said(name.removeprefix(_PREFIX)[:64], found, traced.get("value"), traced.get("spanId"))


def _read(fields: Mapping[str, Json], known_as: Mapping[str, tuple[str, Callable[[Json], Json]]]) -> dict[str, Json]:
    pairs = ((known_as[name], value) for name, value in fields.items() if name in known_as)
    made = ((attribute, read(value)) for (attribute, read), value in pairs)
    return {attribute: value for attribute, value in made if value is not None}


def _said(event: str, found: dict[str, Json], trace: Json, span: Json) -> Said:
    if event == "report":
        found["faas.coldstart"] = "faas.init_duration" in found
    severity = "INFO" if found.get("aws.lambda.status", "success") == "success" else ERROR
    fields = known(severity_text=severity, trace_id=trace_id(trace), span_id=span_id(span))
    return Said({EVENT: f"{_PREFIX}{event}", **found}, fields)
