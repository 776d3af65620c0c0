"""The kinds of things that a stack consists of. Plain data; the package says how they are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.core.outlet import variable
from pipeline.model import OutletKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stream:
    """A Kinesis data stream.

    Args:
        retention_hours: 24 (Kinesis's default) to 8760.
    """

    resource: str
    retention_hours: int


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index that projects everything; `key` is the partition key and the sort key, both strings."""

    name: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table.

    Args:
        key: the partition key and, when there is one, the sort key; all are strings.
        stream_view: what its stream carries: NEW_IMAGE or NEW_AND_OLD_IMAGES; None where it has none.
        expires: the attribute that holds when an item expires, in epoch seconds.
    """

    resource: str
    key: tuple[str, ...]
    stream_view: str | None
    expires: str
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket.

    Args:
        keep_days: after how many days its objects are removed; None keeps them for good.
    """

    resource: str
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue.

    Args:
        keep_days: how long a message stays that nobody takes, 14 at most.
        hidden_seconds: how long one is hidden that was taken; until then nobody sees again what was not done.
        given_up: the queue for what was taken `attempts` times and never done; a FIFO queue's is a FIFO queue.
        is_kept: it outlives its stack, as tables and buckets do.
    """

    resource: str
    keep_days: int
    hidden_seconds: int = 30
    is_fifo: bool = False
    attempts: int | None = None
    given_up: str | None = None
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic.

    Args:
        function: what it invokes with each message; None where others subscribe.
        given_up: the queue for messages that it could not hand over.
    """

    resource: str
    function: str | None = None
    given_up: str | None = None


@dataclass(frozen=True, slots=True)
class Bus:
    """An EventBridge bus. `name` is the end of its name in AWS, which starts with the stack's."""

    resource: str
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """An EventBridge rule that hands events of a bus to a function: all of them, or those of new objects of a bucket.

    Args:
        bus: a bus of the stack; None is the account's own, on which AWS tells what happens.
        retries: how often it tries to, 185 at most.
        age_seconds: for how long, a day at most.
        given_up: the queue for events that it could not hand over.
    """

    resource: str
    bus: str | None
    function: str
    retries: int
    age_seconds: int
    given_up: str
    bucket: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a function consumes, and how its event source mapping cuts it into batches.

    Args:
        resource: a Kinesis stream or the stream of a table.
        batch_size: records of one invocation at most; 6 MB bound it as well.
        window_seconds: how long a batch is gathered at most.
        batches_per_shard: 1 to 10 at once.
        retries: how often a failed batch is tried again before Lambda gives it up.
        age_seconds: how old a record may get before Lambda gives it up.
        given_up: the bucket that batches are written to when they are given up.
    """

    resource: str
    batch_size: int
    window_seconds: int
    batches_per_shard: int
    retries: int
    age_seconds: int
    given_up: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a function may do to a resource; actions are IAM's."""

    resource: str
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outlet:
    """A resource that routes tell of events, such as a topic that others subscribe to."""

    resource: str
    kind: OutletKind

    @property
    def variable(self) -> str:
        """The environment variable of `process` that says where it is: a topic's ARN, a queue's URL, or a name."""
        return variable(self.resource)

    @property
    def grant(self) -> Grant:
        """What `process` does to it."""
        return Grant(self.resource, frozenset({_TELL[self.kind]}))


_TELL: Final[Mapping[OutletKind, str]] = {
    OutletKind.STREAM: "kinesis:PutRecords",
    OutletKind.BUS: "events:PutEvents",
    OutletKind.TOPIC: "sns:Publish",
    OutletKind.QUEUE: "sqs:SendMessage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyFunction:
    """A Lambda function.

    Args:
        name: the end of its name in AWS, which starts with the stack's.
        handler: `module.attribute`.
        environment: its variables.
        grants: all that its role allows.
    """

    resource: str
    name: str
    handler: str
    environment: Mapping[str, str]
    grants: tuple[Grant, ...]
    timeout_seconds: int = 60
    memory_mb: int = 1769


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(AnyFunction):
    """One that consumes streams, in batches of one of them each."""

    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFunction(AnyFunction):
    """One that answers requests of the REST API.

    Args:
        operations: method and path of what it is asked; ANY is every method that no other function has of the path.
    """

    operations: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncFunction(AnyFunction):
    """One that is invoked without waiting for its answer.

    Args:
        callers: what may invoke it.
        retries: how often Lambda tries again after an error, 2 at most.
        age_seconds: for how long Lambda keeps an event that it cannot hand over, six hours at most.
        given_up: the queue for events that Lambda gives up, with the error.
    """

    callers: frozenset[str]
    retries: int
    age_seconds: int
    given_up: str


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A queue that a function consumes, and how its event source mapping cuts it into batches.

    Args:
        batch_size: messages of one invocation at most, 10 from a FIFO queue; 6 MB bound it as well.
        window_seconds: how long a batch is gathered at most; a FIFO queue has no window.
    """

    resource: str
    batch_size: int
    window_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFunction(AnyFunction):
    """One that consumes queues."""

    sources: frozenset[QueueSource]


@dataclass(frozen=True, slots=True)
class Schedule:
    """An EventBridge rule that invokes a function at times.

    Args:
        expression: a rate or a cron.
        retries: how often it tries to hand its event over, 185 at most.
        age_seconds: for how long, a day at most.
        given_up: the queue for events that it could not hand over.
    """

    resource: str
    expression: str
    function: str
    retries: int
    age_seconds: int
    given_up: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A CloudWatch alarm on a metric of a function; no figure at all sets it off, too.

    Args:
        seconds: what it looks at, each time.
        threshold: of the average in that time; from there on it is on.
    """

    resource: str
    function: str
    metric: str
    seconds: str
    threshold: float


@dataclass(frozen=True, slots=True)
class QueueAlarm:
    """A CloudWatch alarm that is on while anything lies in a queue, or while something lies there for long.

    Args:
        seconds: what it looks at, each time.
        oldest_seconds: for how long it may lie; None where nothing may.
    """

    resource: str
    queue: str
    seconds: int
    oldest_seconds: int | None = None
