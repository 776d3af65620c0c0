"""logfmt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.formats.logfmt import parse
from pipeline.core.formats.parsed import ANY_TIME, Parsed
from pipeline.core.lines import Line
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.model import Json


def read(text: str) -> Parsed:
    return parse(Line(1, 0, text.encode()), ANY_TIME)


@pytest.mark.parametrize(
    ("line", "time", "expected"),
    [
        (
            'time=2026-11-23T10:00:00Z level=warn msg="order taken" total=12.5 cached',
            "2026-11-23T10:00:00Z",
            {
                "body": "order taken",
                "severity_text": "warn",
                "attributes": {"total": "12.5", "cached": True},
            },
        ),
        (
            "ts=1764000000.25 message=x trace_id=0AF7651916CD43DD8448EB211C80319C spanId=b7ad6b7169203331",
            "2025-11-24T16:00:00.250000Z",
            {"body": "x", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"},
        ),
        (
            'at=info path=/?a=b  a=1 a=2 a=3 empty= q=""',
            None,
            {
                "body": 'at=info path=/?a=b  a=1 a=2 a=3 empty= q=""',
                "attributes": {"at": "info", "path": "/?a=b", "a": ["1", "2", "3"], "empty": "", "q": ""},
            },
        ),
        (
            r'a="\"\\\n\u00e9" b="\x41" time=noon trace_id=7',
            None,
            {
                "body": r'a="\"\\\n\u00e9" b="\x41" time=noon trace_id=7',
                "attributes": {"a": '"\\\né', "b": r"\x41", "time": "noon", "trace_id": "7"},
            },
        ),
        (" msg msg=x ", None, {"body": " msg msg=x ", "attributes": {"msg": [True, "x"]}}),
    ],
    ids=["logrus", "trace", "heroku", "escapes, and fields that say nothing", "message that is no text"],
)
def test_lines(line: str, time: str | None, expected: dict[str, Json]) -> None:
    """The message is the body; what is read as time, severity and trace is no attribute; the rest is."""
    found = read(line)

    assert (time, expected) == (found.time, found.data())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "0 words and 0 key=value: prose"),
        ("started", "1 words and 0 key=value: prose"),
        ("it was a=b then", "3 words and 1 key=value: prose"),
        ('a="b', "no key=value at character 0"),
        ('a="b"c', "no key=value at character 0"),
        ("a=b =c", "no key=value at character 3"),
        ('a=b"c', "no key=value at character 0"),
    ],
)
def test_what_is_no_logfmt(line: str, why: str) -> None:
    """It is said where it stops to be."""
    with pytest.raises(InputError, match=why):
        read(line)


KEY = st.text(st.characters(codec="utf-8", categories=["L", "N", "S", "P"], exclude_characters='="'), min_size=1)
VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\n"))


@given(st.dictionaries(KEY.map(lambda key: f"x{key}"), VALUE, min_size=1))
def test_what_is_written_is_read(fields: dict[str, str]) -> None:
    """Whatever the pairs, quoted as JSON text is, they are what is read."""
    line = " ".join(f"{key}={orjson.dumps(value).decode()}" for key, value in fields.items())

    assert fields == read(line).fields
    assert fields == read(line).attributes
