"""Records → a schema: what is claimed, what is not, and that every record follows it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.schema.inference import MAX_ENUM_CHARACTERS, MAX_ENUM_VALUES, MAX_FIELDS, MAX_PROPERTIES, Field, infer
from pipeline.schema.lint import lint
from pipeline.schema.proposal import proposal
from pipeline.schema.records import MAX_TOLD, Records

if TYPE_CHECKING:
    from pipeline.model import Json

TIMES = 5 * MAX_ENUM_VALUES


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a"], {"type": "string"}),
        ([1, 2], {"type": "integer"}),
        ([1, 2.5], {"type": "number"}),
        ([True, None], {"type": ["boolean", "null"]}),
        (["a", None, 7], {"type": ["string", "integer", "null"]}),
        ([None, None], {}),
        ([[], []], {"type": "array"}),
        ([[1], [None, 2]], {"type": "array", "items": {"type": ["integer", "null"]}}),
        ([{}], {"type": "object"}),
        ([{"b": 1}, {"b": 2}], {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}}),
        ([{"b": 1}, {}], {"type": "object", "properties": {"b": {"type": "integer"}}}),
        (
            [[{"b": 1}, {"b": 1}], [{"b": None}]],
            {
                "type": "array",
                "items": {"type": "object", "required": ["b"], "properties": {"b": {"type": ["integer", "null"]}}},
            },
        ),
        (["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00"], {"type": "string", "format": "date-time"}),
        (["2026-01-01"], {"type": "string", "format": "date"}),
        (["2026-01-01", "2026-01-01T00:00:00Z"], {"type": "string"}),
        (["0192f7a4-8c1e-7d3a-b2d1-5f0c9a7e4b63", None], {"type": ["string", "null"], "format": "uuid"}),
        (["10.0.0.1"], {"type": "string", "format": "ipv4"}),
        (["::1"], {"type": "string", "format": "ipv6"}),
        (["10.0.0.1", "::1"], {"type": "string"}),
        (["a@b.example"], {"type": "string", "format": "email"}),
        (["https://a.example/b"], {"type": "string", "format": "uri"}),
        (["a:b"], {"type": "string"}),
        ([""], {"type": "string"}),
        (["b", "a"] * 5, {"type": "string", "enum": ["a", "b"]}),
        (["b", "a", None] * 5, {"type": ["string", "null"], "enum": ["a", "b", None]}),
        (["b", "a"] * 4, {"type": "string"}),
        (["a"] * 100, {"type": "string"}),
        (["b", "a", 1] * 5, {"type": ["string", "integer"]}),
        ([str(n) for n in range(MAX_ENUM_VALUES)] * 5, {"type": "string", "enum": sorted("0123456789")}),
        ([str(n) for n in range(MAX_ENUM_VALUES + 1)] * 5, {"type": "string"}),
        (["x" * (MAX_ENUM_CHARACTERS + 1), "y"] * 5, {"type": "string"}),
    ],
)
def test_a_field(values: list[Json], expected: dict[str, Any]) -> None:
    """What all values agree on; no range, no length, nothing of what was always null."""
    found = infer({"a": each} for each in values).schema()["properties"]["a"]
    assert expected == found


def test_many_names_are_a_map() -> None:
    """Names that are data do not become properties, and the memory for them has an end."""
    found = infer({"counts": {f"page-{n}": n}} for n in range(MAX_PROPERTIES + 1)).schema()
    assert {"type": "object", "additionalProperties": {"type": "integer"}} == found["properties"]["counts"]


def test_many_fields_are_maps() -> None:
    """Over the whole schema so many are told apart, and no more."""
    root = infer({f"a{n}": {f"b{m}": {f"c{m}": m} for m in range(MAX_PROPERTIES)}} for n in range(MAX_PROPERTIES))
    assert 0 == root.room.fields
    assert MAX_FIELDS >= fields(root)


def fields(each: Field) -> int:
    inner = [*each.properties.values(), *filter(None, (each.values, each.items))]
    return len(inner) + sum(map(fields, inner))


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"a": [found]}
    return found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "b", "2026-01-01", "::1", "a@b.example"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c/d"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "", "x~y"]), JSON, max_size=4), min_size=1, max_size=12)


@given(RECORDS, st.booleans())
def test_every_record_follows_it(records: list[dict[str, Json]], is_real: bool) -> None:  # noqa: FBT001 - drawn
    """And it passes the check as it is; the same records give the same schema."""
    schema = proposal("a.v1", "An a.", infer(records).schema(), records[:3] if is_real else ())
    assert [] == lint("a.v1", schema)
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [] == [each for each in records if not validator.is_valid(each)]
    assert schema == proposal("a.v1", "An a.", infer(records).schema(), records[:3] if is_real else ())


@given(RECORDS, RECORDS)
def test_merging(one: list[dict[str, Json]], other: list[dict[str, Json]]) -> None:
    """Fields that become one say what they would of all of their values."""
    merged = infer(one)
    merged.merge(infer(other))
    both = jsonschema_rs.Draft202012Validator(merged.schema(), validate_formats=True)
    assert [] == [each for each in [*one, *other] if not both.is_valid(each)]


@pytest.mark.parametrize("levels", [1, 10, 30, 200])
def test_nesting(levels: int) -> None:
    """However deep it goes, it passes the check; below the last level anything is taken."""
    schema = proposal("a.v1", "An a.", infer([nested(levels)]).schema())
    assert [] == lint("a.v1", schema)


def test_examples_are_made_up() -> None:
    """Nothing of a text is found in the proposal, unless it is one of an enum; with examples, it is."""
    records: list[dict[str, Json]] = [{"card": "4111-1111", "mail": "ada@shop.example", "at": None, "m": {}}]
    schema = infer(records).schema()
    assert (False, True) == tuple(
        "4111" in orjson.dumps(proposal("a.v1", "An a.", schema, given)).decode() for given in ((), records)
    )


# Reading --------------------------------------------------------------------------------------------------------------


def read(content: bytes) -> tuple[list[dict[str, Json]], Records]:
    records = Records(io.BytesIO(content))
    return list(records), records


def test_lines() -> None:
    """Blank lines, a byte order mark and a missing end of line are nothing special; an event counts by its data."""
    event = orjson.dumps({"specversion": "1.0", "data": {"b": 2}})
    found, records = read(b'\xef\xbb\xbf{"a": 1}\r\n\n \n' + event + b'\n{"specversion": 1}')
    assert ([{"a": 1}, {"b": 2}, {"specversion": 1}], 3, 0) == (found, records.good, records.bad)


def test_bad_lines() -> None:
    """They are counted, the first are told with their numbers, and the others are read."""
    bad = [b"{", b"[1]", b"\xff", b'{"a": 1, "a": 2}', b'{"a": 1e999}', b"7"]
    found, records = read(b'{"a": 1}\n' + b"\n".join(bad) + b'\n{"a": 2}\n')
    assert ([{"a": 1}, {"a": 2}], len(bad)) == (found, records.bad)
    assert MAX_TOLD == len(records.told)
    reasons = ["not_json", "not_an_event", "not_utf8", "duplicate_key"]
    assert [f"line {number}: {reason}" for number, reason in enumerate(reasons, 2)] == [
        ": ".join(each.split(": ")[:2]) for each in records.told[:4]
    ]


def test_a_long_line() -> None:
    """One that no record can be is passed over, and not kept; the next is read."""
    found, records = read(b'{"a": "' + b"x" * (2 * MAX_RECORD_BYTES) + b'"}\n{"a": 1}')
    assert ([{"a": 1}], ["line 1: too_large"]) == (found, [each[:17] for each in records.told])
