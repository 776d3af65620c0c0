"""What a stack made, and what is said when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from pipeline.aws.cloudformation import find, outputs, where
from pipeline.errors import NotDeployed
from pipeline.testing.cloudformation import FakeStack, client_error

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients
    from pipeline.testing.buckets import FakeAccount


ON_AWS = "https://a1.execute-api.us-east-1.amazonaws.com/v1"


def as_clients(account: FakeAccount) -> Clients:
    """The account where clients are wanted."""
    return cast("Clients", account)


def test_outputs_by_name(account: FakeAccount) -> None:
    """The outputs of a stack are a mapping."""
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE", outputs={"StreamName": "s-Stream-1"})

    assert {"StreamName": "s-Stream-1"} == outputs(as_clients(account), "s")


@pytest.mark.parametrize(
    ("endpoint_url", "made_url", "url"),
    [
        (None, ON_AWS, ON_AWS),
        ("https://vpce-1.cloudformation.us-east-1.vpce.amazonaws.com", ON_AWS, ON_AWS),
        (
            "http://127.0.0.1:4566",
            "https://a1.execute-api.127.0.0.1:4566/v1",
            "http://127.0.0.1:4566/_aws/execute-api/a1/v1",
        ),
    ],
)
def test_where_the_api_is(account: FakeAccount, endpoint_url: str | None, made_url: str, url: str) -> None:
    """On LocalStack the API's URL is one that can be called; on AWS it is the stack's own."""
    account.endpoint_url = endpoint_url
    made = {"ApiId": "a1", "ApiUrl": made_url}
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE", outputs=made)

    assert url == outputs(as_clients(account), "s")["ApiUrl"]


@pytest.mark.parametrize(
    ("endpoint_url", "local", "text"),
    [
        (None, False, "there is no stack 's' in us-east-1; deploy it with: pipeline deploy --stack s"),
        (
            "http://127.0.0.1:4566",
            True,
            "there is no stack 's' at http://127.0.0.1:4566; deploy it with: pipeline deploy --stack s --local",
        ),
        (
            "http://127.0.0.1:1",
            False,
            (
                "there is no stack 's' at http://127.0.0.1:1; "
                "deploy it with: pipeline deploy --stack s --endpoint-url http://127.0.0.1:1"
            ),
        ),
    ],
)
def test_no_stack(account: FakeAccount, endpoint_url: str | None, local: bool, text: str) -> None:  # noqa: FBT001 - a case of the table
    """A stack that is not there is told with the place and the command that makes it."""
    account.endpoint_url, account.local = endpoint_url, local

    with pytest.raises(NotDeployed) as raised:
        outputs(as_clients(account), "s")

    assert text == str(raised.value)


def test_a_stack_that_made_nothing(account: FakeAccount) -> None:
    """A stack without outputs, such as one whose creation failed, counts as not deployed."""
    account.cloudformation.stacks["s"] = FakeStack("s", "ROLLBACK_COMPLETE")

    with pytest.raises(NotDeployed, match="is in ROLLBACK_COMPLETE and has made nothing yet"):
        outputs(as_clients(account), "s")


def test_the_memory_of_a_stack_is_no_stack(account: FakeAccount) -> None:
    """CloudFormation still describes a deleted stack by its ARN; it counts as gone."""
    gone = FakeStack("s", "DELETE_COMPLETE")
    account.cloudformation.stacks["s"] = gone

    assert None is find(as_clients(account), gone.stack_id)


def test_other_errors_are_not_an_absence(account: FakeAccount) -> None:
    """A refusal is told as it is, and not as a stack that is not there."""
    account.cloudformation.errors = {"describe_stacks": [client_error("AccessDenied", "no")]}

    with pytest.raises(ClientError, match="AccessDenied"):
        find(as_clients(account), "s")


def test_where(account: FakeAccount) -> None:
    """A person is told the region, or the endpoint when there is one."""
    assert "in us-east-1" == where(as_clients(account))
