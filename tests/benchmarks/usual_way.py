"""The work of `process` on logs the usual way: Powertools' BatchProcessor, a pydantic model, boto3's TypeSerializer.

It is what a good team writes from the libraries' own documentation, with everything made once that can be: the same
items and the same lines as ours (`bench_process` checks that before it times anything), though not the same promise.
Aggregates are taken apart by aws_kinesis_agg first, as its documentation says.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from aws_kinesis_agg.deaggregator import deaggregate_records  # type: ignore[import-untyped] # it has no types
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from boto3.dynamodb.types import TypeSerializer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.model import MARKER

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord

EMAIL = re.compile(r"[\w.%+-]+@((?:[\w-]+\.)+[A-Za-z]{2,})")
NUMBERS = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "WARNING": 13, "ERROR": 17, "FATAL": 21}
NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
KEEP_SECONDS = 30 * 86_400

processor = BatchProcessor(event_type=EventType.KinesisDataStreams)
serializer = TypeSerializer()

type Text = Annotated[str, Field(min_length=1, max_length=512)]
type Hex = Annotated[str, Field(pattern="^[0-9a-f]+$")]


class LogData(BaseModel):
    """`schemas/log.v1.json`."""

    model_config = ConfigDict(extra="forbid")

    body: str | dict[str, Any]
    severity_text: Annotated[str, Field(max_length=64)] | None = None
    severity_number: Annotated[int, Field(ge=1, le=24)] | None = None
    observed_time: AwareDatetime | None = None
    attributes: dict[str, Any] | None = None
    resource: dict[str, Any] | None = None
    trace_id: Hex | None = None
    span_id: Hex | None = None


class LogEvent(BaseModel):
    """The envelope."""

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Literal["log.v1"]
    time: AwareDatetime
    subject: Text | None = None
    traceparent: Text | None = None
    data: LogData


class UsualWay:
    """A batch the usual way; the items and lines of the last one are kept, as for a write at its end."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.lines: list[tuple[str, str]] = []

    def run(self, event: dict[str, Any]) -> object:
        """One batch as Lambda delivers it → the partial batch response."""
        self.items, self.lines = [], []
        return process_partial_response(event, self.record, processor)

    def run_aggregated(self, event: dict[str, Any]) -> object:
        """The same of KPL aggregates."""
        return self.run({"Records": deaggregate_records(event["Records"])})

    def record(self, record: KinesisStreamRecord) -> None:
        """One record: decode, validate, transform, encode."""
        event = LogEvent.model_validate_json(record.kinesis.data_as_bytes())
        data = event.data
        if data.severity_number is None and data.severity_text:
            data.severity_number = NUMBERS.get(data.severity_text.strip().upper())
        if data.severity_number is not None:
            if data.severity_number < NUMBERS["DEBUG"]:
                return
            data.severity_text = NAMES[(data.severity_number - 1) // 4]
        data.body = mask(data.body)
        data.attributes = mask(data.attributes)
        time = event.time.astimezone(UTC)
        envelope = event.model_dump(exclude_none=True)
        envelope["time"] = utc_text(time)
        if data.observed_time:
            envelope["data"]["observed_time"] = utc_text(data.observed_time.astimezone(UTC))
        position = position_of(record)
        self.items.append(item(event, envelope, position, record.kinesis.approximate_arrival_timestamp))
        partition = f"type={event.type}/{time:date=%Y-%m-%d/hour=%H}"
        self.lines.append((partition, json.dumps({**envelope, "position": position}) + "\n"))


def item(event: LogEvent, envelope: dict[str, Any], position: str, arrived_at: float) -> dict[str, Any]:
    """The item of an event, as DynamoDB takes it."""
    attributes = {
        "pk": f"event#{event.id}",
        "sk": "event",
        **{name: value for name, value in envelope.items() if name != "specversion"},
        "timeline": event.subject or event.source,
        "timeline_order": f"{event.time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z#{event.id}",
        MARKER: position,
        "expires_at": int(arrived_at) + KEEP_SECONDS,
    }
    return {name: serializer.serialize(value) for name, value in attributes.items()}


def mask(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The value with every e-mail address masked."""
    if isinstance(value, str):
        return EMAIL.sub(r"***@\1", value)
    if isinstance(value, dict):
        return {name: mask(each) for name, each in value.items()}
    if isinstance(value, list):
        return [mask(each) for each in value]
    return value


def utc_text(time: datetime) -> str:
    """RFC 3339."""
    return time.isoformat().replace("+00:00", "Z")


def position_of(record: KinesisStreamRecord) -> str:
    """`stream/shard/sequence number/sub-sequence number`."""
    stream = record.event_source_arn.split("/")[1]
    shard, _, _ = record.event_id.partition(":")
    number = record.kinesis.get("subSequenceNumber", 0)
    return f"{stream}/{shard}/{record.kinesis.sequence_number}/{number}"
