"""A record of DynamoDB's own Kinesis destination → a `change.v1` event.

It has the images and names of a DynamoDB Streams record, but neither a sequence number nor a promise of order: it may
come twice, and late (developer guide, "Using Kinesis Data Streams to capture changes to DynamoDB", which names the
creation time as what tells order and duplicates). So both are made here, of what every copy of a change has:

id        a hash of table, creation time, operation and images: two copies of a change are one event, whatever their
          eventID is
version   the creation time in microseconds, 16 digits, then the place on the stream, 40 digits: an older change never
          replaces a newer one, however late it comes

The place only decides between changes of one item in the same tick of the clock, where the order of arrival is the best
that is known. Microseconds (ApproximateCreationDateTimePrecision) make that a rarity; with milliseconds, a late
duplicate of the first of two changes within a millisecond could bring it back.

One table must come one way, by its stream or by this destination: their versions cannot be compared.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.core import change
from pipeline.core.times import rfc3339_of_micros
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from pipeline.model import Event, Json, Record

EVENT_SOURCE: Final = "aws:dynamodb"
# DynamoDB API reference, TableName.
_TABLE: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_MAX_EVENT_ID_CHARACTERS: Final = 128
_MILLIS_BELOW: Final = 10**14
_MICROS_BELOW: Final = 10**16
_PLACE_DIGITS: Final = 40
_SEQUENCE_DIGITS: Final = 56


def is_change(value: dict[str, Json]) -> bool:
    """Whether a JSON object is such a record rather than an event."""
    return value.get("eventSource") == EVENT_SOURCE and "specversion" not in value


def event(value: dict[str, Json], record: Record) -> Event:
    """The change. Raises Rejection: not_an_event when it is not as DynamoDB writes it."""
    try:
        return _event(value, record)
    except KeyError as error:
        raise Rejection(Reason.NOT_AN_EVENT, f"the change has no {error}"[:200]) from None
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        # Anyone may write to the stream, so an image may hold anything; the shape is found out by reading it.
        raise Rejection(
            Reason.NOT_AN_EVENT, f"the change is not as DynamoDB writes it ({type(error).__name__})"
        ) from None


def micros_of(created_at: Json) -> int:
    """A creation time in microseconds since the epoch. Raises ValueError when it is none.

    It is in milliseconds or microseconds, and its digits tell which: milliseconds have no 15 digits before the year
    5138, and microseconds have had 15 since 1973.
    """
    if not isinstance(created_at, int) or isinstance(created_at, bool) or not 0 <= created_at < _MICROS_BELOW:
        raise ValueError("no creation time")
    return created_at if created_at >= _MILLIS_BELOW else created_at * 1000


def version_of(micros: int, sequence_number: str) -> str:
    """56 digits, as many as a sequence number has. The place's last digits are cut off, which keeps its order."""
    return f"{micros:016d}{sequence_number.zfill(_SEQUENCE_DIGITS)[:_PLACE_DIGITS]}"


def _event(value: dict[str, Json], record: Record) -> Event:
    original: dict[str, Any] = value
    table, event_id = original["tableName"], original["eventID"]
    if not _TABLE.fullmatch(table) or not 1 <= len(event_id) <= _MAX_EVENT_ID_CHARACTERS:
        raise ValueError("no table name or no event id")
    micros = micros_of(original["dynamodb"]["ApproximateCreationDateTime"])
    # The stream is of the table's own account and region (the same guide).
    arn, _, _ = record.original["eventSourceARN"].partition(":stream/")
    source = f"{arn.replace(':kinesis:', ':dynamodb:')}:table/{table}"
    return change.event(
        original,
        event_id=_id(source, micros, original),
        source=source,
        table=table,
        version=version_of(micros, record.position.sequence_number),
        time=rfc3339_of_micros(micros),
    )


def _id(source: str, micros: int, original: dict[str, Any]) -> str:
    content = original["dynamodb"]
    parts = (source, micros, original["eventName"], *(content.get(name) for name in ("Keys", "OldImage", "NewImage")))
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
