"""The API as an OpenAPI 3.1 document. It is made of what the code checks with: limits, schemas, media types.

Tests hold its paths equal to the operations of both functions and to the template, and every answer that they get to
the statuses and schemas here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pipeline.api.ingest import BARE, MAX_FAULTS
from pipeline.api.problem import MEDIA_TYPE
from pipeline.api.proxy import JSON
from pipeline.api.query import DEFAULT_LIMIT, MAX_LIMIT
from pipeline.core.decode import MAX_ID_BYTES
from pipeline.core.submission import ENVELOPE, MAX_BODY_BYTES, MAX_EVENTS
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

type Doc = dict[str, Any]

VERSION: Final = "1"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}

_DESCRIPTION: Final = f"""\
Events in and out. An event is accepted when it is on the stream, and found a moment later. Sending the same id again
has one effect, so whatever was not accepted for certain is sent again.

A body holds at most {MAX_BODY_BYTES} bytes, before and after gzip, and at most {MAX_EVENTS} events. The events of one
subject stay in the order of the request. One that is too large for an item (400 KB) is found by its `dataref` and
`data_bytes`: its data lie in S3, as they were sent. Requests are signed (AWS Signature Version 4, service execute-api)
unless the stack was deployed otherwise. A method or path that is not listed here is answered with 404 or 405."""


def document(schemas: Mapping[str, Mapping[str, Any]]) -> Doc:
    """The document, with the data schema of each event type."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Event pipeline", "version": VERSION, "description": _DESCRIPTION},
        "paths": {
            "/events": {"post": _post_events(), "get": _get_events()},
            "/events/{name}": {"post": _post_event(sorted(schemas)), "get": _get_event()},
            "/state/{table}/{key}": {"get": _get_state()},
            "/state/{table}/{key}/history": {"get": _get_history()},
            "/health": {"get": _get("Whether requests arrive", "health", [], _object(status={"const": "ok"}))},
            "/openapi.json": {"get": _get("This document", "openapi", [], {"type": "object"})},
        },
        "components": {
            "schemas": {
                **{name: _data_schema(schema) for name, schema in schemas.items()},
                "CloudEvent": {
                    "oneOf": [_event_of(name) for name in schemas],
                    "examples": [
                        _example(name, data) for name, schema in schemas.items() for data in schema.get("examples", ())
                    ],
                },
                "Accepted": _object(accepted=_COUNT, ids={"type": "array", "items": _TEXT}),
                "Results": _results(),
                "Fault": _fault(),
                "Problem": _problem(),
                "Page": _object(
                    items={"type": "array", "items": {"type": "object"}}, next={"type": ["string", "null"]}
                ),
            }
        },
    }


def _post_events() -> Doc:
    event = _ref("CloudEvent")
    content: Doc = {
        "application/cloudevents+json": {"schema": event},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "maxItems": MAX_EVENTS, "items": event}},
        "application/x-ndjson": {"schema": {**_TEXT, "description": "One CloudEvent a line."}},
    }
    return _post("One event, a batch of them, or one a line", "postEvents", [_GZIP], content)


def _post_event(types: list[str]) -> Doc:
    parameters = [
        _GZIP,
        _in_path("name", "The type of the event.", {"enum": types}),
        _header("Idempotency-Key", "The id of the event; without one it is made anew each time.", MAX_ID_BYTES),
        _header("ce-subject", "What stays in order: its key. Percent-encoded, as the next two."),
        _header("ce-source", "Where it comes from."),
        _header("ce-time", "When it happened, RFC 3339; default: now."),
        _header("traceparent", "W3C Trace Context."),
    ]
    content = {BARE: {"schema": {"anyOf": [_ref(name) for name in types]}}}
    return _post("The data of one event of this type", "postEvent", parameters, content)


def _get_events() -> Doc:
    parameters = [
        _in_query("key", "The subject of the events, or the source of those without one.", required=True),
        _in_query("since", "From this time on (RFC 3339).", {"format": "date-time"}),
        _in_query("until", "Before this time (RFC 3339).", {"format": "date-time"}),
        _in_query("type", "Of this type only."),
        *_PAGING,
    ]
    return _get("The events of a key, newest first", "getEvents", parameters, _ref("Page"))


def _get_event() -> Doc:
    return _get("An event", "getEvent", [_in_path("name", "The id of the event.")], {"type": "object"}, _NOT_FOUND)


def _get_state() -> Doc:
    return _get("An entity as it is now", "getState", _ENTITY, {"type": "object"}, _NOT_FOUND)


def _get_history() -> Doc:
    summary = "The changes of an entity, oldest first"
    return _get(summary, "getHistory", [*_ENTITY, *_PAGING], _ref("Page"), _NOT_FOUND)


# parts of operations --------------------------------------------------------------------------------------------------


def _post(summary: str, name: str, parameters: list[Doc], content: Doc) -> Doc:
    problems = [
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONTENT_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        *_ANY_TIME,
    ]
    return {
        "summary": summary,
        "operationId": name,
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "202": _response("All are on the stream.", _ref("Accepted")),
            "207": _response("Some are on the stream; Retry-After when others can be sent again.", _ref("Results")),
            **_problems(problems),
        },
    }


def _get(summary: str, name: str, parameters: list[Doc], found: Doc, *more: HTTPStatus) -> Doc:
    return {
        "summary": summary,
        "operationId": name,
        "parameters": parameters,
        "responses": {
            "200": _response("What was asked for.", found),
            **_problems([HTTPStatus.BAD_REQUEST, *more, *_ANY_TIME]),
        },
    }


def _problems(statuses: list[HTTPStatus]) -> Doc:
    content = {MEDIA_TYPE: {"schema": _ref("Problem")}}
    found: Doc = {str(int(each)): {"description": _meaning(each), "content": content} for each in statuses}
    for status in {"429", "503"} & found.keys():
        found[status] = {**found[status], "headers": {"Retry-After": {"schema": {"type": "integer"}}}}
    # API Gateway's own answers: a request without authorization, and a function that failed.
    return found | {each: {"description": HTTPStatus(int(each)).phrase} for each in ("403", "502", "504")}


def _meaning(status: HTTPStatus) -> str:
    """What a status says; an outage is told soon, so that whoever waits can do something else."""
    text = {HTTPStatus.SERVICE_UNAVAILABLE: ": a service is out of reach or silent. Told within about ten seconds."}
    return status.phrase + text.get(status, "")


def _response(description: str, schema: Doc) -> Doc:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _in_path(name: str, description: str, schema: Doc | None = None) -> Doc:
    where: Doc = {"name": name, "in": "path", "required": True}
    return {**where, "description": description, "schema": _TEXT | (schema or {})}


def _in_query(name: str, description: str, schema: Doc | None = None, *, required: bool = False) -> Doc:
    where: Doc = {"name": name, "in": "query", "required": required}
    return {**where, "description": description, "schema": _TEXT | {"minLength": 1} | (schema or {})}


def _header(name: str, description: str, most: int | None = None) -> Doc:
    schema = _TEXT if most is None else {**_TEXT, "maxLength": most}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


# schemas --------------------------------------------------------------------------------------------------------------


def _object(**properties: Doc) -> Doc:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _fault() -> Doc:
    return _object(
        pointer={**_TEXT, "description": "A JSON pointer into the event; empty for all of it."},
        reason={"enum": [str(each) for each in Reason]},
        detail=_TEXT,
    )


def _results() -> Doc:
    result = _object(
        index={**_COUNT, "description": "The place of the event in the request; of NDJSON, blank lines left out."},
        id={"type": ["string", "null"]},
        status={"enum": [202, 400, 413, 429, 503]},
        errors={"type": "array", "maxItems": MAX_FAULTS, "items": _ref("Fault")},
    )
    return _object(accepted=_COUNT, refused=_COUNT, unsent=_COUNT, results={"type": "array", "items": result})


def _problem() -> Doc:
    error = {**_fault(), "properties": {**_fault()["properties"], "index": _COUNT}}
    return {
        "description": "RFC 9457.",
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "reason": {"enum": [str(each) for each in Reason]},
            "errors": {"type": "array", "maxItems": MAX_FAULTS, "items": error},
            "errors_left_out": {
                "type": "integer",
                "minimum": 1,
                "description": "How many more there are, when not all are listed.",
            },
        },
        "additionalProperties": False,
    }


def _event_of(name: str) -> Doc:
    """The envelope of one type, with its data."""
    return {**ENVELOPE, "properties": {**ENVELOPE["properties"], "type": {"const": name}, "data": _ref(name)}}


def _data_schema(schema: Mapping[str, Any]) -> Doc:
    """Without the examples of what is refused, which are for the tests."""
    return {name: value for name, value in schema.items() if name not in {"x-invalid-examples", "$schema"}}


def _example(name: str, data: Doc) -> Doc:
    return {
        "specversion": "1.0",
        "id": "0192f7a4-8c1e-7d3a-b2d1-5f0c9a7e4b63",
        "source": "//web-1/var/log/app.log",
        "type": name,
        "time": "2026-11-23T10:00:00.5Z",
        "subject": "web-1",
        "data": data,
    }


def _ref(name: str) -> Doc:
    return {"$ref": f"#/components/schemas/{name}"}


_NOT_FOUND: Final = HTTPStatus.NOT_FOUND
_ANY_TIME: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_GZIP: Final = {
    "name": "Content-Encoding",
    "in": "header",
    "required": False,
    "schema": {"enum": ["gzip", "identity"]},
}
_PAGING: Final = [
    _in_query(
        "limit", f"At most so many; default {DEFAULT_LIMIT}.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}
    ),
    _in_query("cursor", "The `next` of the page before."),
]
_ENTITY: Final = [
    _in_path("table", "The table that the entity is in."),
    _in_path(
        "key",
        "Its key, as the subject of its changes has it after the table: values in the order of their attributes' "
        "names, joined by %2F. In a value that was relayed from a table `/`, `%` and what is not ASCII are "
        "percent-encoded, and once more in a path: a/b is a%252Fb.",
    ),
]
