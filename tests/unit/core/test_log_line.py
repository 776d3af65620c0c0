"""A line of a log → an event."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import formats
from pipeline.core.lines import Line, Splitter
from pipeline.core.log_line import LogLines, Shipment
from pipeline.core.violation import compiled
from pipeline.errors import InputError
from pipeline.model import Event
from pipeline.project import SCHEMAS

if TYPE_CHECKING:
    from pipeline.model import Json

MODIFIED_AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def as_utc(local: datetime) -> datetime:
    return local.replace(tzinfo=UTC)


LOG = LogLines("//web-1/var/log/app.log", now=lambda: MODIFIED_AT, to_utc=as_utc)
LOG_ID = hashlib.blake2b(b"//web-1/var/log/app.log\n", digest_size=8).hexdigest()


def read(*lines: str | bytes, log: LogLines = LOG) -> list[Shipment]:
    """The lines as one input."""
    text = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    log = dataclasses.replace(log)
    return [log.read(line) for line in Splitter(10_000).feed(text) if isinstance(line, Line)]


def events(*lines: str, log: LogLines = LOG) -> list[Event]:
    return [each.record for each in read(*lines, log=log) if isinstance(each.record, Event)]


def event(line: str, log: LogLines = LOG) -> Event:
    (found,) = events(line, log=log)
    return found


def data(line: str) -> dict[str, Json]:
    return event(line).data


@pytest.mark.parametrize(
    ("line", "time", "expected"),
    [
        ("started", "2026-11-23T18:00:00Z", {"body": "started"}),
        (
            "2025-06-24 14:36:25 startup archives unpack",
            "2025-06-24T14:36:25Z",
            {"body": "2025-06-24 14:36:25 startup archives unpack"},
        ),
        (
            "2026-11-23T10:00:00.123  INFO --- [  MainThread] Ready.",
            "2026-11-23T10:00:00.123Z",
            {"body": "2026-11-23T10:00:00.123  INFO --- [  MainThread] Ready.", "severity_text": "INFO"},
        ),
        (
            '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /x HTTP/1.1" 500 1 "-" "ERROR: bot"',
            "2015-05-17T10:05:03+00:00",
            {"body": '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /x HTTP/1.1" 500 1 "-" "ERROR: bot"'},
        ),
        (
            '{"ts": 1764000000, "level": "warn", "msg": "low", "n": 1.5}',
            "2025-11-24T16:00:00Z",
            {"body": {"ts": 1764000000, "level": "warn", "msg": "low", "n": 1.5}, "severity_text": "warn"},
        ),
        (
            '{"time": "2026-11-23T10:00:00Z", "severity": "ERROR", "level": "info"}',
            "2026-11-23T10:00:00Z",
            {
                "body": {"time": "2026-11-23T10:00:00Z", "severity": "ERROR", "level": "info"},
                "severity_text": "ERROR",
            },
        ),
        ('{"time": "noon", "level": 30}', "2026-11-23T18:00:00Z", {"body": {"time": "noon", "level": 30}}),
        ('{"level": ""}', "2026-11-23T18:00:00Z", {"body": {"level": ""}}),
        ('{"level": "' + "x" * 65 + '"}', "2026-11-23T18:00:00Z", {"body": {"level": "x" * 65}}),
        ("{}", "2026-11-23T18:00:00Z", {"body": {}}),
        ("[1, 2]", "2026-11-23T18:00:00Z", {"body": "[1, 2]"}),
        ('"text"', "2026-11-23T18:00:00Z", {"body": '"text"'}),
        ("{broken", "2026-11-23T18:00:00Z", {"body": "{broken"}),
        ('{"a": NaN}', "2026-11-23T18:00:00Z", {"body": '{"a": NaN}'}),
        ('{"a": "\\ud800"}', "2026-11-23T18:00:00Z", {"body": '{"a": "\\ud800"}'}),
        (
            '{"id": 18446744073709551616, "level": "info", "ts": 1764000000}',
            "2025-11-24T16:00:00Z",
            {"body": '{"id": 18446744073709551616, "level": "info", "ts": 1764000000}', "severity_text": "info"},
        ),
        ('{"n": 1e999, "level": "info"}', "2026-11-23T18:00:00Z", {"body": '{"n": 1e999, "level": "info"}'}),
    ],
    ids=[
        "text",
        "dpkg",
        "severity",
        "access log",
        "structured",
        "first field wins",
        "fields that say nothing",
        "empty level",
        "long level",
        "empty object",
        "array",
        "string",
        "broken",
        "NaN",
        "lone surrogate",
        "number beyond 64 bits",
        "number beyond every float",
    ],
)
def test_lines(line: str, time: str, expected: dict[str, Json]) -> None:
    """The body is the line, whole; time and severity are what it says of itself."""
    found = event(line)

    assert (time, expected) == (found.time, found.data)
    assert ("//web-1/var/log/app.log", "log.v1", None) == (found.source, found.type, found.subject)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\0"), min_size=1))
def test_any_line_is_valid_against_the_schema(text: str) -> None:
    """Whatever the text, what is shipped is a log.v1 event, or the sender's own."""
    schema = json.loads((SCHEMAS / "log.v1.json").read_text())
    (shipment,) = read(text)

    assert isinstance(shipment.record, bytes) or jsonschema_rs.is_valid(schema, shipment.record.data)


def test_severity_is_looked_for_behind_the_time() -> None:
    """The window of a hundred characters starts where the time ends."""
    assert {"body": "Nov 23 10:00:00 host app: ERROR x", "severity_text": "ERROR"} == data(
        "Nov 23 10:00:00 host app: ERROR x"
    )


def test_lines_without_a_time_have_that_of_the_line_before() -> None:
    """A stack trace stays with its first line; lines before the first time have the input's."""
    found = events("header", "2026-11-23 10:00:00 ERROR x", "  at f()", "  at g()", "2026-11-23 10:00:01 y")

    assert [
        "2026-11-23T18:00:00Z",
        "2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00Z",
        "2026-11-23T10:00:01Z",
    ] == [each.time for each in found]


def test_in_a_live_stream_a_late_line_has_the_time_it_came_at() -> None:
    """A line that follows a dated one by more than a second does not continue it."""
    clock = iter([MODIFIED_AT + timedelta(seconds=seconds) for seconds in (0, 1, 2)])
    log = dataclasses.replace(LOG, now=lambda: next(clock))

    assert ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T18:00:02Z"] == [
        each.time for each in events("2026-11-23 10:00:00 dated", "soon after", "late", log=log)
    ]


def test_same_input_twice_gives_the_same_events() -> None:
    """Ids, times and data: the second time nothing is different, so it has no effect."""
    lines = ("one", "2026-11-23 10:00:00 two", '{"three": 3}', "one")

    assert read(*lines) == read(*lines)


def test_equal_lines_are_different_events() -> None:
    """A line that is there twice is two records."""
    one, two = events("same", "same")

    assert one.id != two.id


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(LOG, source="//web-2/var/log/app.log"),
        dataclasses.replace(LOG, salt="another run"),
    ],
    ids=["source", "salt"],
)
def test_id_tells_inputs_apart(other: LogLines) -> None:
    """The same line of another file, or of another run on stdin, is another record."""
    assert event("same").id != event("same", log=other).id


def test_id_tells_what_was_rewritten_apart() -> None:
    """Another content at the same place is another record."""
    assert event("before").id != event("after").id


def test_ids_sort_as_the_lines_stand() -> None:
    """Lines of one time keep their order where they are sorted by time and id."""
    ids = [each.id for each in events(*(f"line {number}" for number in range(200)))]

    assert sorted(ids) == ids


def test_a_line_has_a_key_of_its_own() -> None:
    """So that 500 lines share a call; the order is in time and id."""
    shipments = read("a", "b")

    assert [each.record.id for each in shipments if isinstance(each.record, Event)] == [each.key for each in shipments]
    assert 2 == len({each.key for each in shipments})


def test_ordered_input_is_one_subject() -> None:
    """On request, a whole file is in order: text, objects, and events without a subject of their own."""
    shipments = read(
        "a",
        '{"b": 1}',
        '{"specversion": "1.0"}',
        '{"specversion": "1.0", "subject": "own"}',
        log=dataclasses.replace(LOG, is_ordered=True),
    )

    assert [LOG.source, LOG.source, LOG.source, "own"] == [each.key for each in shipments]
    assert [LOG.source, LOG.source] == [each.record.subject for each in shipments if isinstance(each.record, Event)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"user": "eve"}', "eve"),
        ('{"user": 42}', "42"),
        ('{"user": 1.5}', "1.5"),
        ('{"user": ""}', None),
        ('{"user": null}', None),
        ('{"user": true}', None),
        ('{"user": {"id": 1}}', None),
        ('{"other": "eve"}', None),
        ("user eve", None),
    ],
)
def test_key_field_is_the_subject(line: str, expected: str | None) -> None:
    """The field's text or number is what the line is in order with; a line without it has no order."""
    (shipment,) = read(line, log=dataclasses.replace(LOG, key_field="user"))

    assert isinstance(shipment.record, Event)
    assert expected == shipment.record.subject
    assert (expected or shipment.record.id) == shipment.key


@pytest.mark.parametrize(("length", "is_fine"), [(1024, True), (1025, False)])
def test_key_has_a_limit(length: int, is_fine: bool) -> None:  # noqa: FBT001 - a table
    """A key that the pipeline would not take is refused at once, by name."""
    log, line = dataclasses.replace(LOG, key_field="user"), json.dumps({"user": "x" * length})
    if is_fine:
        assert "x" * length == event(line, log=log).subject
    else:
        with pytest.raises(InputError, match="its user is longer than the 1,024 bytes of a key"):
            read(line, log=log)


def test_an_event_travels_as_it_is() -> None:
    """Byte for byte, also one that the pipeline will refuse; its subject is its key."""
    line = '{ "specversion":"9", "type":"wrong", "n":18446744073709551616, "subject":"s" }'
    (shipment,) = read(line)

    assert Shipment(line.encode(), "s") == shipment


@pytest.mark.parametrize("subject", ["", 7, None])
def test_an_event_without_a_usable_subject_has_a_key_of_its_own(subject: Json) -> None:
    """Two of them are in order with nothing."""
    line = orjson.dumps({"specversion": "1.0", "subject": subject})
    one, two = read(line, line)

    assert line == one.record
    assert one.key != two.key


def test_raw_lines_travel_as_they_are() -> None:
    """No envelope, whatever they are; not even UTF-8 is asked for."""
    shipments = read("not JSON", b"\xff\xfe", '{"a": 1}', log=dataclasses.replace(LOG, is_raw=True))

    assert [b"not JSON", b"\xff\xfe", b'{"a": 1}'] == [each.record for each in shipments]
    assert 3 == len({each.key for each in shipments})


def test_raw_lines_can_be_in_order() -> None:
    """Then all have the source as their key."""
    log = dataclasses.replace(LOG, is_raw=True, is_ordered=True)

    assert [LOG.source] * 2 == [each.key for each in read("a", "b", log=log)]


def test_lines_of_another_type_are_its_data() -> None:
    """A JSON object is the data as it is; its own time is the event's."""
    log = dataclasses.replace(LOG, event_type="change.v1", key_field="id")
    found = event('{"op": "c", "id": "7", "ts": 1764000000}', log=log)

    assert ("change.v1", "7", "2025-11-24T16:00:00Z") == (found.type, found.subject, found.time)
    assert {"op": "c", "id": "7", "ts": 1764000000} == found.data


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("text", "no JSON object, row of CSV or line of a known log, so it is no data of change.v1"),
        ("[1]", "no JSON object, row of CSV or line of a known log, so it is no data of change.v1"),
        ('{"n": 18446744073709551616}', "an integer has more than 64 bits; send it as text"),
    ],
)
def test_lines_that_are_no_data_of_another_type(line: str, expected: str) -> None:
    """They are refused, and it is said why."""
    with pytest.raises(InputError, match=expected):
        event(line, log=dataclasses.replace(LOG, event_type="change.v1"))


@pytest.mark.parametrize(
    ("line_format", "line", "body", "attribute"),
    [
        ("apache", '10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5', None, "client.address"),
        ("syslog", "<34>Nov 23 10:00:00 web-1 su[711]: failed", "failed", "syslog.facility.code"),
        ("logfmt", "user=eve msg=paid", "paid", "user"),
    ],
)
def test_lines_of_a_log_are_log_data_of_any_type(line_format: str, line: str, body: str | None, attribute: str) -> None:
    """Their fields are attributes, as they are of log.v1."""
    found = event(line, log=dataclasses.replace(LOG, format=line_format, event_type="access_log.v1"))
    same = event(line, log=dataclasses.replace(LOG, format=line_format))

    assert "access_log.v1" == found.type
    assert (body or line) == found.data["body"]
    assert attribute in orjson.dumps(found.data["attributes"]).decode()
    assert same.data == found.data


def test_log_data_that_are_none_of_the_type() -> None:
    """Where it is asked for, they are refused at once, by the rule that they break."""
    schema = {"required": ["order"]}
    log = dataclasses.replace(LOG, format="logfmt", event_type="order.v1", validator=compiled(schema))
    with pytest.raises(
        InputError, match=r'^a line of a log is no data of order.v1: "order" is a required property \[required\]$'
    ):
        event("order=7 msg=paid", log=log)

    assert "paid" == event("order=7 msg=paid", log=dataclasses.replace(log, validator=compiled({}))).data["body"]


ACCESS = '10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 512'


def test_lines_of_a_format() -> None:
    """The line is what the format makes of it: its time is the event's, and the rest the data."""
    found = event("<34>Nov 23 10:00:00 web-1 su[711]: failed", log=dataclasses.replace(LOG, format="syslog"))

    assert "2026-11-23T10:00:00Z" == found.time
    assert {
        "body": "failed",
        "severity_text": "crit",
        "severity_number": 18,
        "attributes": {"syslog.facility.code": 4},
        "resource": {"host.name": "web-1", "service.name": "su", "process.pid": 711},
    } == found.data


def test_lines_that_are_not_of_the_format_are_text() -> None:
    """They say why, and have the time and the severity that they name, or the time of the line before."""
    log = dataclasses.replace(LOG, format="apache")
    _, first, second = events(ACCESS, "2026-11-23 10:00:05 ERROR lost", '{"a": 1}', log=log)
    why = {"parse_error": 'not as in: host ident user [time] "request" status bytes "referer" "agent"'}

    assert ("2026-11-23T10:00:05Z", "2026-11-23T10:00:05Z") == (first.time, second.time)
    assert {"body": "2026-11-23 10:00:05 ERROR lost", "severity_text": "ERROR", "attributes": why} == first.data
    assert {"body": '{"a": 1}', "attributes": why} == second.data


@pytest.mark.parametrize(
    ("line_format", "event_type"), [("ndjson", "log.v1"), ("ndjson", "change.v1"), ("json", "change.v1")]
)
def test_lines_that_are_not_of_the_format_can_be_rejected(line_format: str, event_type: str) -> None:
    """On request, and always where a text is no data, it is said what they are not, and why."""
    on_unparsed: Literal["text", "reject"] = "reject" if event_type == "log.v1" else "text"
    log = dataclasses.replace(LOG, format=line_format, event_type=event_type, on_unparsed=on_unparsed)

    with pytest.raises(InputError, match=f"not {line_format}: a JSON value that is no object"):
        read("[1]", log=log)


def test_the_format_does_not_change_the_id() -> None:
    """The same line of the same file is the same record, whatever it was taken for."""
    ids = {event(ACCESS, log=dataclasses.replace(LOG, format=name)).id for name in ("plain", "apache", "syslog")}

    assert {f"{LOG_ID}-000000000000-{hashlib.blake2b(ACCESS.encode(), digest_size=8).hexdigest()}"} == ids


@pytest.mark.parametrize(
    ("line_format", "line", "key_field", "expected"),
    [
        ("apache", ACCESS, "client.address", "10.0.0.1"),
        ("apache", ACCESS, "http.response.status_code", "200"),
        ("syslog", "<34>Nov 23 10:00:00 web-1 su[711]: x", "process.pid", "711"),
        ("logfmt", "user=eve msg=x", "user", "eve"),
        ("logfmt", "user=eve msg=x", "msg", "x"),
        ("syslog", "<34>Nov 23 10:00:00 web-1 su[711]: x", "user", None),
    ],
)
def test_key_field_may_be_any_that_is_read(line_format: str, line: str, key_field: str, expected: str | None) -> None:
    """A field, an attribute or one of the resource."""
    found = event(line, log=dataclasses.replace(LOG, format=line_format, key_field=key_field))

    assert expected == found.subject


def test_rows_are_data_of_another_type() -> None:
    """Named fields are, whatever the format."""
    log = dataclasses.replace(LOG, format="csv", event_type="order.v1", key_field="id")
    (row,) = formats.framing("csv").feed(b"id,time\n7,2026-11-23T10:00:00Z\n")
    assert isinstance(row, Line)
    found = log.read(row).record

    assert isinstance(found, Event)
    assert ("7", "2026-11-23T10:00:00Z") == (found.subject, found.time)
    assert {"id": "7", "time": "2026-11-23T10:00:00Z"} == found.data


def test_what_is_no_text_is_refused() -> None:
    """Unless it travels as it is."""
    with pytest.raises(InputError, match="not UTF-8 at byte 0"):
        read(b"\xff")


def test_reading_goes_on_elsewhere() -> None:
    """Whoever reads the rest of an input is told the time of what came before: a stack trace keeps that of its line."""
    first = dataclasses.replace(LOG)
    lines = list(Splitter(1000).feed(b"2026-11-23T10:00:00Z ERROR it failed\n  at line 1\n"))
    assert isinstance(lines[0], Line)
    assert isinstance(lines[1], Line)
    first.read(lines[0])
    rest = dataclasses.replace(LOG, time=first.time)

    assert "2026-11-23T10:00:00Z" == first.time
    assert first.read(lines[1]) == rest.read(lines[1])
    assert isinstance(record := rest.read(lines[1]).record, Event)
    assert "2026-11-23T10:00:00Z" == record.time
