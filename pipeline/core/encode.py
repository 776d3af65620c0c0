"""An event → what a sink holds. Every encoder is a Destination of a route.

    event_item      the event itself, found by id, and by key in time order (the `timeline` index)
    entity_state    the current state of the entity that a change is about, or its tombstone
    archive_line    a line of the archive object of its type, date and hour
    stream_entry    an entry of a Kinesis stream, keyed so that one subject stays in order

Items expire some days after their record *arrived*: a fixed mark, so that every redelivery writes the same item.

Data that were too large for the stream are mostly too large for an item as well. Then the item of the event keeps where
they were left instead, as they were put, before any transform; so does the state, when not even the entity as it is now
fits. The archive has them whole, and as they are now.

Both items carry `MARKER`, so that their own changes are known when somebody relays them.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.core.attribute_value import bound_bytes, from_json, image_json, size_bytes, untagged_image
from pipeline.core.chunk import MAX_RECORD_BYTES, entry_bytes
from pipeline.core.claim import claimed_bytes, leave
from pipeline.errors import Rejection
from pipeline.model import MARKER, Entry, Event, Item, Line, Owed, Reason, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.model import AttributeValue, Image, Json, Record

# Developer guide, "Constraints in Amazon DynamoDB": an item is at most 400 KB.
MAX_ITEM_BYTES: Final = 400 * 1024
# Kinesis API reference, PutRecordsRequestEntry.
MAX_PARTITION_KEY_CHARACTERS: Final = 256
# Sequence numbers have up to 56 digits (40 in DynamoDB Streams); padded, their text order is their order.
SEQUENCE_DIGITS: Final = 56
# A version is longer than any of them, so it begins with 0 and is never taken for a time, which begins with a year.
VERSION_DIGITS: Final = 60
_FRACTION_DIGITS: Final = 9
# A value takes at least a sixteenth of its JSON's bytes in an item (in a list an empty `@binary` one of fifteen, a text
# of control characters one of six): what is larger than this need not be made an item to be known as too large.
_SURELY_TOO_LARGE: Final = 16 * MAX_ITEM_BYTES
# An item has an attribute of the envelope (its id) at most four times, each character in at most four bytes. Besides
# them and the data: its position, the names of its attributes, a version and an expiry, together far below 8 KB (a
# stream's name has 128 characters).
_BYTES_OF_A_CHARACTER: Final = 4 * 4
_SURELY_FITS: Final = MAX_ITEM_BYTES - 8 * 1024
# An event that is no larger than this as JSON surely fits, whatever its data are: twice its bytes, and what the longest
# attributes take besides. A larger one is relayed as a claim.
MAX_TRAVELLING_BYTES: Final = 180 * 1024
_DAY_SECONDS: Final = 86_400
_EVENT: Final = {"S": "event"}


def event_item(*, keep_days: int) -> Callable[[Record, Event], Item]:
    """The event as an append-only item: pk `event#<id>`, sk `event`.

    Claimed data that might not fit are left where they are: `dataref` and `data_bytes` (an integer) stand for `data`.
    """

    def encode(record: Record, event: Event) -> Item:
        pk, key = f"event#{event.id}", {"S": event.key}
        item: dict[str, AttributeValue] = {
            "pk": {"S": pk},
            "sk": _EVENT,
            "id": {"S": event.id},
            "type": {"S": event.type},
            "source": {"S": event.source},
            "time": {"S": event.time},
            "subject": key,
            "timeline": key,
            "timeline_order": {"S": timeline_order(event)},
            MARKER: {"S": str(record.position)},
            "expires_at": _expires_at(record, keep_days),
        }
        if event.subject is None:
            del item["subject"]
        if event.dataref is None or _surely_fits(event):
            item["data"] = from_json(event.data)
        else:
            item |= _reference(event.dataref)
        return Item(record.position, pk, _written(item))

    return encode


def entity_state(*, keep_tombstone_days: int) -> Callable[[Record, Event], State]:
    """The entity of a change as it is now: pk `entity#<subject>`, sk `state`, guarded by its version.

    Without a subject the changes of all entities of a source would be taken for one: that is rejected, not_an_event.
    An entity that its item cannot hold is left where it is, if the change was claimed: `dataref` and `data_bytes` of
    the whole change stand for `data`.
    """

    def encode(record: Record, event: Event) -> State:
        if event.subject is None:
            raise Rejection(Reason.NOT_AN_EVENT, "attribute subject is missing; a change names its entity there")
        key, change = f"entity#{event.subject}", event.data
        version, after = version_of(_source(event, "sequence_number")), change["after"]
        if event.dataref is not None and _is_far_too_large(change["key"]):
            raise Rejection(Reason.TOO_LARGE, f"the key is too large; the limit of a DynamoDB item is {MAX_ITEM_BYTES}")
        item: dict[str, AttributeValue] = {
            "pk": {"S": key},
            "sk": {"S": "state"},
            "type": {"S": event.type},
            "table": {"S": _source(event, "table")},
            "key": from_json(change["key"]),
            "version": {"S": version},
            "deleted": {"BOOL": after is None},
            "time": {"S": event.time},
            "event_id": {"S": event.id},
            MARKER: {"S": str(record.position)},
        }
        if isinstance(after, dict):
            item |= _image(event, after, item)
        else:
            item["expires_at"] = _expires_at(record, keep_tombstone_days)
        return State(record.position, key, version, _written(item))

    return encode


def archive_line(record: Record, event: Event) -> Line:
    """The event with its position as one line of `type=…/date=…/hour=…`, from the event's own time (UTC)."""
    envelope = cloudevent(event)
    envelope["position"] = str(record.position)
    # Adding the end of line copies it to its size: the bytes that orjson returns take up four times as much or more.
    return Line(record.position, _partition(event.type, event.time[:13]), orjson.dumps(envelope) + b"\n")


def stream_entry(*, claims_bucket: str) -> Callable[[Record, Event], Entry]:
    """The event as CloudEvents JSON under its key; one that is too large for an item owes its data to the bucket.

    Without a bucket it travels whole, or is rejected: too_large.
    """

    def encode(record: Record, event: Event) -> Entry:
        envelope, owed = cloudevent(event), None
        data = orjson.dumps(envelope)
        if claims_bucket and len(data) > MAX_TRAVELLING_BYTES:
            left = leave(envelope, claims_bucket)
            data, owed = orjson.dumps(left.envelope), Owed(left.claim, left.body)
        entry = Entry(record.position, partition_key(event.key), data, owed)
        size = entry_bytes(entry)
        if size > MAX_RECORD_BYTES:
            raise Rejection(Reason.TOO_LARGE, f"{size} bytes as a stream record; the limit is {MAX_RECORD_BYTES}")
        return entry

    return encode


def cloudevent(event: Event) -> dict[str, Json]:
    """The event as CloudEvents 1.0 structured JSON."""
    envelope: dict[str, Json] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time,
    }
    if event.subject is not None:
        envelope["subject"] = event.subject
    if event.traceparent is not None:
        envelope["traceparent"] = event.traceparent
    envelope["data"] = event.data
    return envelope


def partition_key(key: str) -> str:
    """The key itself, or its hash when it is longer than a partition key may be: one key, one partition key."""
    return key if len(key) <= MAX_PARTITION_KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()


def version_of(sequence_number: str) -> str:
    """The version that a sequence number means: text whose order is the order of the changes."""
    return sequence_number.zfill(VERSION_DIGITS)


def timeline_order(event: Event) -> str:
    """The place among the events of one key: a change by its version, everything else by time and then id."""
    source = event.data.get("source") if event.type.startswith("change.") else None
    if isinstance(source, dict):
        return version_of(str(source.get("sequence_number", "")))
    return f"{sortable(event.time)}#{event.id}"


def sortable(utc_time: str) -> str:
    """A UTC time with nine digits of fraction, so that text order is time order.

    >>> sortable("2026-11-23T10:00:00.5Z")
    '2026-11-23T10:00:00.500000000Z'
    """
    whole, _, fraction = utc_time.rstrip("Z").partition(".")
    return f"{whole}.{fraction[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, '0')}Z"


def _source(event: Event, name: str) -> str:
    source = event.data.get("source")
    value = source.get(name) if isinstance(source, dict) else None
    if not isinstance(value, str):
        raise Rejection(Reason.SCHEMA_INVALID, f"/source/{name}: must be text")
    return value


def _expires_at(record: Record, days: int) -> AttributeValue:
    return {"N": str(int(record.arrived_at) + days * _DAY_SECONDS)}


@lru_cache(maxsize=256)
def _partition(event_type: str, hour: str) -> str:
    return f"type={event_type}/date={hour[:10]}/hour={hour[11:]}"


def _surely_fits(event: Event) -> bool:
    characters = len(event.id) + len(event.source) + len(event.type) + len(event.time) + len(event.subject or "")
    return _BYTES_OF_A_CHARACTER * characters + bound_bytes(event.data) < _SURELY_FITS


def _is_far_too_large(value: Json) -> bool:
    """Asked of claimed data before they are written down as an item: that can take a hundred times their bytes."""
    return len(orjson.dumps(value)) > _SURELY_TOO_LARGE


def _image(event: Event, after: dict[str, Json], others: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """The entity, or where it lies when a claimed change made it larger than an item with these others can be."""
    if event.dataref is None:
        return {"data": {"M": untagged_image(after, 2)}}
    if not _is_far_too_large(after):
        data: dict[str, AttributeValue] = {"data": {"M": untagged_image(after, 2)}}
        if size_bytes({**others, **data}) <= MAX_ITEM_BYTES:
            return data
    return _reference(event.dataref)


def _reference(dataref: str) -> dict[str, AttributeValue]:
    return {"dataref": {"S": dataref}, "data_bytes": {"N": str(claimed_bytes(dataref))}}


def _written(item: Image) -> bytes:
    """The item in JSON, where each of its parts takes more bytes than DynamoDB counts for it."""
    written = image_json(item)
    if len(written) > MAX_ITEM_BYTES and (size := size_bytes(item)) > MAX_ITEM_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"about {size} bytes as a DynamoDB item; the limit is {MAX_ITEM_BYTES}")
    return written
