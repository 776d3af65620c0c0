"""The Kinesis client of a function that puts onto a simulated stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.chunk import MAX_CALL_BYTES, MAX_ENTRIES, MAX_KEY_UNITS, MAX_RECORD_BYTES, key_units
from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.testing.mapping.stream import KinesisSource


@dataclass
class StreamClient:
    """PutRecords onto a source; as strict as Kinesis, and free with the order within a call."""

    source: KinesisSource

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Put all, the last first: PutRecords promises no order."""
        if StreamName not in self.source.arn:
            raise aws_error("ResourceNotFoundException")
        sizes = [len(entry["Data"]) + len(entry["PartitionKey"].encode()) for entry in Records]
        keys = [key_units(entry["PartitionKey"]) for entry in Records]
        if not 1 <= len(Records) <= MAX_ENTRIES or sum(sizes) > MAX_CALL_BYTES or max(sizes) > MAX_RECORD_BYTES:
            raise aws_error("ValidationException", text="too many entries, or too large")
        if not 1 <= min(keys) <= max(keys) <= MAX_KEY_UNITS:
            raise aws_error("ValidationException", text="a partition key is too short or too long")
        put = [self.source.put(entry["PartitionKey"], entry["Data"]) for entry in reversed(Records)]
        answers = [{"ShardId": record.shard, "SequenceNumber": str(record.sequence_number)} for record in reversed(put)]
        return {"FailedRecordCount": 0, "Records": answers}
