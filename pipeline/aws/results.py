"""Reading the results table: the four questions it answers, each with one GetItem or Query.

event(id)                 one event                                    consistent
latest(key, since, …)     the newest events of a key in a time range   by the index, a moment behind
state(entity)             an entity as it is now                       consistent
history(entity)           every change of an entity, oldest first      by the index, a moment behind
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.attribute_value import to_json
from pipeline.core.encode import sortable
from pipeline.transforms.timestamps import utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from pipeline.model import Image, Json

TIMELINE: Final = "timeline"
# What only the table needs: keys, order, expiry.
_INTERNAL: Final = frozenset({"pk", "sk", "timeline", "timeline_order", "expires_at"})


@dataclass(frozen=True)
class Results:
    """The results table, for reading. Times are RFC 3339 with a UTC offset; items come back as JSON values."""

    client: DynamoDBClient
    table: str

    def event(self, event_id: str) -> dict[str, Json] | None:
        """The event with this id, or None."""
        return self._get(f"event#{event_id}", "event")

    def state(self, entity: str) -> dict[str, Json] | None:
        """The entity `<table>/<key>` as it is now; a deleted one has `deleted` true and no data. None: never seen."""
        return self._get(f"entity#{entity}", "state")

    def latest(
        self, key: str, *, since: str | None = None, until: str | None = None, limit: int = 100
    ) -> list[dict[str, Json]]:
        """Up to `limit` events of a key, newest first, from `since` on and before `until`."""
        # ":" comes right after the digits, so "0" to ":" is every time there is. Changes begin with a version instead.
        start = sortable(utc(since)) if since else "1000"
        end = sortable(utc(until)) if until else ":"
        return list(islice(self._query(key, start, end, newest_first=True), limit))

    def history(self, entity: str) -> Iterator[dict[str, Json]]:
        """The change events of an entity `<table>/<key>`, oldest first."""
        return self._query(entity, "0", ":", newest_first=False)

    def _get(self, pk: str, sk: str) -> dict[str, Json] | None:
        answer = self.client.get_item(TableName=self.table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True)
        item: Any = answer.get("Item")
        return None if item is None else shown(item)

    def _query(self, key: str, start: str, end: str, *, newest_first: bool) -> Iterator[dict[str, Json]]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=TIMELINE,
            KeyConditionExpression="timeline = :key AND timeline_order BETWEEN :start AND :end",
            ExpressionAttributeValues={":key": {"S": key}, ":start": {"S": start}, ":end": {"S": end}},
            ScanIndexForward=not newest_first,
        )
        for page in pages:
            for item in page["Items"]:
                image: Any = item
                yield shown(image)


def shown(item: Image) -> dict[str, Json]:
    """An item as JSON, without the attributes that only the table needs."""
    return {name: to_json(value) for name, value in item.items() if name not in _INTERNAL}
