"""A Lambda event of either stream type → records with their positions. No record is looked into.

    Kinesis            stream/shard from eventSourceARN and eventID (`shardId-000000000000:<sequence number>`)
    DynamoDB Streams   Lambda does not deliver the shard, so the stream's label stands in: the sequence numbers of one
                       item grow within it, and a stream that is switched on anew has another

An event that is not a batch of a stream raises: then the mapping is wrong, not a record.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.errors import Misconfiguration
from pipeline.model import Position, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.model import LambdaRecord


def read(event: Mapping[str, Any]) -> list[Record]:
    """The records of a batch, in order. Raises Misconfiguration when it is not one of a stream."""
    try:
        return [_READERS[original["eventSource"]](original) for original in event["Records"]]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Misconfiguration(
            f"the event is not a batch of Kinesis or DynamoDB Streams records ({type(error).__name__}: {error}); "
            "check the function's event source mapping"
        ) from error


@lru_cache(maxsize=256)
def _stream(arn: str) -> str:
    """`arn:aws:kinesis:<region>:<account>:stream/<stream>`, with enhanced fan-out then `/consumer/<name>:<created>`."""
    return arn.split("/")[1]


def _kinesis(original: LambdaRecord) -> Record:
    kinesis = original["kinesis"]
    shard, _, _ = original["eventID"].partition(":")
    position = Position(_stream(original["eventSourceARN"]), shard, _number(kinesis["sequenceNumber"]))
    return Record(position, original, float(kinesis["approximateArrivalTimestamp"]))


def _dynamodb(original: LambdaRecord) -> Record:
    change = original["dynamodb"]
    # arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>; the label holds colons
    _, table, _, label = original["eventSourceARN"].split(":", 5)[5].split("/", 3)
    position = Position(table, label, _number(change["SequenceNumber"]))
    return Record(position, original, float(change["ApproximateCreationDateTime"]))


def _number(sequence_number: str) -> str:
    int(sequence_number)  # everything downstream relies on it
    return sequence_number


_READERS: dict[str, Callable[[LambdaRecord], Record]] = {"aws:kinesis": _kinesis, "aws:dynamodb": _dynamodb}
