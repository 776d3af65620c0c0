"""Reading all shards in turn, for as long as the caller asks for more."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from pipeline.aws.backoff import Backoff
from pipeline.aws.dynamodbstreams.reader import Reader
from pipeline.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

POLL_SECONDS: Final = 0.5
DISCOVER_SECONDS: Final = 10.0
GIVE_UP_AFTER_SECONDS: Final = 60.0
BEGIN_WITHIN_SECONDS: Final = 15.0


def follow(
    client: DynamoDBStreamsClient,
    stream_arn: str,
    since: datetime | None = None,
    *,
    tell: Callable[[str], None] = lambda _: None,
    backoff: Backoff | None = None,
    now: Callable[[], float] = time.time,
) -> Iterator[list[RecordTypeDef]]:
    """Batches of records as they come, for as long as the caller asks for the next one.

    The start is where the stream is at the moment of this call. There is an empty batch at every poll without records,
    so that the caller can stop then. Within a batch, and per item over all of them, records are in order.

    Args:
        client: the DynamoDB Streams client.
        stream_arn: the table's `LatestStreamArn`.
        since: aware, at most 24 hours back; None: from now on.
        tell: is told, in a line, of what a person should know.
        backoff: the waits between polls and between tries.
        now: epoch seconds.

    Raises NotDeployed, Misconfiguration; Retryable when it cannot begin, or nothing could be read for a minute.
    """
    reader = Reader(client, stream_arn, since, datetime.fromtimestamp(now(), UTC), tell)
    backoff = backoff or Backoff()
    _begin(reader, backoff, now)
    return _batches(reader, backoff, now)


def _begin(reader: Reader, backoff: Backoff, now: Callable[[], float]) -> None:
    """Begin, also where the stream of a new table is not ready yet, or is throttled. Raises as `follow` does."""
    give_up_at = now() + BEGIN_WITHIN_SECONDS
    tries = 0
    while True:
        try:
            return reader.begin()
        except Retryable:
            tries += 1
            if not backoff.wait(tries, lambda: give_up_at - now()):
                raise


def _batches(reader: Reader, backoff: Backoff, now: Callable[[], float]) -> Iterator[list[RecordTypeDef]]:
    discovered_at, failing_since, tries = now(), None, 0
    while True:
        is_idle = True
        for shard in reader.readable():
            if records := reader.attempt(partial(reader.read, shard)):
                yield records
            is_idle = is_idle and not records and not shard.is_read
        if now() - discovered_at >= DISCOVER_SECONDS or not reader.readable():
            discovered_at = now()
            reader.attempt(reader.discover)
        if is_idle:
            yield []
        if failure := reader.take_failure():
            failing_since, tries = failing_since or now(), tries + 1
            if now() - failing_since > GIVE_UP_AFTER_SECONDS:
                raise failure
            backoff.wait(tries, lambda: math.inf)
        else:
            failing_since, tries = None, 0
            if is_idle:
                backoff.sleep(POLL_SECONDS)
