"""The services that a contract is tried on, and what its tests say of an answer."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.model import Image, Notice
    from pipeline.ports import Sink


@dataclass(frozen=True)
class Services:
    """The clients, and a table (keys `pk` and `sk`, with a stream), a bucket and a stream of one shard to use.

    They may be the fakes or LocalStack's; other tests use them too, so each test takes names of its own.
    """

    dynamodb: Any
    dynamodbstreams: Any
    s3: Any
    kinesis: Any
    table: str
    table_stream_arn: str
    bucket: str
    stream: str


@dataclass(frozen=True)
class Owner:
    """The clients of whoever deploys, and the account that they are of."""

    s3: Any
    dynamodb: Any
    sqs: Any
    account: str


@dataclass(frozen=True)
class Told:
    """An outlet and whoever listens to it: `heard` gives the ids of what arrived, in order, once there are so many."""

    sink: Sink[Notice]
    heard: Callable[[int], list[str]]


def fresh() -> str:
    """A name that nothing else has."""
    return uuid.uuid4().hex


def an_item(pk: str, **attributes: Any) -> Image:  # noqa: ANN401 - AttributeValues
    """An item of the table."""
    return {"pk": {"S": pk}, "sk": {"S": "contract"}, **attributes}


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    """The service refuses the call with one of these codes."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] in codes
