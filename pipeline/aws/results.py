"""Reading the results table: the four questions it answers, each with one GetItem or Query.

event(id)                 one event                                    consistent
latest(key, since, …)     the newest events of a key in a time range   by the index, a moment behind
state(entity)             an entity as it is now                       consistent
history(entity)           every change of an entity, oldest first      by the index, a moment behind

The two that are lists can be read page by page: `page(latest_of(…), …)`, `page(history_of(…), …)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.failures import classify
from pipeline.core.attribute_value import to_json
from pipeline.core.cursor import Place
from pipeline.core.encode import sortable
from pipeline.errors import Misconfiguration
from pipeline.transforms.timestamps import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from pipeline.model import Image, Json

TIMELINE: Final = "timeline"
# DynamoDB looks at 1 MB of items a call; so many calls at most are made for a page that nothing was found for yet.
MAX_CALLS: Final = 8
# Items looked at in a call that filters: most are left out, and each call costs a round trip.
FILTERED_ITEMS: Final = 1000
# What only the table needs: keys, order, expiry.
_INTERNAL: Final = frozenset({"pk", "sk", "timeline", "timeline_order", "expires_at"})


class Span(NamedTuple):
    """A part of a key's timeline: from `start` on, up to `end`, both in the timeline's own order."""

    key: str
    start: str
    end: str
    newest_first: bool
    type: str | None = None


class Page(NamedTuple):
    """Items in order, each with its place, and the place after which to go on; None where the span ends."""

    items: list[tuple[Place, dict[str, Json]]]
    after: Place | None


def latest_of(key: str, since: str | None = None, until: str | None = None, event_type: str | None = None) -> Span:
    """The events of a key from `since` on and before `until`, newest first. Raises Rejection: time_invalid."""
    # ":" comes right after the digits, so "0" to ":" is every time there is. Changes begin with a version instead.
    start = sortable(utc(since)) if since else "1000"
    end = sortable(utc(until)) if until else ":"
    return Span(key, start, end, newest_first=True, type=event_type)


def history_of(entity: str) -> Span:
    """The changes of an entity `<table>/<key>`, oldest first."""
    return Span(entity, "0", ":", newest_first=False)


@dataclass(frozen=True)
class Results:
    """The results table, for reading. Times are RFC 3339 with a UTC offset; items come back as JSON values.

    All raise Retryable and Misconfiguration.
    """

    client: DynamoDBClient
    table: str

    def event(self, event_id: str) -> dict[str, Json] | None:
        """The event with this id, or None."""
        return self._get(f"event#{event_id}", "event")

    def state(self, entity: str) -> dict[str, Json] | None:
        """The entity `<table>/<key>` as it is now. None: never seen.

        A deleted one has `deleted` true and no data; one that no item can hold has the `dataref` of its last change.
        """
        return self._get(f"entity#{entity}", "state")

    def latest(
        self, key: str, *, since: str | None = None, until: str | None = None, limit: int = 100
    ) -> list[dict[str, Json]]:
        """Up to `limit` events of a key, newest first, from `since` on and before `until`."""
        return list(islice(self._all(latest_of(key, since, until)), limit))

    def history(self, entity: str) -> Iterator[dict[str, Json]]:
        """The change events of an entity `<table>/<key>`, oldest first."""
        return self._all(history_of(entity))

    def page(self, span: Span, limit: int, after: Place | None = None) -> Page:
        """Up to `limit` items of a span, at most the 1 MB that DynamoDB gives at once.

        A page can be empty and yet not the last, where few items are of the wanted type.
        """
        found: list[tuple[Place, dict[str, Json]]] = []
        for _ in range(MAX_CALLS):
            answer = _call(self._query, span, limit, after)
            found = [(_place(item), shown(item)) for item in answer["Items"]]
            after = _place(answer["LastEvaluatedKey"]) if "LastEvaluatedKey" in answer else None
            if found or after is None:
                break
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1][0])
        return Page(found, after)

    def _all(self, span: Span) -> Iterator[dict[str, Json]]:
        page = self.page(span, FILTERED_ITEMS)
        yield from (item for _, item in page.items)
        while page.after is not None:
            page = self.page(span, FILTERED_ITEMS, page.after)
            yield from (item for _, item in page.items)

    def _get(self, pk: str, sk: str) -> dict[str, Json] | None:
        key: Image = {"pk": {"S": pk}, "sk": {"S": sk}}
        answer = _call(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True)
        item: Any = answer.get("Item")
        return None if item is None else shown(item)

    def _query(self, span: Span, limit: int, after: Place | None) -> dict[str, Any]:
        values = {":key": span.key, ":start": span.start, ":end": span.end}
        query: dict[str, Any] = {
            "KeyConditionExpression": "timeline = :key AND timeline_order BETWEEN :start AND :end",
            "ScanIndexForward": not span.newest_first,
            "Limit": limit,
        }
        if span.type is not None:
            values[":type"] = span.type
            query |= {"FilterExpression": "#type = :type", "ExpressionAttributeNames": {"#type": "type"}}
            query["Limit"] = max(limit, FILTERED_ITEMS)
        if after is not None:
            names = {"pk": after.pk, "sk": "event", "timeline": span.key, "timeline_order": after.order}
            query["ExclusiveStartKey"] = {name: {"S": value} for name, value in names.items()}
        query["ExpressionAttributeValues"] = {name: {"S": value} for name, value in values.items()}
        answer: Any = self.client.query(TableName=self.table, IndexName=TIMELINE, **query)
        return dict(answer)


def shown(item: Image) -> dict[str, Json]:
    """An item as JSON, without the attributes that only the table needs."""
    return {name: to_json(value) for name, value in item.items() if name not in _INTERNAL}


def _place(item: Image) -> Place:
    return Place(item["timeline_order"]["S"], item["pk"]["S"])


def _call(ask: Callable[..., Any], *what: object, **named: object) -> Any:  # noqa: ANN401 - the call's own answer
    """The answer of a call. Raises Retryable or Misconfiguration."""
    try:
        return ask(*what, **named)
    except (BotoCoreError, ClientError) as error:
        raise classify(error) or Misconfiguration(f"DynamoDB refused the call: {error}") from error
