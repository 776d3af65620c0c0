"""The fake results table with its index: as much of Query as reading it needs, strict about the rest.

API reference, Query; an index of a table with the keys `pk` and `sk`, named after its partition key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.aws_errors import aws_error
from pipeline.testing.dynamodb import FakeDynamoDB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import AttributeValue, Image

_CONDITION: Final = "timeline = :key AND timeline_order BETWEEN :start AND :end"
_KEYS: Final = ("timeline", "timeline_order", "pk", "sk")


@dataclass
class FakeTimeline(FakeDynamoDB):
    """One table with the index `timeline` (`timeline`, `timeline_order`).

    Args:
        query_errors: raised by the next queries, in turn; None lets one through.
        page_items: how many items are looked at in a call at most, in place of 1 MB.
    """

    query_errors: list[Exception | None] = field(default_factory=list)
    page_items: int = 1000
    queries: int = 0

    def query(  # noqa: PLR0913 - as many as the API has
        self,
        *,
        TableName: str,  # noqa: N803 - the API's name
        IndexName: str,  # noqa: N803 - the API's name
        KeyConditionExpression: str,  # noqa: N803 - the API's name
        ExpressionAttributeValues: Mapping[str, AttributeValue],  # noqa: N803 - the API's name
        ScanIndexForward: bool,  # noqa: N803 - the API's name
        Limit: int,  # noqa: N803 - the API's name
        FilterExpression: str | None = None,  # noqa: N803 - the API's name
        ExpressionAttributeNames: Mapping[str, str] | None = None,  # noqa: N803 - the API's name
        ExclusiveStartKey: Image | None = None,  # noqa: N803 - the API's name
    ) -> dict[str, Any]:
        """Items of the index in their order, from a place on."""
        self.queries += 1
        error = self.query_errors.pop(0) if self.query_errors else None
        if error is not None:
            raise error
        self._check_table(TableName)
        filtered = {None: set[str](), "#type = :type": {":type"}}[FilterExpression]
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        _check(
            IndexName == "timeline" and KeyConditionExpression == _CONDITION,
            values.keys() == {":key", ":start", ":end"} | filtered,
            values[":start"] <= values[":end"] and "" not in values.values(),
            ExpressionAttributeNames == ({"#type": "type"} if filtered else None),
            Limit >= 1,
        )
        span = [each for each in self._index(values[":key"]) if values[":start"] <= _order(each)[0] <= values[":end"]]
        span.sort(key=_order, reverse=not ScanIndexForward)
        if ExclusiveStartKey is not None:
            after = _order(ExclusiveStartKey)
            _check(ExclusiveStartKey["timeline"]["S"] == values[":key"], values[":start"] <= after[0] <= values[":end"])
            span = [each for each in span if (_order(each) > after if ScanIndexForward else _order(each) < after)]
        looked_at = span[: min(Limit, self.page_items)]
        found = [each for each in looked_at if not filtered or each["type"]["S"] == values[":type"]]
        # DynamoDB stops at the limit without knowing whether anything comes after it.
        is_cut = len(looked_at) == min(Limit, self.page_items)
        last = {"LastEvaluatedKey": {name: looked_at[-1][name] for name in _KEYS}} if is_cut else {}
        return {"Items": found, **last}

    def _index(self, key: str) -> list[Image]:
        return [each for each in self.items.values() if each.get("timeline") == {"S": key}]


def _order(item: Image) -> tuple[str, str]:
    return item["timeline_order"]["S"], item["pk"]["S"]


def _check(*conditions: bool) -> None:
    if not all(conditions):
        raise aws_error("ValidationException", text="a query that the service would refuse, or the fake does not know")
