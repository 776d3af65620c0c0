"""What goes out of a client that writes items itself, beside what botocore would have written."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.clients import Clients
from pipeline.aws.item_requests import write_out
from pipeline.core.attribute_value import image_json
from pipeline.testing.dynamodb_items import read_item
from tests.unit.aws.offline import offline

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS.map(lambda text: {"S": text})
    | st.integers().map(lambda number: {"N": str(number)})
    | st.binary(max_size=50).map(lambda data: {"B": data})
    | st.lists(st.binary(max_size=50), min_size=1, unique=True).map(lambda data: {"BS": data})
    | st.just({"NULL": True}),
    lambda inner: (
        st.dictionaries(TEXTS, inner, max_size=3).map(lambda members: {"M": members})
        | st.lists(inner, max_size=3).map(lambda members: {"L": members})
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(TEXTS, VALUES, max_size=5)
NOT_TWICE_THE_SAME = {"Authorization", "X-Amz-Date", "amz-sdk-invocation-id", "Content-Length"}


@cache
def client(*, is_written: bool, status: int = 200, body: bytes = b'{"UnprocessedItems":{}}') -> tuple[Any, list[Any]]:
    """A client that opens no socket, and the requests that it would have sent."""
    made, requests = offline("dynamodb", status, body)
    if is_written:
        write_out(made)
        write_out(made)
    return made, requests


def sent(operation: str, *, is_written: bool = True, **arguments: Any) -> tuple[object, ...]:  # noqa: ANN401 - a call's
    """What goes out, parsed, and where; and whether it is signed, and as long as its header says."""
    made, requests = client(is_written=is_written)
    getattr(made, operation)(**arguments)
    request = requests.pop()
    headers = {name: value for name, value in request.headers.items() if name not in NOT_TWICE_THE_SAME}
    is_whole = request.headers["Content-Length"] == str(len(request.body))
    return orjson.loads(request.body), request.url, headers, is_whole, "Authorization" in request.headers


def puts(*items: Any) -> dict[str, Any]:  # noqa: ANN401 - items, in whatever form
    return {"RequestItems": {"results": [{"PutRequest": {"Item": item}} for item in items]}}


@given(ITEMS, ITEMS)
def test_the_request_is_what_botocore_would_have_written(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Word by word, to the same endpoint, for any items: as they are, or as what they are in JSON."""
    first, second = (orjson.Fragment(image_json(item)) for item in (one, other))
    usual = sent("batch_write_item", is_written=False, **puts(one, other))
    assert usual == sent("batch_write_item", **puts(one, other)) == sent("batch_write_item", **puts(first, second))

    rest: dict[str, Any] = {"TableName": "results", "ConditionExpression": "v < :v"}
    rest["ExpressionAttributeValues"] = {":v": {"B": b"1"}}
    usual = sent("put_item", is_written=False, Item=one, **rest)
    assert usual == sent("put_item", Item=one, **rest) == sent("put_item", Item=first, **rest)
    assert (True, True) == usual[-2:]


@given(ITEMS)
def test_what_is_written_is_read_again(item: dict[str, Any]) -> None:
    """The fakes see the items that were put, in whatever form they went."""
    assert item == read_item(image_json(item)) == read_item(orjson.Fragment(image_json(item))) == read_item(item)


@pytest.mark.parametrize("operation", ["put_item", "batch_write_item"])
def test_a_table_by_its_arn(operation: str) -> None:
    """A table that is named by its ARN is looked for where botocore looks for it."""
    arn, item = "arn:aws:dynamodb:eu-west-1:000000000000:table/results", {"pk": {"S": "a"}}
    batch = {"RequestItems": {arn: [{"PutRequest": {"Item": item}}]}}
    arguments: dict[str, Any] = {"TableName": arn, "Item": item} if operation == "put_item" else batch
    assert sent(operation, is_written=False, **arguments) == sent(operation, **arguments)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"UnprocessedItems":{"results":[{"PutRequest":{"Item":{"pk":{"S":"a"},"b":{"B":"AA=="}}}}]}}'),
        (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException","message":"m"}'),
    ],
)
def test_the_answer_is_read_by_botocore(status: int, body: bytes) -> None:
    """Items that come back, and errors."""

    def asked(*, is_written: bool) -> object:
        made, _ = client(is_written=is_written, status=status, body=body)
        try:
            return made.batch_write_item(**puts({"pk": {"S": "a"}}))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the same
            return repr(error)

    assert asked(is_written=False) == asked(is_written=True)


def test_what_is_no_part_of_a_request() -> None:
    """It is a bug of the caller, said aloud."""
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        sent("put_item", TableName="results", Item={"pk": {"SS": {"a"}}})


def test_every_client_of_ours_writes_its_items() -> None:
    """Where clients are made."""
    bodies: list[bytes] = []

    def stop(params: dict[str, Any], **_: object) -> None:
        bodies.append(params["body"])
        raise InterruptedError

    dynamodb: Any = Clients(local=True, endpoint_url="http://localhost:4566").dynamodb
    dynamodb.meta.events.register_last("before-call.dynamodb.PutItem", stop)
    with pytest.raises(InterruptedError):
        dynamodb.put_item(TableName="results", Item=orjson.Fragment(b'{"pk":{"S":"a"}}'))
    assert [b'{"TableName":"results","Item":{"pk":{"S":"a"}}}'] == bodies
