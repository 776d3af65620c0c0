"""A Kinesis record → the user records in it, each with a position of its own.

    plain                          itself, not looked into
    KPL aggregate                  its user records, sub-sequence numbers from 0
    gzip, CloudWatch Logs          its log events as envelopes, sub-sequence numbers from 0; none for a control message
    gzip, anything else            itself, with what is inside

A record is unpacked once. What lies deeper (an aggregate in an aggregate, gzip in gzip) is no JSON, and becomes a dead
letter where it is read: nobody writes it, and one layer bounds what a record can unfold to.

Which of them a record is, its base64 already tells, so a plain one costs nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.core import cloudwatch_logs, kpl
from pipeline.core.decode import data_of, parse
from pipeline.core.gunzip import MAGIC as GZIP_MAGIC
from pipeline.core.gunzip import gunzip
from pipeline.errors import Rejection
from pipeline.model import Position, Reason, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

# The base64 of the bits that fill whole characters: the magics of KPL (30 of 32 bits) and gzip (12 of 16).
_PACKED: Final = ("84maw", "H4")


def unpack(record: Record) -> Sequence[Record]:
    """The user records, in order; none of what is dropped on purpose.

    Raises Rejection: not_base64, aggregate_corrupt, gzip_corrupt, too_large, and what `parse` raises.
    """
    encoded = record.original["kinesis"].get("data")
    if not isinstance(encoded, str) or not encoded.startswith(_PACKED):
        return (record,)
    data = data_of(record)
    if kpl.is_aggregate(data):
        return [_user_record(record, n, each.data, each.partition_key) for n, each in enumerate(kpl.unpack(data))]
    if data.startswith(GZIP_MAGIC):
        return _unpack_gzip(record, data)
    return (record,)


def _unpack_gzip(record: Record, data: bytes) -> Sequence[Record]:
    content = gunzip(data)
    value = parse(content)
    if not isinstance(value, dict) or not cloudwatch_logs.is_subscription(value):
        return (_user_record(record, 0, content),)
    envelopes = cloudwatch_logs.envelopes(value)
    if len(envelopes) > kpl.MAX_USER_RECORDS:
        raise Rejection(Reason.TOO_LARGE, f"more than {kpl.MAX_USER_RECORDS} log events in a record")
    return [_user_record(record, n, each) for n, each in enumerate(envelopes)]


def _user_record(record: Record, number: int, data: bytes, partition_key: str | None = None) -> Record:
    stream, shard, sequence_number, _ = record.position
    position = Position(stream, shard, sequence_number, number)
    return Record(position, record.original, record.arrived_at, data, partition_key)
