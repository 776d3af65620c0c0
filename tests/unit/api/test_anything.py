"""Whatever is sent, the answer is a documented one: `Bench` holds each against the OpenAPI document."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.testing.api_events import api_event
from pipeline.testing.kinesis import FakeStream, Refuse
from pipeline.testing.lambda_events import log_event
from tests.unit.api.bench import BATCH, CLOUDEVENT, JSON, NDJSON, Bench

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
ATTRIBUTES = ["specversion", "id", "source", "type", "time", "subject", "traceparent", "data", "dataref", "extra"]
KNOWN = st.sampled_from(["1.0", "log.v1", "change.v1", "", "web-1", "2026-11-23T10:00:00Z"])


@st.composite
def events(draw: st.DrawFn) -> Any:  # noqa: ANN401 - JSON
    """A good event with some attributes or data of any kind in place of its own."""
    event: dict[str, Any] = log_event(draw(st.text(min_size=1, max_size=3)))
    changed = draw(st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES | KNOWN, max_size=2))
    data = draw(st.dictionaries(st.sampled_from(["body", "severity_number", "attributes", "x"]), VALUES, max_size=2))
    return {**event, "data": {**event["data"], **data}, **changed}


def written(value: object) -> bytes:
    """As JSON; what no JSON can hold is left out."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"{"


BODIES = st.binary() | VALUES.map(written) | events().map(written) | st.lists(events()).map(written)
BODIES |= st.lists(events().map(written) | st.binary()).map(b"\n".join)
TYPES = st.sampled_from([CLOUDEVENT, BATCH, NDJSON, JSON]) | st.text(max_size=20)


@given(BODIES, TYPES, st.sampled_from(["identity", "gzip", "x"]), st.booleans())
def test_any_body(body: bytes, media_type: str, encoding: str, is_packed: bool) -> None:  # noqa: FBT001 - drawn
    """Any body in any type and encoding is accepted or refused, and only what is accepted is on the stream."""
    bench = Bench(FakeStream([Refuse(frozenset({0}))] * 9), call_seconds=0.5)
    sent = gzip.compress(body, 1) if is_packed else body
    answer = bench.post(sent, media_type, Content_Encoding=encoding)
    accepted = answer.body.get("accepted", 0)
    assert answer.status < 500
    assert len(bench.stream.records) == accepted


@given(VALUES.map(written) | st.binary(), st.text(min_size=1), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_bare_data(body: bytes, name: str, headers: dict[str, str]) -> None:
    """Any data of any type, with any headers, are accepted or refused."""
    named = {"Content-Type": JSON, **headers}
    answer = Bench().answer(api_event("POST", "/events/{name}", {"name": name}, headers=named, body=body))
    assert answer.status in {202, 400, 413, 415}


@given(st.sampled_from(["Idempotency-Key", "ce-subject", "ce-source", "ce-time", "traceparent"]), st.text())
def test_any_header(header: str, value: str) -> None:
    """A header that makes an attribute holds anything, and never breaks the function."""
    sent = {"Content-Type": JSON, header: value}
    answer = Bench().answer(
        api_event("POST", "/events/{name}", {"name": "log.v1"}, headers=sent, body=b'{"body": "x"}')
    )
    assert answer.status in {202, 400}


PARAMETERS = st.sampled_from(["key", "since", "until", "type", "limit", "cursor"]) | st.text(max_size=5)
ANY_QUERY = st.dictionaries(PARAMETERS, st.lists(st.text(max_size=8) | KNOWN, min_size=1, max_size=2))


@pytest.mark.parametrize(
    "resource", ["/events", "/events/{name}", "/state/{table}/{key}", "/state/{table}/{key}/history"]
)
@given(st.text(), st.text(), ANY_QUERY)
def test_any_question(resource: str, one: str, two: str, query: dict[str, list[str]]) -> None:
    """Any path and any parameters are answered, not found or refused."""
    path = {"name": one, "table": one, "key": two}
    inside = {name: value for name, value in path.items() if f"{{{name}}}" in resource}
    assert Bench().answer(api_event("GET", resource, inside, query=query)).status in {200, 400, 404}
