"""Reading all shards in turn, for as long as the caller asks for more."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
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
# A throttle or a dropped connection passes at once; what fails so often in a row may not, and a person waits for it.
TELL_AFTER_TRIES: Final = 3


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


@dataclass
class _Failing:
    """Polls that fail one after the other: waited for longer each time, told of once, raised after a minute."""

    backoff: Backoff
    now: Callable[[], float]
    tell: Callable[[str], None]
    since: float = 0.0
    tries: int = 0

    def again(self, failure: Retryable) -> None:
        """Wait for the next try. Raises the failure when it has lasted."""
        self.since = self.since if self.tries else self.now()
        self.tries += 1
        if self.now() - self.since > GIVE_UP_AFTER_SECONDS:
            raise failure
        if self.tries == TELL_AFTER_TRIES:
            story = f"the table's stream cannot be read: {failure}".replace("\n", " ")
            self.tell(f"{story}; trying for {GIVE_UP_AFTER_SECONDS:.0f} seconds")
        self.backoff.wait(self.tries, lambda: math.inf)

    def over(self) -> None:
        """A poll went well."""
        if self.tries >= TELL_AFTER_TRIES:
            self.tell("the table's stream can be read again")
        self.tries = 0


def _batches(reader: Reader, backoff: Backoff, now: Callable[[], float]) -> Iterator[list[RecordTypeDef]]:
    discovered_at, failing = now(), _Failing(backoff, now, reader.tell)
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
            failing.again(failure)
        else:
            failing.over()
            if is_idle:
                backoff.sleep(POLL_SECONDS)
