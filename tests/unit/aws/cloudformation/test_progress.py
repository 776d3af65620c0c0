"""Following a stack: each event once, oldest first, until it has come to rest, whatever a single poll does."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from pipeline.aws.cloudformation.progress import Follower, Pace, Step
from pipeline.errors import DeployFailed
from pipeline.testing.cloudformation import FakeCloudFormation, FakeStack, client_error

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

    from pipeline.testing.cloudformation import Event

CREATED: list[Event] = [
    ("", "CREATE_IN_PROGRESS", "User Initiated"),
    ("Table", "CREATE_IN_PROGRESS", ""),
    ("Table", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
    ("Table", "CREATE_COMPLETE", ""),
    ("", "CREATE_COMPLETE", ""),
]


def follow(
    script: list[Event],
    pace: Pace,
    told: list[Step],
    ends: str = "_COMPLETE",
    **fake: dict[str, list[Exception | None]],
) -> tuple[str, Follower]:
    """Begin an operation with this script and follow it to its end."""
    client = FakeCloudFormation(script=list(script), **fake)  # type: ignore[arg-type] # only `errors` is given
    stack = client.stacks["s"] = FakeStack("s", "REVIEW_IN_PROGRESS")
    follower = Follower(cast("CloudFormationClient", client), stack.stack_id, told.append, pace)
    client.execute_change_set("c", "s")
    return follower.follow("it", ends), follower


def test_events_are_told_once_and_in_order(pace: Pace, told: list[Step]) -> None:
    """Each event is told once, the oldest first, without the second beginning of a resource."""
    status, _ = follow(CREATED, pace, told)

    assert "CREATE_COMPLETE" == status
    assert [
        Step("s", "CREATE_IN_PROGRESS", "AWS::CloudFormation::Stack: User Initiated"),
        Step("Table", "CREATE_IN_PROGRESS", "AWS::Test::Table"),
        Step("Table", "CREATE_COMPLETE", "AWS::Test::Table"),
        Step("s", "CREATE_COMPLETE", "AWS::CloudFormation::Stack"),
    ] == told


def test_what_happened_before_is_not_told(pace: Pace, told: list[Step]) -> None:
    """The events of an earlier operation are neither told nor taken for the end of this one."""
    client = FakeCloudFormation(script=list(CREATED))
    stack = client.stacks["s"] = FakeStack("s", "REVIEW_IN_PROGRESS")
    client.execute_change_set("c", "s")
    while client.script:
        client.pages("describe_stack_events", "s")
    follower = Follower(cast("CloudFormationClient", client), stack.stack_id, told.append, pace)
    client.script = [("", "UPDATE_IN_PROGRESS", ""), ("", "UPDATE_COMPLETE", "")]

    assert "UPDATE_COMPLETE" == follower.follow("it")
    assert ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] == [step.status for step in told]


@pytest.mark.parametrize(
    "error",
    [
        client_error("Throttling", "Rate exceeded"),
        client_error("InternalFailure", "", 500),
        ReadTimeoutError(endpoint_url="x"),
    ],
)
def test_a_poll_that_fails_is_asked_again(pace: Pace, told: list[Step], error: Exception) -> None:
    """A throttled, failed or dropped poll loses no event and does not end the wait."""
    errors: list[Exception | None] = [error, None, error, None, error]

    status, _ = follow(CREATED, pace, told, errors={"describe_stack_events": errors})

    assert "CREATE_COMPLETE" == status
    assert 4 == len(told)


def test_a_refusal_is_raised(pace: Pace, told: list[Step]) -> None:
    """A poll that can never succeed ends the wait at once."""
    with pytest.raises(ClientError, match="AccessDenied"):
        follow(CREATED, pace, told, errors={"describe_stack_events": [None, client_error("AccessDenied", "no")]})


def test_the_reasons_of_a_failure(pace: Pace, told: list[Step]) -> None:
    """The resources that failed by themselves are kept; those that were cancelled for it are not."""
    script: list[Event] = [
        ("Table", "CREATE_FAILED", "Resource creation cancelled"),
        ("Role", "CREATE_FAILED", "The policy\nis malformed"),
        ("", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Role]."),
        ("Table", "DELETE_COMPLETE", ""),
        ("", "ROLLBACK_COMPLETE", ""),
    ]

    status, follower = follow(script, pace, told)

    assert "ROLLBACK_COMPLETE" == status
    assert [Step("Role", "CREATE_FAILED", "AWS::Test::Role: The policy is malformed")] == follower.failures


def test_a_failure_that_stands_is_the_end(pace: Pace, told: list[Step]) -> None:
    """A failed stack that nothing more happens to has come to rest."""
    status, _ = follow([("Table", "CREATE_FAILED", "no"), ("", "CREATE_FAILED", "")], pace, told)

    assert "CREATE_FAILED" == status


def test_a_failure_that_is_rolled_back_is_not_the_end(pace: Pace, told: list[Step]) -> None:
    """A failure that a roll-back follows is told, and the wait goes on to the end of the roll-back."""
    script: list[Event] = [
        ("", "CREATE_FAILED", ""),
        ("", "ROLLBACK_IN_PROGRESS", ""),
        ("", "ROLLBACK_COMPLETE", ""),
    ]

    assert "ROLLBACK_COMPLETE" == follow(script, pace, told)[0]


def test_another_end_is_waited_for(pace: Pace, told: list[Step]) -> None:
    """A removal has not ended when something before it has."""
    script: list[Event] = [("", "ROLLBACK_COMPLETE", ""), ("", "DELETE_COMPLETE", "")]

    assert "DELETE_COMPLETE" == follow(script, pace, told, ends="DELETE_COMPLETE")[0]


def test_the_wait_has_an_end(pace: Pace, told: list[Step]) -> None:
    """What does not come to rest in time is told, without saying that it failed."""
    with pytest.raises(DeployFailed, match="it took longer than 60 seconds and may still be going on"):
        follow([("", "CREATE_IN_PROGRESS", "")], pace, told)


def test_a_step_as_a_line() -> None:
    """A step is one line with columns, without blanks at its end."""
    assert f"{'Table':<28} {'CREATE_COMPLETE':<20} AWS::DynamoDB::Table" == str(
        Step("Table", "CREATE_COMPLETE", "AWS::DynamoDB::Table")
    )
    assert not str(Step("Table", "CREATED")).endswith(" ")
