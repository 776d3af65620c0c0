"""What the function is invoked with → where to begin."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.lines import Place
from pipeline.errors import Misconfiguration
from pipeline.model import ObjectVersion
from pipeline.sources.drop.notification import Start, continuation, starts
from tests.unit.sources.drop.bench import created

KEYS = ["a.log", "with space.log", "a+b=c.log", "100%.log", "%41.log", "Grüße/日本.log", "a\nb"]


def notified(name: str, event: str = "ObjectCreated:Put", **about: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A record as S3 itself sends it: the key is URL-encoded, and a blank is a plus."""
    written = {"key": quote_plus(name), "size": 3, "eTag": "e1", "versionId": "v1", "sequencer": "00", **about}
    return {"eventSource": "aws:s3", "eventName": event, "s3": {"bucket": {"name": "drop"}, "object": written}}


@pytest.mark.parametrize("key", KEYS)
def test_keys(key: str) -> None:
    """A key is the same whichever way it was told: S3 encodes it, EventBridge does not."""
    expected = [Start(ObjectVersion("drop", key, "v1", "e1"), 3)]

    assert expected == starts({"Records": [notified(key)]})
    assert expected == [each._replace(decoded_key=None) for each in starts(created(key, 3))]


def test_several_records() -> None:
    """Each object that was written is one to read; one that was removed is none."""
    event = {"Records": [notified("a"), notified("b", "ObjectRemoved:DeleteMarkerCreated"), notified("c")]}
    assert ["a", "c"] == [each.at.key for each in starts(event)]


def test_a_bucket_without_versions() -> None:
    """The ETag alone tells what was written."""
    record = notified("a", eTag='"e1"')
    del record["s3"]["object"]["versionId"]
    assert [ObjectVersion("drop", "a", None, "e1")] == [each.at for each in starts({"Records": [record]})]


@given(
    key=st.text(min_size=1),
    place=st.builds(Place, st.integers(0, 2**53), st.integers(0, 2**53), st.binary()),
    version=st.none() | st.text(min_size=1),
    is_packed=st.booleans(),
    is_blank=st.booleans(),
)
def test_a_continuation_comes_back_as_it_went(
    key: str, place: Place, version: str | None, *, is_packed: bool, is_blank: bool
) -> None:
    """As JSON, which Lambda carries."""
    at, time = ObjectVersion("drop", key, version, "e"), "2026-11-23T10:00:00Z"
    start = Start(at, 9, place, "csv", is_packed=is_packed, bad_lines=3, is_blank=is_blank, time=time)
    carried = orjson.loads(orjson.dumps(continuation(start)))
    assert [start] == starts(carried)


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"eventSource": "aws:s3"}]},
        {"Records": [notified("x", key="%FF")]},
        {"detail": {"bucket": {"name": "drop"}, "object": {"key": ""}}},
        {"continue": {"bucket": "drop"}},
        {"continue": None},
        {},
    ],
    ids=["no name", "no UTF-8", "no key", "half", "nothing to go on with", "nothing"],
)
def test_another_shape(event: dict[str, Any]) -> None:
    """It is raised: nobody can know what was meant."""
    with pytest.raises(Misconfiguration, match="what invokes the function"):
        starts(event)
