from __future__ import annotations

import base64
import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.decode import MAX_ID_BYTES, MAX_TIME_BYTES, data_of, decode, parse, read_event, read_unusual_event
from pipeline.core.records import read
from pipeline.core.times import rfc3339
from pipeline.errors import Rejection
from pipeline.model import Event, Reason
from pipeline.testing.lambda_events import ARRIVED_AT, kinesis_event, log_event

if TYPE_CHECKING:
    from pipeline.model import Json, Record


def a_record(data: bytes | dict[str, Any] = b"{}", /, **kinesis: Any) -> Record:  # noqa: ANN401 - any wrong value
    """One record; `data` as bytes is taken as it is, keyword arguments overwrite what Lambda gives."""
    event = kinesis_event(data)
    event["Records"][0]["kinesis"] |= kinesis
    return read(event)[0]


def test_event() -> None:
    """A CloudEvent is decoded with all of its attributes that the pipeline knows."""
    sent = {**log_event("e-7", key="web-1"), "traceparent": "00-0af7-b7ad-01", "extension": "is not kept"}
    expected = Event(
        id="e-7",
        source="//web-1/var/log/app.log",
        type="log.v1",
        time="2026-11-23T10:00:00.5Z",
        data={"body": "started"},
        subject="web-1",
        traceparent="00-0af7-b7ad-01",
    )
    assert expected == decode(a_record(sent))


DATAREF = f"s3://claims/claims/{'ab' * 32}-7.json"


@pytest.mark.parametrize("without", [{}, {"data": None}])
def test_claimed(without: dict[str, None]) -> None:
    """An event whose data did not travel with it says where they are, and is otherwise the same."""
    sent = {**log_event("e-7", key="web-1"), "traceparent": "00-0af7-b7ad-01"}
    claimed = {**{name: value for name, value in sent.items() if name != "data"}, **without, "dataref": DATAREF}
    assert copy.replace(decode(a_record(sent)), data={}, dataref=DATAREF) == decode(a_record(claimed))


@pytest.mark.parametrize("dataref", [None, DATAREF, "", 7])
def test_data_and_a_reference(dataref: object) -> None:
    """Data that travelled with their event are its data, whatever else it refers to."""
    assert decode(a_record(log_event())) == decode(a_record({**log_event(), "dataref": dataref}))


@pytest.mark.parametrize(
    ("dataref", "detail"),
    [
        ("", "attribute dataref is empty"),
        (7, "attribute dataref must be text, not number"),
        ({"s3": "x"}, "attribute dataref must be text, not object"),
        ("x" * 257, "attribute dataref is longer than 256 bytes"),
        (None, "attribute data must be an object, not null"),
    ],
)
def test_no_reference(dataref: object, detail: str) -> None:
    """A reference is text of a bounded length."""
    with pytest.raises(Rejection, match=f"^not_an_event: {detail}$"):
        decode(a_record({**log_event(), "data": None, "dataref": dataref}))


def test_a_claimed_envelope_is_as_strictly_read() -> None:
    """What is wrong with an envelope is wrong with one that has a reference instead of data."""
    with pytest.raises(Rejection, match="attribute id is missing"):
        decode(a_record({"specversion": "1.0", "source": "s", "type": "log.v1", "dataref": DATAREF}))


def test_a_reference_is_nothing_a_producer_puts() -> None:
    """Only a record may refer to its data: an envelope that is put must hold them."""
    with pytest.raises(Rejection, match="attribute data must be an object, not null"):
        read_event({**log_event(), "data": None, "dataref": DATAREF}, arrived_at=0)


def test_arrival_time() -> None:
    """An event without a time gets its arrival on the stream, the same over every redelivery."""
    sent = log_event()
    del sent["time"]
    assert "2025-11-24T16:00:00.250000Z" == rfc3339(ARRIVED_AT) == decode(a_record(sent)).time


@pytest.mark.parametrize("data", ["", "=", "e30", "e30=\n", "{}", "é", None, 7, ["e30="]])
def test_not_base64(data: Any) -> None:  # noqa: ANN401 - any wrong value
    """Data that is not base64 is rejected; base64 of nothing is not JSON."""
    with pytest.raises(Rejection) as caught:
        decode(a_record(data=data))
    assert (Reason.NOT_JSON if data == "" else Reason.NOT_BASE64) == caught.value.reason


BASE64 = st.text("AB4/+=-_ \n", max_size=12) | st.text(max_size=8) | st.binary().map(base64.b64encode).map(bytes.decode)


@given(BASE64)
def test_base64(text: str) -> None:
    """Base64 is read exactly as strictly as the standard library's strict reader does."""
    try:
        expected: bytes | Reason = base64.b64decode(text, validate=True)
    except ValueError:
        expected = Reason.NOT_BASE64
    try:
        actual: bytes | Reason = data_of(a_record(data=text))
    except Rejection as rejection:
        actual = rejection.reason
    assert expected == actual


def test_no_data() -> None:
    """A record without data is rejected."""
    record = a_record()
    del record.original["kinesis"]["data"]
    with pytest.raises(Rejection, match="not_base64: the record has no base64 data"):
        decode(record)


@pytest.mark.parametrize(
    ("data", "rejection"),
    [
        (b"", "not_json: Input is a zero-length"),
        (b"2026-11-23 a log line", "not_json: "),
        (b'{"a": 1', r"not_json: .* \(of 7 bytes\)"),
        (b'{"a": 1} {"a": 2}', "not_json: "),
        (b"\xef\xbb\xbf{}", "not_json: UTF-8 byte order mark .*at character 1 "),
        (b'{"a": NaN}', "not_json: "),
        (b'"\\ud800"', "not_json: "),
        (b'"\x00"', "not_json: "),
        (b'{"a": "\xff"}', r"not_utf8: byte 7 of 10 is not UTF-8 \(invalid start byte\)"),
        (b"\x1f\x8b\x08\x00", "not_utf8: byte 1 of 4"),
        (b"[" * 1025 + b"]" * 1025, "too_deep: depth limit exceeded"),
        (b"[" * 1024 + b"]" * 1024, "too_deep: data is nested deeper than 100 levels"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "too_deep: data is nested deeper than 100 levels"),
        (b"[" * 1000 + b"12345678901234567890" + b"]" * 1000, "number_out_of_range: "),
        (b"1e999", "number_out_of_range: number is infinity"),
        (b"9223372036854775808", "number_out_of_range: an integer has more than 64 bits; send it as text"),
        (b'{"a":[-9223372036854775809]}', "number_out_of_range: "),
        (b'{"a": 1.5, "b":\t18446744073709551615}', "number_out_of_range: "),
        (b"[0,12345678901234567890123]", "number_out_of_range: "),
        (b"[" + b"9" * 5000 + b"]", "number_out_of_range: "),
    ],
    ids=range(20),
)
def test_not_parsed(data: bytes, rejection: str) -> None:
    """Bytes that hold no JSON value, or one that would be changed, are rejected with what is wrong."""
    with pytest.raises(Rejection, match=f"^{rejection}"):
        parse(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b'{"version":"100000000000000000001"}', {"version": "100000000000000000001"}),
        (b'[", 12345678901234567890"]', [", 12345678901234567890"]),
        (b"12345678901234567890.5", 12345678901234567890.5),
        (b"[1e20]", [1e20]),
        ('"é"'.encode(), "é"),
        (b'"\\u0000"', "\x00"),
        (b'[{"a":1},{"a":1}]', [{"a": 1}, {"a": 1}]),
        (b'{"a":{"a":":"}, "b":"\\u003a"}', {"a": {"a": ":"}, "b": ":"}),
        (b"[" * 100 + b"1" + b"]" * 100, json.loads("[" * 100 + "1" + "]" * 100)),
        (b"[" + b"[]," * 100 + b"{}]", [[]] * 100 + [{}]),
        (b'"' + b"[" * 200 + b'"', "[" * 200),
    ],
)
def test_parsed(data: bytes, value: Json) -> None:
    """What fits is read as it stands; digits inside a text are no number."""
    assert value == parse(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'{"a":1,"a":2}', "a"),
        (b'{"a" : 1, "a" : 2}', "a"),
        (b'{"a":1,"a":1}', "a"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'{"a":{"b":1},"c":[{"d":1,"e":2,"d":3}]}', "d"),
        (b'{"a":":","a":2}', "a"),
        (b'{"a":1,"a":":"}', "a"),
        (b'{"a":1,"a":"\\u003a"}', "a"),
        (b'{"a":"\\u003A","a":1,"b":"\\u003A"}', "a"),
        (b'{"":1,"":2}', ""),
        (b'{"a\\"":1,"a\\"":2}', 'a"'),
        (b'{\n  "a": 1,\n  "a": 2\n}', "a"),
        (b'{"' + b"k" * 100 + b'":1,"' + b"k" * 100 + b'":2}', "k" * 64),
    ],
)
def test_duplicate_key(data: bytes, name: str) -> None:
    """A key that is twice in one object is rejected, however the JSON is laid out: readers take either value."""
    with pytest.raises(Rejection) as caught:
        parse(data)
    assert (Reason.DUPLICATE_KEY, f"an object has the key {name!r} twice") == (caught.value.reason, caught.value.detail)


PAIRS = st.lists(st.tuples(st.text('a":\\ ', max_size=2), st.text('a":\\ ', max_size=3)), max_size=4)


def escaped(text: str) -> str:
    """A JSON text of escapes only."""
    return f'"{"".join(f"\\u{ord(character):04x}" for character in text)}"'


@given(PAIRS, st.sampled_from(["", " ", "\n"]), st.sampled_from(["", " "]), st.data())
def test_duplicate_keys(pairs: list[tuple[str, str]], before: str, after: str, data: st.DataObject) -> None:
    """In every layout a repeated key is found, and only that."""

    def written(text: str) -> str:
        return escaped(text) if data.draw(st.booleans()) else json.dumps(text)

    members = [f"{written(name)}{before}:{after}{written(value)}" for name, value in pairs]
    text = f"{{{','.join(members)}}}".encode()
    if len(dict(pairs)) == len(pairs):
        assert dict(pairs) == parse(text)
    else:
        with pytest.raises(Rejection, match="duplicate_key"):
            parse(text)


@given(
    st.lists(st.integers(-(2**70), 2**70) | st.integers().map(str)),
    st.sampled_from([(",", ":"), (", ", ": ")]),
    st.sampled_from([None, 1]),
)
def test_long_integers(values: list[int | str], separators: tuple[str, str], indent: int | None) -> None:
    """However JSON is laid out, an integer beyond 64 bits is found, and only that."""
    data = json.dumps({"a": values}, separators=separators, indent=indent).encode()
    if any(isinstance(each, int) and each not in range(-(2**63), 2**63) for each in values):
        with pytest.raises(Rejection, match="number_out_of_range"):
            parse(data)
    else:
        assert {"a": values} == parse(data)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes are, they become an event or are rejected; they never hit a bug."""
    try:
        read_event(parse(data), arrived_at=0)
    except Rejection as rejection:
        assert rejection.detail  # noqa: PT017 - what is tested is that nothing else is raised


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in log_event(key="k").items() if each != name}


@pytest.mark.parametrize(
    ("envelope", "detail"),
    [
        (None, "the record is a JSON null, not an object"),
        ([], "the record is a JSON array, not an object"),
        ("x", "the record is a JSON text, not an object"),
        (True, "the record is a JSON boolean, not an object"),
        (1.5, "the record is a JSON number, not an object"),
        ({}, 'attribute specversion must be "1.0" (CloudEvents)'),
        ({**log_event(), "specversion": "0.3"}, 'attribute specversion must be "1.0" (CloudEvents)'),
        (without("data"), "attribute data must be an object, not null"),
        ({**log_event(), "data": "x"}, "attribute data must be an object, not text"),
        (without("id"), "attribute id is missing"),
        (without("source"), "attribute source is missing"),
        (without("type"), "attribute type is missing"),
        ({**log_event(), "id": ""}, "attribute id is empty"),
        ({**log_event(), "id": 7}, "attribute id must be text, not number"),
        ({**log_event(), "id": {}}, "attribute id must be text, not object"),
        ({**log_event(), "subject": ""}, "attribute subject is empty"),
        ({**log_event(), "time": 1764000000}, "attribute time must be text, not number"),
        ({**log_event(), "time": "0" * (MAX_TIME_BYTES + 1)}, "attribute time is longer than 64 bytes"),
        ({**log_event(), "id": "x" * (MAX_ID_BYTES + 1)}, "attribute id is longer than 512 bytes"),
        ({**log_event(), "id": "é" * (MAX_ID_BYTES // 2) + "x"}, "attribute id is longer than 512 bytes"),
    ],
    ids=range(20),
)
def test_not_an_event(envelope: Json, detail: str) -> None:
    """JSON that is no CloudEvent is rejected with the attribute and what it must be."""
    with pytest.raises(Rejection) as caught:
        read_event(envelope, arrived_at=0)
    assert (Reason.NOT_AN_EVENT, detail) == (caught.value.reason, caught.value.detail)


@pytest.mark.parametrize("event_id", ["x" * MAX_ID_BYTES, "é" * (MAX_ID_BYTES // 2)])
def test_longest_id(event_id: str) -> None:
    """An id may be as long as the limit, in bytes."""
    assert event_id == read_event({**log_event(), "id": event_id}, arrived_at=0).id


ATTRIBUTES = (
    st.none() | st.integers() | st.text(max_size=4) | st.text("xé", min_size=10, max_size=70).map(lambda x: x * 9)
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.sampled_from(["1.0", "1.0", "1.0", "1", 1.0]),
        **dict.fromkeys(["id", "source", "type", "subject"], ATTRIBUTES | st.just("x")),
        **dict.fromkeys(["time", "traceparent"], ATTRIBUTES | st.text("0é", min_size=30, max_size=70)),
        "data": st.just({"body": "x"}) | st.none() | st.just([]),
    },
)


@given(ENVELOPES | st.none() | st.text() | st.lists(st.text()))
def test_any_envelope(envelope: Json) -> None:
    """An envelope read at once comes to the same as one read attribute by attribute: the event, or what is wrong."""
    outcomes: list[object] = []
    for read_it in (read_unusual_event, read_event):
        try:
            outcomes.append(read_it(envelope, arrived_at=1.5))
        except Rejection as rejection:
            outcomes.append((rejection.reason, rejection.detail))
    assert outcomes[0] == outcomes[1]
