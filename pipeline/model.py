"""The nouns: what a record is on each part of its way. All are frozen; none knows how it is read or written.

They are msgspec structs, which cost a tenth of frozen dataclasses to make: several are made for every record.

Record ─decode▸ Event ─transform▸ Event ─route▸ Delivery      the good way
   └──────────────── DeadLetter ◂───┘                         the way of what can never succeed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from pipeline.errors import LedgerMismatch

type LambdaRecord = Mapping[str, Any]
"""One element of `event["Records"]` as Lambda delivers it."""

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
"""What `orjson.loads` returns."""

MARKER: Final = "pipeline_position"
"""The attribute that all items have that we write: the position of the record that it was made of.

It differs with each of our writes, but for those that change nothing, and stays when anybody else edits the item. So a
change that sets it anew is ours. The name is reserved.
"""

type AttributeValue = Mapping[str, Any]
"""A DynamoDB AttributeValue, such as `{"S": "x"}`."""

type Image = Mapping[str, AttributeValue]
"""A DynamoDB item: attribute name to AttributeValue."""


class Position(NamedTuple):
    """Where a record lies: the same over every redelivery.

    Sequence numbers have up to 56 digits and grow within one shard only: compare `order`, never the strings.
    `sub_sequence_number` counts the user records inside an aggregate, from 0; a plain record has 0.
    """

    stream: str
    shard: str
    sequence_number: str
    sub_sequence_number: int = 0

    @property
    def order(self) -> tuple[int, int]:
        """The place within the shard, comparable."""
        return int(self.sequence_number), self.sub_sequence_number

    def __str__(self) -> str:
        """`stream/shard/sequence number/sub-sequence number`, one form for logs, archive lines and items."""
        stream, shard, sequence_number, sub_sequence_number = self
        return f"{stream}/{shard}/{sequence_number}/{sub_sequence_number}"


class Reason(StrEnum):
    """Why a record became a dead letter. The codes are stable: alarms and redrives select by them."""

    NOT_BASE64 = "not_base64"
    AGGREGATE_CORRUPT = "aggregate_corrupt"
    GZIP_CORRUPT = "gzip_corrupt"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    NOT_AN_EVENT = "not_an_event"
    UNKNOWN_TYPE = "unknown_type"
    SCHEMA_INVALID = "schema_invalid"
    TIME_INVALID = "time_invalid"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    CLAIM_MISSING = "claim_missing"
    CLAIM_CORRUPT = "claim_corrupt"
    REFUSED_BY_SINK = "refused_by_sink"
    NOT_OF_FORMAT = "not_of_format"
    ZSTD_CORRUPT = "zstd_corrupt"
    DECOMPRESSION_BOMB = "decompression_bomb"
    OBJECT_GONE = "object_gone"
    OBJECT_CHANGED = "object_changed"
    OBJECT_ARCHIVED = "object_archived"
    OBJECT_UNREADABLE = "object_unreadable"
    OBJECT_EMPTY = "object_empty"
    TOO_MANY_BAD_LINES = "too_many_bad_lines"
    REJECTED_BY_TRANSFORM = "rejected_by_transform"
    BUG = "bug"


class Stage(StrEnum):
    """Where on its way a record became a dead letter."""

    READ = "read"
    UNPACK = "unpack"
    DECODE = "decode"
    VALIDATE = "validate"
    TRANSFORM = "transform"
    ENRICH = "enrich"
    ROUTE = "route"
    WRITE = "write"


class Record(Struct, frozen=True):
    """One record as delivered, not yet looked into; or one user record of it, with its data.

    `arrived_at` is the stream's own mark in epoch seconds: the same over every redelivery, but no order and no key.
    A user record has the `original` of all that came with it, and `data` and (of an aggregate) `partition_key` of its
    own; of any other record these are None, and the original holds them.
    """

    position: Position
    original: LambdaRecord
    arrived_at: float
    data: bytes | None = None
    partition_key: str | None = None


class Claim(NamedTuple):
    """The data of one event in the claims bucket: the SHA-256 of its JSON in hexadecimal, and its size."""

    digest: str
    size_bytes: int

    @property
    def key(self) -> str:
        """The name of the object."""
        return f"claims/{self.digest}-{self.size_bytes}.json"


class Owed(NamedTuple):
    """What is to be left in the claims bucket before the envelope that refers to it is put."""

    claim: Claim
    body: bytes


class ObjectVersion(NamedTuple):
    """An object of S3 as it was when it was told of. Without a version, its ETag tells whether it is still the same."""

    bucket: str
    key: str
    version: str | None = None
    etag: str | None = None


class Part(NamedTuple):
    """Some bytes of an object, and of the whole its size, its ETag and when it was written, in epoch seconds."""

    content: bytes
    size_bytes: int
    etag: str
    modified_at: float


class Event(Struct, frozen=True):
    """A decoded record: CloudEvents 1.0 attributes, and the data as plain JSON values.

    `time` is RFC 3339, in UTC once the transforms have run. Events of one `subject` stay in order; one without is in
    order with nothing. `dataref` is where the data were left as they were put, when they did not travel on the stream.
    """

    id: str
    source: str
    type: str
    time: str
    data: dict[str, Json]
    subject: str | None = None
    traceparent: str | None = None
    dataref: str | None = None

    @property
    def key(self) -> str:
        """What the event is looked up by: its subject, or else its source."""
        return self.subject or self.source


class Item(Struct, frozen=True):
    """An append-only item; its key is made of the event alone, so writing it twice leaves one.

    `item` is the image in JSON, as it goes into a request: nothing reads it again on its way.
    """

    position: Position
    key: str
    item: bytes


class State(Struct, frozen=True):
    """The current state of an entity, written under the guard that its version is newer than the stored one.

    `item` is the image in JSON.
    """

    position: Position
    key: str
    version: str
    item: bytes


class Line(Struct, frozen=True):
    """One line of an archive object. `partition` is `type=…/date=…/hour=…`, from the event's own time."""

    position: Position
    partition: str
    line: bytes


class Entry(Struct, frozen=True):
    """One entry of a PutRecords call. `data` is at most the stream's record limit together with the partition key."""

    position: Position
    partition_key: str
    data: bytes
    owed: Owed | None = None


class Accepted(Struct, frozen=True, gc=False):
    """The answer for an entry that is on the stream."""

    shard: str
    sequence_number: str


class Refused(Struct, frozen=True):
    """The answer for an entry that is not on the stream: `ProvisionedThroughputExceededException` or `InternalFailure`.

    The codes are those of PutRecordsResultEntry in the Kinesis API reference.
    """

    error_code: str


class OutletKind(StrEnum):
    """What an outlet is: a Kinesis stream, an EventBridge bus, an SNS topic or an SQS queue (those two may be FIFO)."""

    STREAM = "stream"
    BUS = "bus"
    TOPIC = "topic"
    QUEUE = "queue"


class Notice(Struct, frozen=True):
    """What an outlet is told of an event. It cannot be taken back, and may be told twice: `id` says that it is one.

    Args:
        outlet: the name of it, such as `AlertsTopic`.
        id, type, source: the event's.
        key: what order is kept by, where the outlet keeps any.
        time: RFC 3339.
        body: the event as CloudEvents JSON, without the characters that SQS refuses.
    """

    position: Position
    outlet: str
    id: str
    type: str
    source: str
    key: str
    time: str
    body: bytes


type Delivery = Item | State | Line | Entry | Notice


class DeadLetter(Struct, frozen=True):
    """A record that can never succeed, with what is needed to understand it and to redrive it."""

    record: Record
    reason: Reason
    detail: str
    stage: Stage


class Want(NamedTuple):
    """A fact that an event is to be enriched with.

    Args:
        kind: of the lookup that knows it, such as `table`.
        name: of what it is looked up in, such as `customers`.
        key: what it is looked up by; empty where there is only one fact.
    """

    kind: str
    name: str
    key: str


class Unavailable(Struct, frozen=True):
    """What stands for a fact while its lookup is out of reach; the detail says why, for a person."""

    detail: str


class Secret(Struct, frozen=True, eq=False):
    """A fact that nobody is shown: its repr has nothing of it, and it is no JSON."""

    value: Any

    def __repr__(self) -> str:
        return "Secret()"


type Facts = Mapping[Want, Json | Unavailable | Secret]
"""What is known of the wants of a batch; one of which there is no fact is left out."""


class Prepared(Struct, frozen=True):
    """After unpack, decode, validate and transform: the events, each with its record, and the lookups that they want.

    `records` are all that have an outcome of their own: user records where there are any. `unread` are the last of the
    batch, for which there was no room: they are to be delivered again. While there are `claims`, the records that want
    them have no outcome yet.
    """

    records: Sequence[Record]
    events: Sequence[tuple[Record, Event]]
    dead_letters: Sequence[DeadLetter]
    dropped: frozenset[Position] = frozenset()
    wants: frozenset[Want] = frozenset()
    unread: Sequence[Record] = ()
    claims: Sequence[Claim] = ()


class Processed(Struct, frozen=True):
    """After enrich, route and encode: everything that is to be written, in the order of the batch.

    `unfinished` is the first record whose lookup is out of reach: it and all after it are to be delivered again, and
    none of them has deliveries here.
    """

    deliveries: Sequence[Delivery]
    dead_letters: Sequence[DeadLetter]
    dropped: frozenset[Position] = frozenset()
    unfinished: Position | None = None


class Failure(Struct, frozen=True):
    """What a sink could not write: later perhaps (`permanent` false), or never."""

    detail: str
    permanent: bool = False


class Ledger(Struct, frozen=True):
    """The counts of one batch, in records (user records where there are aggregates)."""

    received: int
    delivered: int = 0
    dropped: int = 0
    dead_lettered: int = 0
    retried: int = 0
    reasons: Mapping[Reason, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raise `LedgerMismatch` unless every record received has exactly one outcome."""
        accounted = self.delivered + self.dropped + self.dead_lettered + self.retried
        if accounted != self.received:
            raise LedgerMismatch(
                f"received {self.received} records, but {accounted} are accounted for "
                f"(delivered {self.delivered}, dropped {self.dropped}, "
                f"dead-lettered {self.dead_lettered}, retried {self.retried})"
            )
