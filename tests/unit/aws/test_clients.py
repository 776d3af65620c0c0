"""How AWS is called: the same for every service, but for those that records go to."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from pipeline.aws.clients import Clients
from pipeline.aws.patience import PROMPT, RECORDS, USUAL, Patience

CLIENTS = Clients(local=True, endpoint_url="http://localhost:4566")


class Sent(Exception):
    """A call got as far as the network."""


@pytest.mark.parametrize(
    ("clients", "of_records"),
    [(CLIENTS, RECORDS), (Clients(local=True, endpoint_url="http://localhost:4566", patience=PROMPT), PROMPT)],
)
@pytest.mark.parametrize("service", ["dynamodb", "kinesis", "s3", "sqs", "logs", "cloudformation"])
def test_how_long_a_service_is_waited_for(service: str, clients: Clients, of_records: Patience) -> None:
    """Where records go for as long as its user wants, and elsewhere as usual."""
    config: Any = getattr(clients, service).meta.config
    patience = Patience(config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"])

    assert (USUAL if service in {"logs", "cloudformation"} else of_records) == patience


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
