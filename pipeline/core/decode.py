"""A Kinesis record, or a user record, → an event. It gives the event, or a Rejection that says what cannot be read.

The envelope is CloudEvents 1.0 structured JSON (https://github.com/cloudevents/spec, JSON event format). An event
without a time gets the time of its arrival on the stream, which every redelivery repeats. JSON that readers understand
differently (a key twice, an integer beyond 64 bits) is rejected rather than guessed at.

An envelope with CloudEvents' `dataref` in place of data becomes an event without data, for `core.claim` to redeem.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NoReturn

import orjson
from msgspec import Meta, Struct, ValidationError, convert, structs

from pipeline.core import dynamodb_destination
from pipeline.core.times import rfc3339
from pipeline.errors import Rejection
from pipeline.model import Event, Reason

if TYPE_CHECKING:
    from pipeline.model import Json, Record

# DynamoDB allows 2,048 bytes for a partition key and 1,024 for a sort key (`timeline_order` is time and id).
MAX_ID_BYTES: Final = 512
MAX_SOURCE_BYTES: Final = 1024
MAX_SUBJECT_BYTES: Final = 1024
MAX_TYPE_BYTES: Final = 128
MAX_TIME_BYTES: Final = 64
# `s3://`, a bucket's name of at most 63, and the key of a claim.
MAX_DATAREF_BYTES: Final = 256
# More than any sink holds (an item: 32), and less than what Python and orjson recurse into (about 1,000 and 254).
MAX_LEVELS: Final = 100

_BYTES_OF_A_CHARACTER: Final = 4


class _Usual(Struct, frozen=True):
    """An envelope as nearly all are: its attributes are below the limits in whatever script they are written.

    A time and a traceparent have no room for that; they are ASCII, and `read_event` asks whether.
    """

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1, max_length=MAX_ID_BYTES // _BYTES_OF_A_CHARACTER)]
    source: Annotated[str, Meta(min_length=1, max_length=MAX_SOURCE_BYTES // _BYTES_OF_A_CHARACTER)]
    type: Annotated[str, Meta(min_length=1, max_length=MAX_TYPE_BYTES // _BYTES_OF_A_CHARACTER)]
    time: Annotated[str, Meta(min_length=1, max_length=MAX_TIME_BYTES)]
    data: Any
    subject: Annotated[str, Meta(min_length=1, max_length=MAX_SUBJECT_BYTES // _BYTES_OF_A_CHARACTER)] | None = None
    traceparent: Annotated[str, Meta(min_length=1, max_length=MAX_TIME_BYTES)] | None = None


# Digits become 0, what may stand before a number in JSON a blank: ten times faster to search than a regex. A sequence
# number in quotation marks is none.
_SHAPES: Final = bytes(
    ord("0" if byte in b"0123456789" else " " if byte in b" \t\r\n:,[-" else "x") for byte in range(256)
)
_LONG_INTEGER: Final = b" " + b"0" * 19
_INT64: Final = range(-(2**63), 2**63)
# What orjson says of text that is JSON, but not for us; anything else is not JSON.
_LIMITS: Final = {
    "depth limit exceeded": Reason.TOO_DEEP,
    "number is infinity when parsed as double": Reason.NUMBER_OUT_OF_RANGE,
}


def decode(record: Record) -> Event:
    """The event in a record. Raises Rejection: not_base64, and those of `parse` and `read_event`."""
    value = parse(data_of(record))
    if isinstance(value, dict):
        if dynamodb_destination.is_change(value):
            return dynamodb_destination.event(value, record)
        if value.get("data") is None and value.get("dataref") is not None:
            return _read_claimed(value, arrived_at=record.arrived_at)
    return read_event(value, arrived_at=record.arrived_at)


def data_of(record: Record) -> bytes:
    """The bytes that were put on the stream. Raises Rejection: not_base64."""
    if record.data is not None:
        return record.data
    try:
        # msgspec reads base64 as strictly as `b64decode(…, validate=True)`, at a third of its time.
        return convert(record.original["kinesis"]["data"], bytes)
    except (KeyError, ValidationError, UnicodeEncodeError):
        raise Rejection(Reason.NOT_BASE64, "the record has no base64 data") from None


def parse(data: bytes) -> Json:
    """The JSON value in the bytes, no integer changed; any other number is the 64-bit float nearest to it.

    Raises Rejection: not_utf8, not_json, too_deep, number_out_of_range, duplicate_key.
    """
    try:
        value: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        _reject_unparsed(data, error)
    if data.count(b"{") + data.count(b"[") > MAX_LEVELS:
        _check_integers(data)  # first: what is both is the same dead letter however deep it is
        _check_levels(value)
    if not _is_exact(data, value):
        _check_integers(data)
        _check_keys(data, value)
    return value


def read_event(envelope: Json, *, arrived_at: float) -> Event:
    """The event in an envelope. Raises Rejection: not_an_event with the attribute and what it must be."""
    try:
        usual = convert(envelope, _Usual)
    except ValidationError:
        return read_unusual_event(envelope, arrived_at=arrived_at)
    if isinstance(usual.data, dict) and usual.time.isascii() and (usual.traceparent or "").isascii():
        return Event(usual.id, usual.source, usual.type, usual.time, usual.data, usual.subject, usual.traceparent)
    return read_unusual_event(envelope, arrived_at=arrived_at)


def read_unusual_event(envelope: Json, *, arrived_at: float) -> Event:
    """The same of any envelope, attribute by attribute."""
    if not isinstance(envelope, dict):
        raise Rejection(Reason.NOT_AN_EVENT, f"the record is a JSON {_kind(envelope)}, not an object")
    if envelope.get("specversion") != "1.0":
        raise Rejection(Reason.NOT_AN_EVENT, 'attribute specversion must be "1.0" (CloudEvents)')
    data = data_object(envelope.get("data"))
    return Event(
        id=_required(envelope, "id", MAX_ID_BYTES),
        source=_required(envelope, "source", MAX_SOURCE_BYTES),
        type=_required(envelope, "type", MAX_TYPE_BYTES),
        time=_optional(envelope, "time", MAX_TIME_BYTES) or rfc3339(arrived_at),
        data=data,
        subject=_optional(envelope, "subject", MAX_SUBJECT_BYTES),
        traceparent=_optional(envelope, "traceparent", MAX_TIME_BYTES),
    )


def data_object(data: Json) -> dict[str, Json]:
    """The data of an event. Raises Rejection: not_an_event."""
    if not isinstance(data, dict):
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute data must be an object, not {_kind(data)}")
    return data


def _read_claimed(envelope: dict[str, Json], *, arrived_at: float) -> Event:
    event = read_event({**envelope, "data": {}}, arrived_at=arrived_at)
    return structs.replace(event, dataref=_required(envelope, "dataref", MAX_DATAREF_BYTES))


def _required(envelope: dict[str, Json], name: str, most_bytes: int) -> str:
    value = _optional(envelope, name, most_bytes)
    if value is None:
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute {name} is missing")
    return value


def _optional(envelope: dict[str, Json], name: str, most_bytes: int) -> str | None:
    value = envelope.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute {name} must be text, not {_kind(value)}")
    if not value:
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute {name} is empty")
    if len(value.encode()) > most_bytes:
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute {name} is longer than {most_bytes} bytes")
    return value


def _reject_unparsed(data: bytes, error: orjson.JSONDecodeError) -> NoReturn:
    try:
        data.decode()
    except UnicodeDecodeError as undecodable:
        raise Rejection(
            Reason.NOT_UTF8, f"byte {undecodable.start} of {len(data)} is not UTF-8 ({undecodable.reason})"
        ) from None
    where = f"at character {error.pos + 1} (of {len(data)} bytes)"
    raise Rejection(_LIMITS.get(error.msg, Reason.NOT_JSON), f"{error.msg[:100]} {where}") from None


def _is_exact(data: bytes, value: Json) -> bool:
    """Whether the value, written again, is the very data: then no key is gone, and no integer was changed.

    The JSON that libraries write without blanks is. An integer cannot hide in it: what orjson reads as a float it
    writes with a point or an exponent, and integers of more than 53 bits it refuses to write here.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == data
    except TypeError:
        return False


def _check_integers(data: bytes) -> None:
    """Find what orjson hides: it reads an integer beyond 64 bits as a float."""

    def check(literal: str) -> int:
        if len(literal) > len("-9223372036854775808") or int(literal) not in _INT64:
            raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "an integer has more than 64 bits; send it as text")
        return 0

    if _LONG_INTEGER in (b" " + data).translate(_SHAPES):
        json.loads(data, parse_int=check, parse_float=lambda _: 0)


def _check_keys(data: bytes, value: Json) -> None:
    """Find what orjson hides: of equal keys in an object it keeps the last."""

    def check(pairs: list[tuple[str, object]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Rejection(Reason.DUPLICATE_KEY, f"an object has the key {name[:64]!r} twice")
            seen.add(name)

    if _may_repeat_a_key(data, value):
        json.loads(data, object_pairs_hook=check)


def _may_repeat_a_key(data: bytes, value: Json) -> bool:
    """Whether an object in the data may have a key twice; for what libraries write, it does then.

    Colons are counted: each key has one, the others are in texts, and no text is in the value that is not in the data.
    So as many of them in both means that no key is gone, but for colons that the data write as an escape.
    """
    return data.count(b":") != orjson.dumps(value).count(b":") or (b"\\" in data and b"\\u003" in data)


def _check_levels(value: Json) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_LEVELS):
        inner = (child for each in level for child in (each.values() if isinstance(each, dict) else each))
        level = [child for child in inner if isinstance(child, dict | list)]
    if level:
        raise Rejection(Reason.TOO_DEEP, f"data is nested deeper than {MAX_LEVELS} levels")


def _kind(value: Any) -> str:  # noqa: ANN401 - it tells what it is
    if value is None:
        return "null"
    return {bool: "boolean", int: "number", float: "number", str: "text", list: "array"}.get(type(value), "object")
