from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.testing.deliveries import an_item
from pipeline.testing.dynamodb import FakeDynamoDB, holds
from pipeline.testing.dynamodb_items import read_item

if TYPE_CHECKING:
    from pipeline.model import Item


@pytest.mark.parametrize(
    ("stored_version", "version", "expected"),
    [(None, "1", True), ("1", "2", True), ("2", "2", False), ("3", "2", False), (7, "9", False)],
)
def test_guard(stored_version: str | int | None, version: str, *, expected: bool) -> None:
    """The guard's condition holds as DynamoDB evaluates it: strings by their bytes, another type never."""
    item: Any = (
        {} if stored_version is None else {"version": {"S" if stored_version != 7 else "N": str(stored_version)}}
    )
    condition = "attribute_not_exists(version) OR version < :version"
    assert expected == holds(condition, item, {":version": {"S": version}})


def test_unknown_condition() -> None:
    """A condition that the fake cannot evaluate is refused, not passed over."""
    with pytest.raises(Exception, match="does not know: size"):
        holds("size(a) > :b", {}, {":b": {"N": "1"}})


@pytest.mark.parametrize("items", [[an_item(1)] * 2, [an_item(number) for number in range(26)]])
def test_a_call_that_dynamodb_refuses(items: list[Item]) -> None:
    """A batch with one key twice, or with more than 25 items, is refused."""
    requests = [{"PutRequest": {"Item": read_item(each.item)}} for each in items]
    with pytest.raises(Exception, match="ValidationException"):
        FakeDynamoDB().batch_write_item(RequestItems={"results": requests})
