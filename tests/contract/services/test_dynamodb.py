"""DynamoDB, as the sinks of the results table rely on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.services.services import an_item, fresh, refused

if TYPE_CHECKING:
    from pipeline.model import Image
    from tests.contract.services.services import Services

GUARD = "attribute_not_exists(version) OR version < :version"
ITEM_BYTES = 400 * 1024


def _put(services: Services, item: Image) -> None:
    services.dynamodb.put_item(TableName=services.table, Item=item)


def _put_guarded(services: Services, pk: str, version: dict[str, str]) -> None:
    services.dynamodb.put_item(
        TableName=services.table,
        Item=an_item(pk, version=version),
        ConditionExpression=GUARD,
        ExpressionAttributeValues={":version": version},
    )


def _put_batch(services: Services, *items: Image) -> Any:  # noqa: ANN401 - the answer
    puts = [{"PutRequest": {"Item": item}} for item in items]
    return services.dynamodb.batch_write_item(RequestItems={services.table: puts})


def _stored(services: Services, pk: str) -> Image | None:
    item: Image | None = services.dynamodb.get_item(TableName=services.table, Key=an_item(pk), ConsistentRead=True).get(
        "Item"
    )
    return item


def _nested(levels: int) -> dict[str, Any]:
    """A value that is that many maps deep."""
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"a": value}}
    return value


@pytest.mark.parametrize(
    ("first", "then", "is_taken"),
    [
        (None, {"S": "1"}, True),
        ({"S": "1"}, {"S": "2"}, True),
        ({"S": "2"}, {"S": "2"}, False),
        ({"S": "2"}, {"S": "1"}, False),
        ({"S": "2"}, {"S": "10"}, False),
        ({"S": "02"}, {"S": "10"}, True),
        ({"S": "a"}, {"S": "é"}, True),
        ({"S": "\uffff"}, {"S": "\U0001f41f"}, True),
        ({"N": "9"}, {"N": "10"}, True),
        ({"N": "9.5"}, {"N": "9"}, False),
        ({"S": "1"}, {"N": "2"}, False),
        ({"N": "1"}, {"S": "2"}, False),
    ],
    ids=str,
)
def test_guard(services: Services, first: dict[str, str] | None, then: dict[str, str], *, is_taken: bool) -> None:
    """The guard lets a first and a newer version through; text is compared by its bytes, other types never."""
    pk = fresh()
    if first is not None:
        _put_guarded(services, pk, first)
    if is_taken:
        _put_guarded(services, pk, then)
    else:
        with refused("ConditionalCheckFailedException"):
            _put_guarded(services, pk, then)

    assert an_item(pk, version=then if is_taken else first) == _stored(services, pk)


def test_guard_over_an_item_without_a_version(services: Services) -> None:
    """Where there is an item but no version, the guard lets any version through."""
    pk = fresh()
    _put(services, an_item(pk))
    _put_guarded(services, pk, {"S": "1"})

    assert an_item(pk, version={"S": "1"}) == _stored(services, pk)


@pytest.mark.parametrize(
    ("condition", "values"),
    [(GUARD, {}), ("attribute_not_exists(version)", {":version": {"S": "1"}})],
    ids=["used, not given", "given, not used"],
)
def test_condition_and_values_must_agree(services: Services, condition: str, values: dict[str, Any]) -> None:
    """A value that the condition uses must be given, and no other."""
    options = {"ExpressionAttributeValues": values} if values else {}
    with refused("ValidationException"):
        services.dynamodb.put_item(
            TableName=services.table, Item=an_item(fresh()), ConditionExpression=condition, **options
        )


def test_put_replaces_the_whole_item(services: Services) -> None:
    """Attributes of the item before are gone."""
    pk = fresh()
    _put(services, an_item(pk, old={"S": "x"}))
    _put(services, an_item(pk, new={"N": "1"}))

    assert an_item(pk, new={"N": "1"}) == _stored(services, pk)


def test_no_item(services: Services) -> None:
    """An answer for a key that is not there has no Item."""
    assert _stored(services, fresh()) is None


@pytest.mark.parametrize("count", [1, 25])
def test_batch(services: Services, count: int) -> None:
    """Up to 25 items go in one call; nothing that was written is among the unprocessed."""
    run = fresh()
    answer = _put_batch(services, *(an_item(f"{run}-{n}") for n in range(count)))

    assert {} == answer["UnprocessedItems"]
    assert all(_stored(services, f"{run}-{n}") for n in range(count))


def test_batch_of_none(services: Services) -> None:
    """A call without any item is refused."""
    with refused("ValidationException"):
        _put_batch(services)


def test_batch_of_26(services: Services) -> None:
    """A call with more than 25 items is refused whole."""
    run = fresh()
    with refused("ValidationException"):
        _put_batch(services, *(an_item(f"{run}-{n}") for n in range(26)))

    assert _stored(services, f"{run}-0") is None


def test_batch_with_one_key_twice(services: Services) -> None:
    """A call with two items of one key is refused whole, even when they are the same."""
    run = fresh()
    with refused("ValidationException"):
        _put_batch(services, an_item(f"{run}-a"), an_item(f"{run}-b"), an_item(f"{run}-b"))

    assert _stored(services, f"{run}-a") is None


def test_batch_overwrites(services: Services) -> None:
    """An item written again replaces what was there: there is no condition."""
    pk = fresh()
    _put_batch(services, an_item(pk, n={"N": "1"}))
    _put_batch(services, an_item(pk, n={"N": "2"}))

    assert an_item(pk, n={"N": "2"}) == _stored(services, pk)


def _got(services: Services, *pks: str) -> Any:  # noqa: ANN401 - the answer
    keys = [an_item(pk) for pk in pks]
    return services.dynamodb.batch_get_item(RequestItems={services.table: {"Keys": keys}})


def test_batch_of_keys(services: Services) -> None:
    """Up to 100 keys are asked for in one call; the items there are come in any order, and nothing of the others."""
    run = fresh()
    _put_batch(services, *(an_item(f"{run}-{n}", n={"N": str(n)}) for n in range(3)))
    answer = _got(services, *(f"{run}-{n}" for n in range(100)))

    found = {item["n"]["N"]: item for item in answer["Responses"][services.table]}
    assert {str(n): an_item(f"{run}-{n}", n={"N": str(n)}) for n in range(3)} == found
    assert {} == answer["UnprocessedKeys"]


@pytest.mark.parametrize(
    "pks", [[], ["a", "a"], [f"{n}" for n in range(101)], [""]], ids=["0", "twice", "101", "empty"]
)
def test_refused_keys(services: Services, pks: list[str]) -> None:
    """No key, more than 100, an empty one, or one that is there twice is refused, and all with it."""
    with refused("ValidationException"):
        _got(services, *pks)


REFUSED: dict[str, Image] = {
    "over 400 KB": an_item("k", x={"S": "x" * ITEM_BYTES}),
    "over 400 KB in UTF-8": an_item("k", x={"S": "é" * (ITEM_BYTES // 2)}),
    "an empty key": an_item(""),
    "a key of 2049 bytes": an_item("k" * 2049),
    "a sort key of 1025 bytes": {"pk": {"S": "k"}, "sk": {"S": "s" * 1025}},
    "no sort key": {"pk": {"S": "k"}},
    "a key of another type": {"pk": {"N": "1"}, "sk": {"S": "s"}},
    "a number above 1E+126": an_item("k", x={"N": "1E+126"}),
    "a number below 1E-130": an_item("k", x={"L": [{"N": "1E-131"}]}),
    "a number of 39 digits": an_item("k", x={"M": {"a": {"N": "1" * 39}}}),
    "a number that is none": an_item("k", x={"N": "NaN"}),
    "an empty set": an_item("k", x={"SS": []}),
    "a set with a member twice": an_item("k", x={"NS": ["1", "1"]}),
    "an empty name": an_item("k", x={"M": {"": {"S": "a"}}}),
    "33 levels": an_item("k", x=_nested(32)),
}


@pytest.mark.parametrize("item", REFUSED.values(), ids=list(REFUSED))
def test_refused_item(services: Services, item: Image) -> None:
    """An item that DynamoDB cannot hold is refused for ever, and takes its whole batch along."""
    neighbour = fresh()
    with refused("ValidationException"):
        _put(services, item)
    with refused("ValidationException"):
        _put_batch(services, an_item(neighbour), item)

    assert _stored(services, neighbour) is None


TAKEN: dict[str, dict[str, Any]] = {
    "exactly 400 KB": {"S": "x" * (ITEM_BYTES - len("pk" + "k" * 32 + "sk" + "contract" + "x"))},
    "an empty text": {"S": ""},
    "the largest number": {"N": "9.9999999999999999999999999999999999999E+125"},
    "the smallest number": {"N": "1E-130"},
    "a number of 38 digits": {"N": "1" * 38},
    "an empty list and map": {"L": [{"L": []}, {"M": {}}]},
    "32 levels": _nested(31),
    "binary": {"B": b"\x00\xff"},
    "nothing": {"NULL": True},
}


@pytest.mark.parametrize("value", TAKEN.values(), ids=list(TAKEN))
def test_taken_item(services: Services, value: dict[str, Any]) -> None:
    """What is just within the limits is stored."""
    pk = fresh()
    _put(services, an_item(pk, x=value))

    assert _stored(services, pk) is not None


def test_a_key_of_2048_bytes(services: Services) -> None:
    """The longest key there is."""
    pk = fresh().ljust(2048, "k")
    _put(services, an_item(pk))

    assert an_item(pk) == _stored(services, pk)


def test_no_such_table(services: Services) -> None:
    """Each call says that the table is not there."""
    with refused("ResourceNotFoundException"):
        services.dynamodb.put_item(TableName="no-such-table", Item=an_item("k"))
    with refused("ResourceNotFoundException"):
        services.dynamodb.batch_write_item(RequestItems={"no-such-table": [{"PutRequest": {"Item": an_item("k")}}]})
    with refused("ResourceNotFoundException"):
        services.dynamodb.get_item(TableName="no-such-table", Key=an_item("k"))
    with refused("ResourceNotFoundException"):
        services.dynamodb.batch_get_item(RequestItems={"no-such-table": {"Keys": [an_item("k")]}})
