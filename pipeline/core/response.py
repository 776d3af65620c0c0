"""The partial batch response, made here and nowhere else.

Lambda takes the lowest failed sequence number as the checkpoint and delivers again from there, so one is all it needs.
An empty list acknowledges the whole batch. Anything else that looks empty (None, {}, "") would acknowledge it too, and
an identifier that is not in the batch would fail it whole: the type and the check below leave no room for either.
(Developer guide, "Configuring partial batch response with Kinesis Data Streams and Lambda".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Position, Record


class BatchItemFailure(TypedDict):
    """One failed record; everything from it on is delivered again."""

    itemIdentifier: str


@final
class PartialBatchResponse(TypedDict):
    """What a function answers to an event source mapping of a stream."""

    batchItemFailures: list[BatchItemFailure]


def respond(records: Sequence[Record], first_failure: Position | None) -> PartialBatchResponse:
    """Acknowledge the records before the first failure, or all. Raises ValueError when it is not one of the batch."""
    if first_failure is None:
        return {"batchItemFailures": []}
    identifier = first_failure.sequence_number
    if all(record.position.sequence_number != identifier for record in records):
        raise ValueError(f"the first failure {first_failure} is not in the batch")
    return {"batchItemFailures": [{"itemIdentifier": identifier}]}


def respond_with_all(records: Sequence[Record], failed: Sequence[Record]) -> PartialBatchResponse:
    """Name every message of a queue that is to come again. Raises ValueError when one is not of the batch."""
    identifiers = [record.position.sequence_number for record in failed]
    if not {*identifiers} <= {record.position.sequence_number for record in records}:
        raise ValueError("a message that failed is not in the batch")
    return {"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}
