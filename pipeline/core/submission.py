"""What is posted → events, each checked as the consumer will check it, before any of it is put onto the stream.

    body ─values▸ JSON values ─check▸ Ready             it would be delivered, or dropped on purpose
                      │          └──▸ faults            all that is wrong with it, each with its JSON pointer (RFC 6901)
                      └─ Rejection                      a line that is not even JSON

Bodies are CloudEvents in JSON (https://github.com/cloudevents/spec, HTTP protocol binding: structured and batched), or
NDJSON, one event a line. What `check` lets through has been on its whole way once, up to the sinks: only what a sink
itself refuses, or a deploy in between, can still make a dead letter of it.

An event that is too large, for the stream or for an item, is tried once more as one that leaves its data in S3
(`core.claim`). Events of some types share records of the stream, by the bucket of their key (`core.aggregate`), as they
do when a producer sends them. One without a subject is in order with nothing, and is spread by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from msgspec import structs

from pipeline.core import event_type
from pipeline.core.aggregate import BUCKETS, bucket_names, bucket_of
from pipeline.core.chunk import MAX_RECORD_BYTES, partition_key
from pipeline.core.claim import leave
from pipeline.core.decode import MAX_ID_BYTES, MAX_SOURCE_BYTES, MAX_SUBJECT_BYTES, parse, read_event
from pipeline.core.encode import cloudevent
from pipeline.core.gunzip import gunzip
from pipeline.core.violation import compiled, violations
from pipeline.errors import Rejection
from pipeline.model import Owed, Position, Reason, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import jsonschema_rs

    from pipeline.core.bus_types import BusTypes
    from pipeline.core.route import Route
    from pipeline.core.validate import Validators
    from pipeline.model import Event, Json

# A function is given 6 MB (Lambda, "Quotas"), and API Gateway sends it in base64: 4 MiB become 5.6 MB, and headers.
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
# Ten calls to Kinesis where no key repeats, and an answer with a line for each that stays below 6 MB.
MAX_EVENTS: Final = 5_000
MAX_FAULTS_OF_AN_EVENT: Final = 20
MAX_TEXT_CHARACTERS: Final = 300

# The attributes that the pipeline reads; others are allowed, and not kept. Lengths are in characters here, and once
# more in bytes in `core.decode`.
ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES},
        "source": {"type": "string", "minLength": 1, "maxLength": MAX_SOURCE_BYTES},
        "type": {"type": "string", "minLength": 1},
        "time": {"type": ["string", "null"], "format": "date-time"},
        "subject": {"type": ["string", "null"], "minLength": 1, "maxLength": MAX_SUBJECT_BYTES},
        "traceparent": {"type": ["string", "null"], "minLength": 1},
        "data": {"type": "object"},
    },
}
_ENVELOPE: Final = compiled(ENVELOPE)


class Fault(NamedTuple):
    """One thing that is wrong with an event: where, under which of the stable codes, and what."""

    pointer: str
    reason: Reason
    detail: str


class Ready(NamedTuple):
    """An event as it travels.

    Args:
        id: of the event.
        partition_key: what it goes under; of types that share records, the bucket of its key.
        data: the envelope as JSON; of an event that leaves its data, without them.
        user_key: its key in an aggregate; empty for what travels by itself.
        owed: what is to be left in S3 before it is put.
    """

    id: str
    partition_key: str
    data: bytes
    user_key: bytes
    owed: Owed | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the consumer does with an event, so that it can be tried before, and how events travel.

    Args:
        validators: the schemas, by type.
        routes: by type.
        aggregated: the types that share records of the stream.
        claims_bucket: where data are left that are too large; without one such an event is refused.
        bus: which events of EventBridge are of which type.
    """

    validators: Validators
    routes: Mapping[str, Route]
    aggregated: frozenset[str] = frozenset()
    claims_bucket: str = ""
    bus: BusTypes = MappingProxyType({})


def values(body: bytes, media_type: str) -> list[Json | Rejection]:
    """The events of a body as JSON values; a line of NDJSON that is no JSON is a Rejection in its place.

    Raises Rejection for a body that cannot be read at all, or has more than `MAX_EVENTS`; KeyError for a media type
    that is not in `BODIES`.
    """
    return BODIES[media_type](body)


def unpacked(body: bytes) -> bytes:
    """A gzip body as it was, at most `MAX_BODY_BYTES`. Raises Rejection: gzip_corrupt, too_large."""
    plain = gunzip(body)
    if len(plain) > MAX_BODY_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"the gzip holds {len(plain)} bytes; the limit is {MAX_BODY_BYTES}")
    return plain


def check(value: Json, rules: Rules, arrived_at: float, root: str = "") -> Ready | Sequence[Fault]:
    """The event as it travels, or all that is wrong with it (at most `MAX_FAULTS_OF_AN_EVENT`).

    Args:
        value: the envelope.
        rules: what the consumer will do with it.
        arrived_at: its time when it has none, in epoch seconds.
        root: the pointer that what was sent has in the envelope: `/data` where it was the data alone.
    """
    faults = _faults(_ENVELOPE, value, "", Reason.NOT_AN_EVENT)
    if isinstance(value, dict):
        faults += _data_faults(value, rules.validators)
    if not faults:
        try:
            return _ready(read_event(value, arrived_at=arrived_at), rules, arrived_at)
        except Rejection as rejection:
            return [fault_of(rejection)]
    return [_from(root, each) for each in faults[:MAX_FAULTS_OF_AN_EVENT]]


def fault_of(rejection: Rejection) -> Fault:
    """What a Rejection says, of the event as a whole."""
    return Fault("", rejection.reason, rejection.detail[:MAX_TEXT_CHARACTERS])


def _data_faults(envelope: dict[str, Json], validators: Validators) -> list[Fault]:
    """What is wrong with the data; nothing where type or data are none, which the envelope's faults say."""
    name, data = envelope.get("type"), envelope.get("data")
    if not isinstance(name, str) or not isinstance(data, dict):
        return []
    validator = validators.get(name)
    if validator is None:
        return [Fault("/type", Reason.UNKNOWN_TYPE, event_type.unknown(name, validators))]
    return _faults(validator, data, "/data", Reason.SCHEMA_INVALID)


def _faults(validator: jsonschema_rs.Draft202012Validator, value: Json, root: str, reason: Reason) -> list[Fault]:
    if validator.is_valid(value):
        return []
    found = islice(violations(validator, value, root), MAX_FAULTS_OF_AN_EVENT)
    return [Fault(each.pointer, reason, each.detail) for each in found]


def _from(root: str, fault: Fault) -> Fault:
    """The fault with its pointer into what was sent; what is wrong around that has none, and is named instead."""
    if fault.pointer.startswith(root):
        return fault._replace(pointer=fault.pointer.removeprefix(root))
    return Fault("", fault.reason, f"attribute {fault.pointer[1:]}: {fault.detail}")


def _ready(event: Event, rules: Rules, arrived_at: float) -> Ready:
    """The event as it travels, with its data or without. Raises Rejection, as that would make it a dead letter."""
    envelope = cloudevent(event)
    try:
        ready = _travelling(event, rules, envelope)
        _rehearse(event, rules.routes, arrived_at)
    except Rejection as rejection:
        if rejection.reason is not Reason.TOO_LARGE or not rules.claims_bucket:
            raise
    else:
        return ready
    left = leave(envelope, rules.claims_bucket)
    _rehearse(structs.replace(event, dataref=str(left.envelope["dataref"])), rules.routes, arrived_at)
    return _travelling(event, rules, left.envelope, Owed(left.claim, left.body))


def _travelling(event: Event, rules: Rules, envelope: Mapping[str, Json], owed: Owed | None = None) -> Ready:
    """The envelope under its key. Raises Rejection: too_large. What leaves its data has a record of its own."""
    name, user_key, data = partition_key(event.subject or event.id), b"", orjson.dumps(envelope)
    if event.type in rules.aggregated:
        key = name.encode()
        name, user_key = bucket_of(key, bucket_names(BUCKETS)), key if owed is None else b""
    size = len(data) + len(name.encode())
    if size > MAX_RECORD_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"{size} bytes as a stream record; the limit is {MAX_RECORD_BYTES}")
    return Ready(event.id, name, data, user_key, owed)


def _rehearse(event: Event, routes: Mapping[str, Route], arrived_at: float) -> None:
    """Send it all its way, and forget what comes out. Raises Rejection."""
    record, route = Record(Position("api", "", "0"), {}, arrived_at), routes[event.type]
    for ready in route.transform(event):
        for encode in route.destinations:
            encode(record, ready)


def _one(body: bytes) -> list[Json | Rejection]:
    return [parse(body)]


def _batch(body: bytes) -> list[Json | Rejection]:
    batch = parse(body)
    if not isinstance(batch, list):
        raise Rejection(Reason.NOT_AN_EVENT, "a batch is a JSON array of events")
    _check_count(len(batch))
    return list(batch)


def _lines(body: bytes) -> list[Json | Rejection]:
    lines = [line for line in body.split(b"\n") if line.strip()]
    _check_count(len(lines))
    return [_line(line) for line in lines]


def _line(line: bytes) -> Json | Rejection:
    try:
        return parse(line)
    except Rejection as rejection:
        return rejection


def _check_count(count: int) -> None:
    if count > MAX_EVENTS:
        raise Rejection(Reason.TOO_LARGE, f"{count} events; a request holds at most {MAX_EVENTS}")


BODIES: Final[dict[str, Callable[[bytes], list[Json | Rejection]]]] = {
    "application/cloudevents+json": _one,
    "application/cloudevents-batch+json": _batch,
    "application/x-ndjson": _lines,
}
