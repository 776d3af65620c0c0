"""The results table: events as append-only items, entities as guarded state.

Items go in BatchWriteItem calls of 25, as they need no condition: an item's key is made of the event alone. State goes
in conditional PutItem calls, several at a time: batches take no conditions, and after compaction no two are of one
entity. Both try again with jittered back-off while there is time, and then say what is missing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify, error_code
from pipeline.errors import Retryable
from pipeline.model import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from pipeline.model import Item, Position, State
    from pipeline.ports import Remaining

# API reference, BatchWriteItem: up to 25 items and 16 MB; 25 items of 400 KB stay below it.
MAX_BATCH_ITEMS: Final = 25
STATE_WRITERS: Final = 8
_NO_TIME: Final = Failure("no time left")
_GUARD: Final = "attribute_not_exists(version) OR version < :version"


@dataclass(frozen=True)
class ItemSink:
    """Sink[Item]: append-only items of one table."""

    client: DynamoDBClient
    table: str
    backoff: Backoff = field(default_factory=Backoff)

    def write(self, deliveries: Sequence[Item], remaining: Remaining) -> Mapping[Position, Failure]:
        """Write every item, the earliest first. Raises Misconfiguration."""
        failures: dict[str, Failure] = {}
        last = {each.key: each for each in deliveries}
        for number, chunk in enumerate(batched(last.values(), MAX_BATCH_ITEMS, strict=False)):
            if number and remaining() <= 0:
                failed = dict.fromkeys((each.key for each in chunk), _NO_TIME)
            else:
                failed = self._write_chunk(chunk, remaining)
            failures |= failed
        # Of several items under one key only the last is written, but all of them wait for it.
        return {each.position: failures[each.key] for each in deliveries if each.key in failures}

    def _write_chunk(self, chunk: Sequence[Item], remaining: Remaining) -> dict[str, Failure]:
        """What could not be written, by key."""
        waiting, tries, detail = {each.key: each for each in chunk}, 0, ""
        while waiting:
            try:
                waiting = self._batch_write(waiting)
                detail = "unprocessed: the table is throttled"
            except Retryable as error:
                detail = str(error)
            except _Refused as error:
                if len(waiting) > 1:
                    return self._write_singly(waiting, remaining)
                return dict.fromkeys(waiting, Failure(f"DynamoDB refuses the item: {error}", permanent=True))
            tries += 1
            if waiting and not self.backoff.wait(tries, remaining):
                break
        return dict.fromkeys(waiting, Failure(detail))

    def _batch_write(self, items: Mapping[str, Item]) -> dict[str, Item]:
        """One call; what it left unprocessed."""
        puts: list[Any] = [{"PutRequest": {"Item": orjson.Fragment(each.item)}} for each in items.values()]
        try:
            answer = self.client.batch_write_item(RequestItems={self.table: puts})
        except (BotoCoreError, ClientError) as error:
            raise _failure(error) from error
        left = {request["PutRequest"]["Item"]["pk"]["S"] for request in answer["UnprocessedItems"].get(self.table, [])}
        return {key: each for key, each in items.items() if key in left}

    def _write_singly(self, items: Mapping[str, Item], remaining: Remaining) -> dict[str, Failure]:
        """DynamoDB refused the whole call for one bad item: find it, and let the others through."""
        failed: dict[str, Failure] = {}
        for number, (key, item) in enumerate(items.items()):
            failed |= {key: _NO_TIME} if number and remaining() <= 0 else self._write_chunk([item], remaining)
        return failed


@dataclass(frozen=True)
class StateSink:
    """Sink[State]: the current state of entities, never moved back by a replay or a late duplicate."""

    client: DynamoDBClient
    table: str
    backoff: Backoff = field(default_factory=Backoff)

    def write(self, deliveries: Sequence[State], remaining: Remaining) -> Mapping[Position, Failure]:
        """Write the newest state of each entity in the batch. Raises Misconfiguration."""
        entities: defaultdict[str, list[State]] = defaultdict(list)
        for each in deliveries:
            entities[each.key].append(each)
        failures: dict[Position, Failure] = {}
        with ThreadPoolExecutor(STATE_WRITERS) as writers:
            for number, chunk in enumerate(batched(entities.values(), STATE_WRITERS, strict=False)):
                if number and remaining() <= 0:
                    failures |= {each.position: _NO_TIME for states in chunk for each in states}
                    continue
                for failed in writers.map(lambda states: self._write_entity(states, remaining), chunk):
                    failures |= failed
        return failures

    def _write_entity(self, states: Sequence[State], remaining: Remaining) -> dict[Position, Failure]:
        """Write the newest state, or, when DynamoDB refuses it for ever, the newest that it takes."""
        refused: dict[Position, Failure] = {}
        # Of two with one version the first stays in front and is written: so does the guard have it, batch by batch.
        by_age = deque(sorted(states, key=lambda state: state.version, reverse=True))
        while by_age:
            failure = self._put(by_age[0], remaining)
            if failure is None:
                break
            if not failure.permanent:
                # What was compacted into this state has had no effect either, so it waits with it.
                return refused | {each.position: failure for each in by_age}
            refused[by_age.popleft().position] = failure
        return refused

    def _put(self, state: State, remaining: Remaining) -> Failure | None:
        try:
            self.backoff.retry(lambda: self._put_once(state), remaining)
        except Retryable as error:
            return Failure(str(error))
        except _Refused as error:
            return Failure(f"DynamoDB refuses the state: {error}", permanent=True)
        return None

    def _put_once(self, state: State) -> None:
        item: Any = orjson.Fragment(state.item)
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression=_GUARD,
                ExpressionAttributeValues={":version": {"S": state.version}},
            )
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error_code(error) == "ConditionalCheckFailedException":
                return  # a newer version is stored already: this one has had its effect
            raise _failure(error) from error


class _Refused(Exception):
    """DynamoDB can never take this request as it is."""


def _failure(error: BotoCoreError | ClientError) -> Exception:
    return classify(error) or _Refused(error_code(error) if isinstance(error, ClientError) else str(error))
