"""Rows of the reference table: BatchGetItem calls of 100, and what was found lately is remembered, as is what was not.

What is out of reach is tried again, with jittered back-off, while there is time; then all that is left of the batch is
out of reach, without another call. A remembered row is never older than its time, whatever the table's state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify
from pipeline.aws.lookups.kind import Looked, unavailable
from pipeline.core.attribute_value import to_json
from pipeline.errors import Misconfiguration, Retryable
from pipeline.lookups.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from pipeline.model import Image, Json, Want
    from pipeline.ports import Remaining

# API reference, BatchGetItem: up to 100 keys, each once, and 16 MB; the rest is in UnprocessedKeys.
MAX_BATCH_KEYS: Final = 100
# How long it is remembered that there is no row: it is the one that somebody may be about to write.
ABSENT_SECONDS: Final = 10.0
MOST_ROWS: Final = 100_000
MOST_BYTES: Final = 64 * 1024 * 1024
# About what a row takes besides its JSON.
_ROW_BYTES: Final = 200
PARTITION_KEY, SORT_KEY, EXPIRES = "lookup", "key", "expires_at"


@dataclass
class ReferenceTable:
    """Kind `table`.

    Args:
        now: epoch seconds, by which rows expire.
        seconds: how old a remembered row may be.
    """

    client: DynamoDBClient
    table: str
    now: Callable[[], float]
    seconds: float
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        self.cache: Cache[Want, bytes] = Cache(self.now, MOST_ROWS, MOST_BYTES)

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        """The rows; see `ports.Lookup`."""
        facts: dict[Want, Any] = {}
        asked = []
        for want in wants:
            known = self.cache.get(want, None)
            if known is None:
                asked.append(want)
            elif known:
                facts[want] = orjson.loads(known)
        chunks = list(batched(asked, MAX_BATCH_KEYS, strict=False))
        for number, chunk in enumerate(chunks):
            try:
                facts |= self._chunk(chunk, remaining)
            except Retryable as error:
                left = [want for chunk in chunks[number:] for want in chunk if want not in facts]
                return Looked(facts | unavailable(left, error), {})
        return Looked(facts, {})

    def _chunk(self, wants: Sequence[Want], remaining: Remaining) -> dict[Want, Json]:
        """The rows of a chunk, all of them or none. Raises Retryable."""
        waiting = {(want.name, want.key): want for want in wants}
        facts: dict[Want, Json] = {}
        tries = 0
        while waiting:
            why: object = "the table is throttled: keys were left unprocessed"
            try:
                items, left = self._get(list(waiting))
            except Retryable as error:
                why = error
            else:
                facts |= self._keep({key: want for key, want in waiting.items() if key not in left}, items)
                waiting = {key: waiting[key] for key in left}
            tries += 1
            if waiting and not self.backoff.wait(tries, remaining):
                raise Retryable(str(why))
        return facts

    def _keep(self, asked: dict[tuple[str, str], Want], items: dict[tuple[str, str], Image]) -> dict[Want, Json]:
        """What was answered, remembered: of each key its row, or that there is none."""
        facts: dict[Want, Json] = {}
        for key, want in asked.items():
            row = self._row(items.get(key))
            kept = b"" if row is None else orjson.dumps(row)
            seconds = self.seconds if row is not None else min(self.seconds, ABSENT_SECONDS)
            self.cache.put(want, kept, seconds=seconds, size_bytes=_ROW_BYTES + len(kept))
            if row is not None:
                facts[want] = row
        return facts

    def _row(self, item: Image | None) -> Json:
        """All but the keys; None for one whose time is over, which DynamoDB deletes some days later."""
        if item is None or float(item.get(EXPIRES, {}).get("N", "inf")) <= self.now():
            return None
        return {name: to_json(value) for name, value in item.items() if name not in {PARTITION_KEY, SORT_KEY, EXPIRES}}

    def _get(self, keys: Sequence[tuple[str, str]]) -> tuple[dict[tuple[str, str], Image], Sequence[tuple[str, str]]]:
        """One call: the rows there are, and the keys that it left."""
        asked: list[Any] = [{PARTITION_KEY: {"S": name}, SORT_KEY: {"S": key}} for name, key in keys]
        try:
            answer = self.client.batch_get_item(RequestItems={self.table: {"Keys": asked}})
        except (BotoCoreError, ClientError) as error:
            raise classify(error) or Misconfiguration(f"table {self.table} refuses to be read: {error}") from error
        items: dict[tuple[str, str], Image] = {
            _key(item): item for item in answer.get("Responses", {}).get(self.table, [])
        }
        left: Any = answer.get("UnprocessedKeys", {}).get(self.table)
        return items, [_key(each) for each in left["Keys"]] if left else []


def _key(item: Any) -> tuple[str, str]:  # noqa: ANN401 - boto3's type of an item has more kinds of values
    return item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]
