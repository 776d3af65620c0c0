from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.validate import compile_schemas, validate
from pipeline.errors import Rejection
from pipeline.model import Event, Reason

if TYPE_CHECKING:
    from pipeline.model import Json

VALIDATORS = compile_schemas(
    {
        "log.v1": {
            "type": "object",
            "required": ["body"],
            "properties": {
                "body": {"type": "string"},
                "at": {"format": "date-time"},
                "tags": {"items": {"minimum": 3}},
            },
        },
        "change.v1": {"type": "object"},
    }
)


def an_event(data: dict[str, Json], *, of: str = "log.v1") -> Event:
    return Event("1", "//a", of, "2026-11-23T10:00:00Z", data)


def rejection_of(event: Event) -> tuple[Reason, str]:
    with pytest.raises(Rejection) as caught:
        validate(event, VALIDATORS)
    return caught.value.reason, caught.value.detail


def test_valid() -> None:
    """Data that follow their schema pass."""
    validate(an_event({"body": "x", "at": "2026-11-23T10:00:00Z"}), VALIDATORS)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({}, '/data: "body" is a required property [required]'),
        ({"body": 7}, '/data/body: the value is not of type "string" [type]'),
        ({"body": "x", "at": "now"}, '/data/at: the value is not a "date-time" [format]'),
        ({"body": "x", "tags": [3, 2]}, "/data/tags/1: the value is less than the minimum of 3 [minimum]"),
    ],
)
def test_invalid(data: dict[str, Json], detail: str) -> None:
    """The detail names the JSON pointer and the rule."""
    assert (Reason.SCHEMA_INVALID, detail) == rejection_of(an_event(data))


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("log.v2", "type 'log.v2' has no schema; did you mean log.v1?"),
        ("chang.v1", "type 'chang.v1' has no schema; did you mean change.v1?"),
        ("§§§", "type '§§§' has no schema; known: change.v1, log.v1"),
    ],
)
def test_unknown_type(name: str, detail: str) -> None:
    """A type without a schema is rejected with the closest one that has it."""
    assert (Reason.UNKNOWN_TYPE, detail) == rejection_of(an_event({}, of=name))


@pytest.mark.parametrize("schema", [{"type": "thing"}, {"pattern": "("}])
def test_not_a_schema(schema: dict[str, Any]) -> None:
    """A schema that is none is found when it is compiled."""
    with pytest.raises(ValueError, match=r"anyOf|regex"):
        compile_schemas({"log.v1": schema})
