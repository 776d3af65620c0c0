from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.aws.lookups.table import ABSENT_SECONDS, MAX_BATCH_KEYS, ReferenceTable
from pipeline.errors import Misconfiguration
from pipeline.model import Unavailable, Want
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.dynamodb import FakeDynamoDB
from tests.unit.aws.lookups.clock import Clock

if TYPE_CHECKING:
    from pipeline.model import Facts, Image

SECONDS = 60.0
THROTTLED = aws_error("ProvisionedThroughputExceededException")


def row(number: int, **attributes: Any) -> Image:  # noqa: ANN401 - AttributeValues
    return {"lookup": {"S": "customers"}, "key": {"S": str(number)}, "n": {"N": str(number)}, **attributes}


def a_table(*rows: Image, **options: Any) -> tuple[ReferenceTable, FakeDynamoDB, Clock]:  # noqa: ANN401 - the fake's
    """A lookup of a table with these rows."""
    items = {(each["lookup"]["S"], each["key"]["S"]): each for each in rows}
    fake, clock = FakeDynamoDB("reference", ("lookup", "key"), items=items, **options), Clock()
    return ReferenceTable(cast("Any", fake), "reference", clock, SECONDS, clock.backoff()), fake, clock


def wants(*keys: int, name: str = "customers") -> list[Want]:
    return [Want("table", name, str(key)) for key in keys]


def facts(table: ReferenceTable, clock: Clock, *keys: int) -> dict[str, Any]:
    """What is found, by key."""
    return by_key(table.look_up(wants(*keys), clock.remaining).facts)


def by_key(found: Facts) -> dict[str, Any]:
    return {want.key: fact for want, fact in found.items()}


def test_rows() -> None:
    """A row is all its attributes as JSON, without its keys and its end; what is not there is left out."""
    more = {"name": {"S": "ada"}, "tags": {"SS": ["a"]}, "expires_at": {"N": "100"}}
    table, fake, clock = a_table(row(1, **more), row(2))
    assert {"1": {"n": 1, "name": "ada", "tags": ["a"]}, "2": {"n": 2}} == facts(table, clock, 1, 2, 3)
    assert [["1", "2", "3"]] == fake.calls


def test_names() -> None:
    """Rows of one key under several names are several rows."""
    table, _, clock = a_table(row(1), {**row(1), "lookup": {"S": "shops"}, "n": {"N": "7"}})
    found = table.look_up([*wants(1), *wants(1, name="shops")], clock.remaining).facts
    assert {"customers": {"n": 1}, "shops": {"n": 7}} == {want.name: fact for want, fact in found.items()}


@pytest.mark.parametrize(("count", "calls"), [(100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_chunks(count: int, calls: list[int]) -> None:
    """As few calls as the API allows, of a hundred keys each."""
    table, fake, clock = a_table(*map(row, range(count)))
    assert count == len(facts(table, clock, *range(count)))
    assert calls == [len(call) for call in fake.calls]


def test_unprocessed() -> None:
    """Keys that were left are asked for again, those alone, with growing waits; none is taken for a missing row."""
    table, fake, clock = a_table(*map(row, range(4)), unprocessed=[3, 1])
    assert {str(number): {"n": number} for number in range(4)} == facts(table, clock, 0, 1, 2, 3, 9)
    assert [["0", "1", "2", "3", "9"], ["2", "3", "9"], ["9"]] == fake.calls
    assert clock.at > 0


@pytest.mark.parametrize(
    "error",
    [THROTTLED, ReadTimeoutError(endpoint_url="https://dynamodb"), aws_error("InternalServerError", 500)],
)
def test_tried_again(error: Exception) -> None:
    """What may succeed later is tried again."""
    table, fake, clock = a_table(row(1), errors=[error, error])
    assert {"1": {"n": 1}} == facts(table, clock, 1)
    assert 3 == len(fake.calls)


def test_away() -> None:
    """When the time is over, what is left is out of reach, without another call; what was found by then is known."""
    table, fake, clock = a_table(*map(row, range(250)), errors=[None, *[THROTTLED] * 99])
    found = facts(table, clock, *range(250))
    away = Unavailable(str(THROTTLED))
    assert (MAX_BATCH_KEYS, 150) == (250 - list(found.values()).count(away), list(found.values()).count(away))
    assert {str(number) for number in range(100, 200)} == {key for call in fake.calls[1:] for key in call}
    assert clock.remaining() < 2


def test_unprocessed_for_ever() -> None:
    """The keys that were never answered are out of reach: a row that was is remembered all the same."""
    table, fake, clock = a_table(row(0), row(1), unprocessed=[1] * 999)
    found = facts(table, clock, 0, 1)
    assert [Unavailable("the table is throttled: keys were left unprocessed")] * 2 == list(found.values())
    fake.unprocessed.clear()
    assert {"0": {"n": 0}, "1": {"n": 1}} == facts(table, clock, 0, 1)
    assert ["1"] == fake.calls[-1]


def test_not_remembered_as_away() -> None:
    """The next batch asks again."""
    table, fake, clock = a_table(row(1), errors=[THROTTLED])
    clock.at = 60.0
    assert {"1": Unavailable(str(THROTTLED))} == facts(table, clock, 1)
    assert {"1": {"n": 1}} == facts(table, clock, 1)
    assert 2 == len(fake.calls)


@pytest.mark.parametrize(("key", "seconds"), [(1, SECONDS), (2, ABSENT_SECONDS)])
def test_remembered(key: int, seconds: float) -> None:
    """A row is known for so long, and that there is none for less; after that it is asked for again."""
    table, fake, clock = a_table(row(1))
    first = facts(table, clock, key)
    clock.at = seconds - 0.1
    assert first == facts(table, clock, key)
    assert 1 == len(fake.calls)
    fake.items["customers", str(key)] = row(key, n={"N": "9"})
    clock.at = seconds
    assert {str(key): {"n": 9}} == facts(table, clock, key)


def test_never_stale() -> None:
    """A row whose time is over is not taken while the table is out of reach."""
    table, fake, clock = a_table(row(1))
    facts(table, clock, 1)
    clock.at, fake.errors = SECONDS, [THROTTLED]
    assert {"1": Unavailable(str(THROTTLED))} == facts(table, clock, 1)


def test_expired() -> None:
    """A row whose end is over is none, even though DynamoDB has it still."""
    table, _, clock = a_table(row(1, expires_at={"N": "10"}))
    clock.at = 10.0
    assert {} == facts(table, clock, 1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_refused(code: str) -> None:
    """What may not be read, or is not there, is a misconfiguration, and tried once."""
    table, fake, clock = a_table(errors=[aws_error(code)])
    with pytest.raises(Misconfiguration, match=code):
        facts(table, clock, 1)
    assert 1 == len(fake.calls)
