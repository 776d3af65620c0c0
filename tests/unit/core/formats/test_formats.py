"""What holds for every format."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from itertools import islice

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core import formats
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.lines import Line, Overlong
from pipeline.core.log_line import LogLines
from pipeline.errors import InputError
from pipeline.model import Event
from pipeline.project import SCHEMAS

SCHEMA = jsonschema_rs.validator_for(json.loads((SCHEMAS / "log.v1.json").read_text()))
LOG = LogLines("//h/app.log", now=lambda: datetime(2026, 11, 23, tzinfo=UTC), to_utc=lambda at: at.replace(tzinfo=UTC))
# What the formats are made of, so that generated inputs come near to each of them.
PIECES = (
    *("\n", "\r\n", " ", ",", ";", "\t", '"', '""', "\\", "\\x", "[", "]", "{", "}", ":", "=", "<", ">", "-"),
    *("<34>", "<34>1 ", "Nov 23 10:00:00 ", "2026-11-23T10:00:00.000Z ", "2026-11-23T10:00:00.1+01:00 "),
    *("web-1 su[7]: ", "[a ", ' k="v"', "- - - - - -", "a=1", 'a="b c"', '{"a":1}', '"level":"info"', "time,level\n"),
    *('h - - [23/Nov/2026:10:00:00 +0000] "GET /a?b HTTP/1.1" 200 5', ' "-" "x"', "ERROR: ", "1764000000"),
    *("é", "\0", "\u2028", "\x1c", "\x85", "\ufeff"),
)
INPUT = st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode) | st.binary() | st.text().map(str.encode)


def cut(name: str, text: bytes, *, limit_bytes: int = 100_000, step: int = 100_000) -> list[Line | Overlong]:
    framing = formats.framing(name, limit_bytes)
    blocks = [text[at : at + step] for at in range(0, len(text), step)]
    return [each for block in blocks for each in framing.feed(block)] + list(framing.end())


@pytest.mark.parametrize("name", formats.NAMES)
@given(text=INPUT, limit_bytes=st.sampled_from([20, 100_000]), step=st.integers(1, 30))
def test_blocks_do_not_matter(name: str, text: bytes, limit_bytes: int, step: int) -> None:
    """The same records come out however the bytes are cut, in their order, and are what the input has there."""
    records = cut(name, text, limit_bytes=limit_bytes)

    assert records == cut(name, text, limit_bytes=limit_bytes, step=step)
    assert sorted({each.offset for each in records}) == [each.offset for each in records]
    assert sorted({each.number for each in records}) == [each.number for each in records]
    for each in records:
        assert isinstance(each, Overlong) or len(each.content) <= limit_bytes
        assert isinstance(each, Overlong) or text.removeprefix(b"\xef\xbb\xbf").find(each.content) >= 0


@pytest.mark.parametrize("name", formats.NAMES)
@given(text=INPUT)
def test_no_text_is_lost(name: str, text: bytes) -> None:
    """What is in no record is only what separates them, and the header of CSV."""
    framing = formats.framing(name, 100_000)
    records = [*framing.feed(text), *framing.end()]
    kept = b"".join(each.content for each in records if isinstance(each, Line)) + framing.place.context

    separators = b"\r\n[],\xef\xbb\xbf \t" if name == "json" else b"\r\n\xef\xbb\xbf"
    header_rest = b" \t\v\f" if name == "csv" else b""  # a blank line before the header names nothing
    assert sorted(kept.translate(None, separators + header_rest)) == sorted(
        text.translate(None, separators + header_rest)
    ) or (name == "json" and framing.place.context)


@pytest.mark.parametrize("name", formats.NAMES)
@given(text=INPUT, stop=st.integers(0, 5))
def test_a_reader_goes_on_anywhere(name: str, text: bytes, stop: int) -> None:
    """A reader that starts at the place where another one stopped gives just what that one would have."""
    framing = formats.framing(name, 100_000)
    before = list(islice(framing.feed(text), stop))
    again = formats.framing(name, 100_000, framing.place)

    assert cut(name, text) == [*before, *again.feed(text[framing.place.offset :]), *again.end()]


@pytest.mark.parametrize("name", formats.NAMES)
@given(text=INPUT)
@example(text=b'{"level":"info","trace_id":"0af7651916cd43dd8448eb211c80319c"}')
@example(text=b'<34>1 - - - - - [origin ip="1" swVersion=""]')
@example(text=b"time,level\n1764000000,\n")
def test_any_input_is_valid_or_rejected(name: str, text: bytes) -> None:
    """Whatever the bytes: an event that is valid against the schema, the sender's own, or a rejection."""
    for line in cut(name, text):
        assert isinstance(line, Line)
        shipping = dataclasses.replace(LOG, format=name)  # anew: a line has the time of the one before it
        rejecting = dataclasses.replace(LOG, format=name, on_unparsed="reject")
        if not is_text(line.content):
            with pytest.raises(InputError, match="not UTF-8"):
                shipping.read(line)
            continue
        record = shipping.read(line).record
        assert isinstance(record, bytes) or SCHEMA.is_valid(record.data)
        is_unparsed = isinstance(record, Event) and "parse_error" in record.data.get("attributes", {})  # type: ignore[operator] # an object, by the schema
        if is_unparsed:
            with pytest.raises(InputError, match=f"not {name}: "):
                rejecting.read(line)
        else:
            assert record == rejecting.read(line).record


def is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


HOSTILE = [
    b"\\" * 200_000,
    b'"' * 200_000,
    b'a="' + b"\\" * 200_000,
    b"a=" * 100_000,
    b"a " * 100_000,
    b"[" * 200_000,
    b'{"a":' * 40_000,
    b"<34>1 - - - - - " + b'[a b="c"]' * 20_000 + b"x",
    b'<34>1 - - - - - [a b="' + b"\\]" * 100_000,
    b"Nov 23 10:00:00 " + b"a:" * 100_000,
    b"h - " + b"a [" * 60_000,
    b'h - - [23/Nov/2026:10:00:00 +0000] "' + b'a" "' * 50_000,
    b"a,b\n" + b'"",' * 60_000,
    b"a,b\n" + b',"' * 100_000,
    b" " * 200_000 + b"x",
    b"\n" * 5_000,
]


@pytest.mark.parametrize("name", formats.NAMES)
@pytest.mark.timeout(60)
def test_hostile_input_takes_no_longer(name: str) -> None:
    """No input makes a pattern try again and again: the time is that of its size."""
    log = dataclasses.replace(LOG, format=name)
    for text in HOSTILE:
        for line in cut(name, text, limit_bytes=MAX_RECORD_BYTES):
            if isinstance(line, Line):  # what would be a header of CSV is too long for one
                log.read(line)


def test_names() -> None:
    """The formats that can be set, the strictest first."""
    assert ("ndjson", "json", "syslog", "apache", "cloudwatch", "logfmt", "csv", "plain") == formats.NAMES
