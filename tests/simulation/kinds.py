"""The kinds of records: what is put, and, of poison, the reasons that its dead letter may have."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.environment import read_schemas
from pipeline.model import Reason
from pipeline.project import SCHEMAS
from pipeline.testing.lambda_events import log_event

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHANGE: Final = read_schemas(SCHEMAS)["change.v1"]["examples"][0]
_KPL_MAGIC: Final = bytes.fromhex("f3899ac2")


def log(event_id: str, key: str, hour: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A log line of an hour, which says what id it has."""
    return {**log_event(event_id, key=key, body=f"body of {event_id}", **data), "time": f"2026-11-23T{hour}:00:00Z"}


def change(event_id: str, entity: str, hour: str, version: int, *, is_delete: bool) -> dict[str, Any]:
    """A change of an entity to a version, which says what id it has."""
    after = None if is_delete else {"id": event_id}
    source = {**_CHANGE["source"], "sequence_number": str(version)}
    if is_delete:
        source["deleted_by"] = "user"
    data = {**_CHANGE, "op": "d" if is_delete else "u", "before": {"id": "before"}, "after": after, "source": source}
    return {**log(event_id, entity, hour), "type": "change.v1", "data": data}


def _event(**changes: Any) -> bytes:  # noqa: ANN401 - JSON
    return orjson.dumps({**log_event("poison"), **changes})


def _body(text: str) -> bytes:
    return _event().replace(b'"started"', text.encode())


# What can never succeed, each with the reasons it may be dead-lettered for; None where that depends on the decoder.
POISON: Final[Mapping[str, tuple[bytes, frozenset[Reason] | None]]] = {
    "no bytes": (b"", frozenset({Reason.NOT_JSON})),
    "no JSON": (b"{", frozenset({Reason.NOT_JSON})),
    "not UTF-8": (b'{"id":"\xff\xfe"}', frozenset({Reason.NOT_UTF8})),
    "half a surrogate": (_body('"\\ud800"'), None),
    "NaN": (_body("NaN"), frozenset({Reason.NOT_JSON})),
    "infinite": (_body("1e999"), frozenset({Reason.NUMBER_OUT_OF_RANGE})),
    "a long integer": (_body("1" * 5000), frozenset({Reason.NUMBER_OUT_OF_RANGE})),
    "a number below DynamoDB's": (_body('{"x":1e-200}'), frozenset({Reason.NUMBER_OUT_OF_RANGE})),
    "a depth bomb": (_body("[" * 2000 + "]" * 2000), frozenset({Reason.TOO_DEEP})),
    "deeper than an item": (_body('{"a":' * 40 + "1" + "}" * 40), frozenset({Reason.TOO_DEEP})),
    "an array": (b"[]", frozenset({Reason.NOT_AN_EVENT})),
    "no event": (b"{}", frozenset({Reason.NOT_AN_EVENT})),
    "an unknown type": (_event(type="x.v1"), frozenset({Reason.UNKNOWN_TYPE})),
    "against the schema": (_event(data={"body": "x", "severity_number": 99}), frozenset({Reason.SCHEMA_INVALID})),
    "no time": (_event(time="yesterday"), frozenset({Reason.TIME_INVALID})),
    "null": (b"null", frozenset({Reason.NOT_AN_EVENT})),
    "larger than an item": (_body(f'"{"x" * 410_000}"'), frozenset({Reason.TOO_LARGE})),
    "a gzip bomb": (gzip.compress(bytes(2_000_000)), None),
    "a corrupt aggregate": (_KPL_MAGIC + b"corrupt" + bytes(16), None),
}
