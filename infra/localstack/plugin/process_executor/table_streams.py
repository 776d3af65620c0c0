"""The changes of a DynamoDB item in their order.

LocalStack 4.14.0 hands the changes to the table's stream from ten threads, so that two quick writes of one item can
change places there. DynamoDB Streams never do that (developer guide: "in the same sequence as the actual
modifications"), and order is what is being tested. One thread keeps it.
"""

from __future__ import annotations

from localstack.services.dynamodb.provider import EventForwarder


def install() -> None:
    """Runs before the DynamoDB provider is made."""
    EventForwarder.__init__.__defaults__ = (1,)
