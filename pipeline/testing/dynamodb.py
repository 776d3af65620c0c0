"""A DynamoDB table in memory, behind the calls of the client that the sinks make; it fails as it is told.

It is strict where the service is (API reference, BatchWriteItem and PutItem): a call with one bad item is refused
whole, a batch takes no conditions and no key twice, and a condition is evaluated as it is written. What it does is held
against DynamoDB Local by `tests/contract/services`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from pipeline.testing.aws_errors import aws_error
from pipeline.testing.dynamodb_items import check_item, read_item

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import orjson

    from pipeline.model import AttributeValue, Image
    from pipeline.testing.dynamodbstreams import FakeDynamoDBStreams

MAX_BATCH_ITEMS: Final = 25
MAX_BATCH_KEYS: Final = 100
_NOT_EXISTS: Final = re.compile(r"attribute_not_exists\((\w+)\)")
_LESS: Final = re.compile(r"(\w+) < (:\w+)")
_VALUE: Final = re.compile(r":\w+")


@dataclass
class FakeDynamoDB:
    """One table.

    Args:
        table: its name; any other is not found.
        key: the names of its partition key and its sort key.
        errors: raised by the next calls, in turn; None lets a call through.
        unprocessed: how many items, or keys, each next batch leaves unprocessed, its last ones.
        invalid: partition keys of items that are refused for ever.
        after_call: called after every write, as when time passes.
        stream: where its changes are told, when it has a stream.
    """

    table: str = "results"
    key: tuple[str, str] = ("pk", "sk")
    errors: list[Exception | None] = field(default_factory=list)
    unprocessed: list[int] = field(default_factory=list)
    invalid: frozenset[str] = frozenset()
    after_call: Callable[[], None] = lambda: None
    items: dict[tuple[str, str], Image] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    stream: FakeDynamoDBStreams | None = None
    _lock: Lock = field(default_factory=Lock)

    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Put up to 25 items, or raise; what is left unprocessed is in the answer."""
        ((table, requests),) = RequestItems.items()
        items = [read_item(request["PutRequest"]["Item"]) for request in requests]
        with self._lock:
            self._begin(table, items)
            if not 1 <= len(items) <= MAX_BATCH_ITEMS or len({self._key(item) for item in items}) < len(items):
                raise aws_error("ValidationException", text="no items, too many, or one key twice")
            processed = len(items) - min(len(items), self.unprocessed.pop(0) if self.unprocessed else 0)
            for item in items[:processed]:
                self._store(item)
            self.after_call()
        left = [{"PutRequest": {"Item": item}} for item in items[processed:]]
        return {"UnprocessedItems": {table: left} if left else {}}

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803 - the API's name
        Item: Image | orjson.Fragment,  # noqa: N803 - the API's name
        ConditionExpression: str | None = None,  # noqa: N803 - the API's name
        ExpressionAttributeValues: Mapping[str, AttributeValue] | None = None,  # noqa: N803 - the API's name
    ) -> dict[str, Any]:
        """Put one item if the condition holds, or raise."""
        item = read_item(Item)
        with self._lock:
            self._begin(TableName, [item])
            stored = self.items.get(self._key(item), {})
            if ConditionExpression and not holds(ConditionExpression, stored, ExpressionAttributeValues or {}):
                raise aws_error("ConditionalCheckFailedException")
            self._store(item)
            self.after_call()
        return {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Sequence[Image]]]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """The items of up to 100 keys, in no order; what is left unprocessed is in the answer."""
        ((table, asked),) = RequestItems.items()
        keys = asked["Keys"]
        with self._lock:
            self.calls.append([each[self.key[1]]["S"] for each in keys])
            error = self.errors.pop(0) if self.errors else None
            if error is not None:
                raise error
            self._check_table(table)
            if not 1 <= len(keys) <= MAX_BATCH_KEYS or len({self._key(each) for each in keys}) < len(keys):
                raise aws_error("ValidationException", text="no keys, too many, or one twice")
            if not all(each.keys() == set(self.key) and all(self._key(each)) for each in keys):
                raise aws_error("ValidationException", text="a key is none")
            processed = len(keys) - min(len(keys), self.unprocessed.pop(0) if self.unprocessed else 0)
            found = [self.items[self._key(each)] for each in keys[:processed] if self._key(each) in self.items]
            self.after_call()
        left = {table: {"Keys": list(keys[processed:])}} if keys[processed:] else {}
        return {"Responses": {table: found[::-1]}, "UnprocessedKeys": left}

    def get_item(self, *, TableName: str, Key: Image, ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803 - the API's names
        """The item under a key; an answer without Item when there is none."""
        del ConsistentRead
        self._check_table(TableName)
        item = self.items.get(self._key(Key))
        return {} if item is None else {"Item": item}

    def delete_item(self, *, TableName: str, Key: Image) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Delete what is under a key, if anything is."""
        self._check_table(TableName)
        with self._lock:
            before = self.items.pop(self._key(Key), None)
        if self.stream is not None:
            self.stream.change(before, None)
        return {}

    def _key(self, item: Image) -> tuple[str, str]:
        partition, sort = self.key
        return item[partition]["S"], item[sort]["S"]

    def _store(self, item: Image) -> None:
        before, self.items[self._key(item)] = self.items.get(self._key(item)), item
        if self.stream is not None:
            self.stream.change(before, item)

    def _check_table(self, table: str) -> None:
        if table != self.table:
            raise aws_error("ResourceNotFoundException")

    def _begin(self, table: str, items: Sequence[Image]) -> None:
        self.calls.append([item.get("pk", {}).get("S", "") for item in items])
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            self.after_call()
            raise error
        self._check_table(table)
        try:
            for item in items:
                check_item(item)
                if item["pk"]["S"] in self.invalid:
                    raise aws_error("ValidationException", text="an item is what it should be refused for")
        except ClientError:
            self.after_call()
            raise


def holds(condition: str, stored: Image, values: Mapping[str, AttributeValue]) -> bool:
    """Whether a condition holds: terms `attribute_not_exists(a)` and `a < :v`, joined by OR. Raises for any other."""
    if set(_VALUE.findall(condition)) != values.keys():
        raise aws_error("ValidationException", text="a value is used but not given, or given but not used")
    terms = [_term_holds(term, stored, values) for term in condition.split(" OR ")]
    return any(terms)


def _term_holds(term: str, stored: Image, values: Mapping[str, AttributeValue]) -> bool:
    if match := _NOT_EXISTS.fullmatch(term):
        return match[1] not in stored
    if match := _LESS.fullmatch(term):
        return _is_less(stored.get(match[1], {}), values[match[2]])
    raise aws_error("ValidationException", text=f"a condition that the fake does not know: {term}")


def _is_less(left: AttributeValue, right: AttributeValue) -> bool:
    """Text by its bytes, numbers by their size; values of different types, or of none, do not compare."""
    if left.keys() == right.keys() == {"S"}:
        return bool(left["S"].encode() < right["S"].encode())
    return left.keys() == right.keys() == {"N"} and Decimal(left["N"]) < Decimal(right["N"])
