"""Change sets: made, read whole, refused with the reason, and forgotten without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pipeline.aws.cloudformation.changes import Change, Wanted, create, discard
from pipeline.errors import DeployFailed
from pipeline.testing.cloudformation import FakeCloudFormation, FakeStack, client_error

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

    from pipeline.aws.cloudformation.progress import Pace

NEW = Wanted("s", "CREATE", "https://bucket/template.json", [{"ParameterKey": "A", "ParameterValue": "1"}])
OLD = Wanted("s", "UPDATE", "https://bucket/template.json", [])


def as_client(fake: FakeCloudFormation) -> CloudFormationClient:
    """The fake where the client is wanted."""
    return cast("CloudFormationClient", fake)


def test_what_is_asked_for(pace: Pace) -> None:
    """CloudFormation is given the template's place, the parameters, and leave for roles and macros."""
    fake = FakeCloudFormation()

    create(as_client(fake), NEW, pace)

    ((operation, request),) = fake.actions
    assert "create_change_set CREATE" == operation
    assert "https://bucket/template.json" == request["TemplateURL"]
    assert [{"ParameterKey": "A", "ParameterValue": "1"}] == request["Parameters"]
    assert ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"] == request["Capabilities"]


def test_all_pages_of_changes_are_read(pace: Pace) -> None:
    """A change set of several pages is read to its end."""
    changes = [("Modify", f"R{number}", "AWS::X::Y", "False") for number in range(5)]
    fake = FakeCloudFormation(changes=changes, page_changes=2)

    made = create(as_client(fake), NEW, pace)

    assert made is not None
    assert tuple(Change(*each) for each in changes) == made.changes


def test_a_change_set_that_is_not_there_yet(pace: Pace) -> None:
    """One that was just made and is not found, and a throttled look, are asked for again."""
    errors: list[Exception | None] = [client_error("ChangeSetNotFound", "no", 404), client_error("Throttling", "slow")]
    fake = FakeCloudFormation(errors={"describe_change_set": errors})

    assert create(as_client(fake), NEW, pace) is not None


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_nothing_to_do(pace: Pace, reason: str) -> None:
    """A change set without changes is no failure, and is forgotten."""
    fake = FakeCloudFormation(refusal=reason, stacks={"s": FakeStack("s", "CREATE_COMPLETE")})

    assert None is create(as_client(fake), OLD, pace)
    assert ("delete_change_set", "change-set-of-s") == fake.actions[-1]


def test_a_refusal_of_an_update(pace: Pace) -> None:
    """A change that CloudFormation refuses is told with its reason in one line, and the stack is left alone."""
    fake = FakeCloudFormation(refusal="Transform failed with:\n no", stacks={"s": FakeStack("s", "CREATE_COMPLETE")})

    with pytest.raises(DeployFailed, match=r"refuses the change of stack s: Transform failed with: no$"):
        create(as_client(fake), OLD, pace)
    assert "CREATE_COMPLETE" == fake.stacks["s"].status


def test_a_refusal_of_a_new_stack(pace: Pace) -> None:
    """A new stack whose change set is refused leaves no empty stack behind."""
    fake = FakeCloudFormation(refusal="no")

    with pytest.raises(DeployFailed):
        create(as_client(fake), NEW, pace)
    assert "DELETE_COMPLETE" == fake.stacks["s"].status


def test_discard_a_look_at_a_new_stack(pace: Pace) -> None:
    """A look at a stack that does not exist leaves neither change set nor stack behind."""
    fake = FakeCloudFormation()
    made = create(as_client(fake), NEW, pace)
    assert made is not None

    discard(as_client(fake), made, "CREATE")

    assert ["delete_change_set", "delete_stack"] == [name for name, _ in fake.actions[1:]]
    assert "DELETE_COMPLETE" == fake.stacks["s"].status


def test_discard_never_deletes_a_stack_that_lives(pace: Pace) -> None:
    """Only a stack in which nothing was ever created is deleted, even if somebody else created it meanwhile."""
    fake = FakeCloudFormation()
    made = create(as_client(fake), NEW, pace)
    assert made is not None
    fake.stacks["s"].status = "CREATE_COMPLETE"

    discard(as_client(fake), made, "CREATE")

    assert "CREATE_COMPLETE" == fake.stacks["s"].status
