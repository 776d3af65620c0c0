"""How AWS is called: the same for every service, but for those that records go to."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from pipeline.aws.clients import Clients

CLIENTS = Clients(local=True, endpoint_url="http://localhost:4566")


class Sent(Exception):
    """A call got as far as the network."""


@pytest.mark.parametrize(("service", "attempts"), [("dynamodb", 2), ("kinesis", 2), ("s3", 2), ("logs", 3)])
def test_one_retry_where_our_own_loops_try_again(service: str, attempts: int) -> None:
    """Where records go, botocore bridges one dropped connection and no more."""
    config: Any = getattr(CLIENTS, service).meta.config

    assert attempts == config.retries["total_max_attempts"]


def test_items_are_not_checked_twice() -> None:
    """An item goes out unchecked, as our own encoder made it and DynamoDB checks it; other calls are checked."""

    def stop(**_: object) -> None:
        raise Sent

    clients, wrong = Clients(local=True, endpoint_url="http://localhost:4566"), {"pk": {"S": 5}}
    dynamodb: Any = clients.dynamodb
    dynamodb.meta.events.register("before-call", stop)
    s3: Any = clients.s3

    with pytest.raises(Sent):
        dynamodb.put_item(TableName="table", Item=wrong)
    with pytest.raises(ParamValidationError):
        s3.put_object(Bucket="bucket", Key=5)
