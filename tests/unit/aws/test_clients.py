"""How AWS is called: the same for every service, but for those that records go to."""

from __future__ import annotations

from pipeline.aws.clients import Clients

CLIENTS = Clients(local=True, endpoint_url="http://localhost:4566")


def test_one_retry_where_our_own_loops_try_again() -> None:
    """Where records go, botocore bridges one dropped connection and no more."""
    attempts = {
        client.meta.service_model.service_name: client.meta.config.retries["total_max_attempts"]
        for client in (CLIENTS.dynamodb, CLIENTS.kinesis, CLIENTS.s3, CLIENTS.logs)
    }

    assert {"dynamodb": 2, "kinesis": 2, "s3": 2, "logs": 3} == attempts


def test_items_are_not_checked_twice() -> None:
    """Only DynamoDB's calls go out unchecked: items are made by our own encoder, and DynamoDB refuses a wrong one."""
    unchecked = [
        client.meta.service_model.service_name
        for client in (CLIENTS.dynamodb, CLIENTS.kinesis, CLIENTS.s3, CLIENTS.logs)
        if not client.meta.config.parameter_validation
    ]

    assert ["dynamodb"] == unchecked
