"""A DynamoDB table in memory, behind the calls of the client that the sinks make; it fails as it is told.

It is strict where the service is (API reference, BatchWriteItem and PutItem): a call with one bad item is refused
whole, a batch takes no conditions and no key twice, and a condition is evaluated as it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.attribute_value import size_bytes
from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.model import AttributeValue, Image

MAX_ITEM_BYTES: Final = 400 * 1024
MAX_BATCH_ITEMS: Final = 25
_NOT_EXISTS: Final = re.compile(r"attribute_not_exists\((\w+)\)")
_LESS: Final = re.compile(r"(\w+) < (:\w+)")


@dataclass
class FakeDynamoDB:
    """One table whose keys are `pk` and `sk`.

    Args:
        table: its name; any other is not found.
        errors: raised by the next calls, in turn; None lets a call through.
        unprocessed: how many items each next batch leaves unprocessed, its last ones.
        invalid: partition keys of items that are refused for ever.
        after_call: called after every call, as when time passes.
    """

    table: str = "results"
    errors: list[Exception | None] = field(default_factory=list)
    unprocessed: list[int] = field(default_factory=list)
    invalid: frozenset[str] = frozenset()
    after_call: Callable[[], None] = lambda: None
    items: dict[tuple[str, str], Image] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Put up to 25 items, or raise; what is left unprocessed is in the answer."""
        ((table, requests),) = RequestItems.items()
        items: list[Image] = [request["PutRequest"]["Item"] for request in requests]
        with self._lock:
            self._begin(table, items)
            keys = {_key(item) for item in items}
            if not 1 <= len(items) <= MAX_BATCH_ITEMS or len(keys) < len(items):
                raise aws_error("ValidationException", text="too many items, or one key twice")
            processed = len(items) - min(len(items), self.unprocessed.pop(0) if self.unprocessed else 0)
            self.items |= {_key(item): item for item in items[:processed]}
            self.after_call()
        left = list(requests[processed:])
        return {"UnprocessedItems": {table: left} if left else {}}

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803 - the API's name
        Item: Image,  # noqa: N803 - the API's name
        ConditionExpression: str | None = None,  # noqa: N803 - the API's name
        ExpressionAttributeValues: Mapping[str, AttributeValue] | None = None,  # noqa: N803 - the API's name
    ) -> dict[str, Any]:
        """Put one item if the condition holds, or raise."""
        with self._lock:
            self._begin(TableName, [Item])
            stored = self.items.get(_key(Item), {})
            if ConditionExpression and not holds(ConditionExpression, stored, ExpressionAttributeValues or {}):
                raise aws_error("ConditionalCheckFailedException")
            self.items[_key(Item)] = Item
            self.after_call()
        return {}

    def _begin(self, table: str, items: Sequence[Image]) -> None:
        self.calls.append([item["pk"]["S"] for item in items])
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            self.after_call()
            raise error
        if table != self.table:
            raise aws_error("ResourceNotFoundException")
        if any(item["pk"]["S"] in self.invalid or size_bytes(item) > MAX_ITEM_BYTES for item in items):
            self.after_call()
            raise aws_error("ValidationException", text="an item is too large, or what it should be refused for")


def _key(item: Image) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def holds(condition: str, stored: Image, values: Mapping[str, AttributeValue]) -> bool:
    """Whether a condition holds: terms `attribute_not_exists(a)` and `a < :v`, joined by OR. Raises for any other."""
    return any(_term_holds(term, stored, values) for term in condition.split(" OR "))


def _term_holds(term: str, stored: Image, values: Mapping[str, AttributeValue]) -> bool:
    if match := _NOT_EXISTS.fullmatch(term):
        return match[1] not in stored
    if match := _LESS.fullmatch(term):
        left, right = stored.get(match[1]), values[match[2]]
        # Values of different types, or of none, do not compare: the term does not hold.
        return left is not None and left.keys() == right.keys() == {"S"} and left["S"].encode() < right["S"].encode()
    raise aws_error("ValidationException", text=f"a condition that the fake does not know: {term}")
