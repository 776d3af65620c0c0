"""The end of a stack: what holds data stays, unless it is told to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from pipeline.aws.cloudformation.removal import BUCKET, QUEUE, TABLE, Holder, Removal, empty
from pipeline.errors import DeployFailed, NotDeployed
from pipeline.testing.buckets import FakeBucket, FakeS3
from pipeline.testing.cloudformation import FakeStack, client_error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Pace, Step
    from pipeline.testing.buckets import FakeAccount

VERSIONS = [("a", "0", b"1"), ("a", "1", b"2"), ("b", "2", b"3")]
TEMPLATE = {
    "Resources": {
        "Table": {"DeletionPolicy": "RetainExceptOnCreate"},
        "Role": {},
        "Bucket": {"DeletionPolicy": "RetainExceptOnCreate"},
        "Queue": {"DeletionPolicy": "Delete"},
        "Undelivered": {"DeletionPolicy": "Retain"},
    }
}
HOLDERS = [Holder(TABLE, "s-Table"), Holder(BUCKET, "s-bucket"), Holder(QUEUE, "https://sqs/s-Undelivered")]


@pytest.fixture
def removal(account: FakeAccount, pace: Pace, told: list[Step]) -> Removal:
    """The removal of a stack with a table, a bucket that holds three versions, a role, and two queues, one kept."""
    resources = [
        ("Table", TABLE, "s-Table"),
        ("Role", "AWS::IAM::Role", "s-Role"),
        ("Bucket", BUCKET, "s-bucket"),
        ("Queue", QUEUE, "https://sqs/s-Queue"),
        ("Undelivered", QUEUE, "https://sqs/s-Undelivered"),
    ]
    account.cloudformation.stacks["s"] = FakeStack("s", "CREATE_COMPLETE", resources=resources, template=TEMPLATE)
    account.cloudformation.script = [("", "DELETE_IN_PROGRESS", ""), ("", "DELETE_COMPLETE", "")]
    account.s3.buckets["s-bucket"] = FakeBucket(account.s3.account, list(VERSIONS))
    account.dynamodb.tables = {"s-Table", "another"}
    account.sqs.queues = {"https://sqs/s-Undelivered", "another"}
    return Removal(cast("Clients", account), "s", told.append, pace)


def test_holders(removal: Removal) -> None:
    """Tables, buckets and queues that the template keeps hold data; a queue that goes with the stack does not."""
    assert HOLDERS == removal.holders()


def test_holders_of_a_template_in_yaml(removal: Removal, account: FakeAccount) -> None:
    """As SAM's own CLI sends it, with the short forms of functions."""
    account.cloudformation.stacks["s"].template = """
        Resources:
          Table: {DeletionPolicy: Retain, Properties: {TableName: !Sub "${AWS::StackName}-Table"}}
          Bucket: {Type: !Ref Nothing}
    """

    assert [Holder(TABLE, "s-Table")] == removal.holders()


def test_a_stack_that_was_never_made_holds_nothing(removal: Removal, account: FakeAccount) -> None:
    """There is only a change set, and no template to ask for."""
    stack = account.cloudformation.stacks["s"]
    stack.status, stack.resources, stack.template = "REVIEW_IN_PROGRESS", [], None

    assert [] == removal.holders()


def test_data_stays(removal: Removal, account: FakeAccount) -> None:
    """The stack goes, its table, bucket and queue stay with all they hold, and are named."""
    assert HOLDERS == removal.run(data=False)
    assert "DELETE_COMPLETE" == account.cloudformation.stacks["s"].status
    assert VERSIONS == account.s3.buckets["s-bucket"].versions
    assert {"s-Table", "another"} == account.dynamodb.tables
    assert {"https://sqs/s-Undelivered", "another"} == account.sqs.queues


def test_data_goes_when_told(removal: Removal, account: FakeAccount) -> None:
    """With its data, all versions of all objects, the bucket, the table and the queue go, and nothing else."""
    assert () == removal.run(data=True)
    assert {} == account.s3.buckets
    assert {"another"} == account.dynamodb.tables
    assert {"another"} == account.sqs.queues


def test_what_the_stack_took_along_is_not_named(removal: Removal, account: FakeAccount) -> None:
    """LocalStack deletes tables and buckets with the stack: what is gone is not left, and not deleted twice."""
    del account.s3.buckets["s-bucket"]
    account.dynamodb.tables.remove("s-Table")
    account.sqs.queues.remove("https://sqs/s-Undelivered")

    assert () == tuple(removal.run(data=True))


def test_no_stack(account: FakeAccount, pace: Pace, told: list[Step]) -> None:
    """A stack that is not there is told, and nothing is removed."""
    with pytest.raises(NotDeployed, match="there is no stack 's' in us-east-1; nothing was removed"):
        Removal(cast("Clients", account), "s", told.append, pace).run(data=True)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            [("Role", "DELETE_FAILED", "in use"), ("", "DELETE_FAILED", "")],
            r"because of Role \(AWS::Test::Role: in use\)",
        ),
        ([("", "DELETE_FAILED", "")], "its events say why"),
    ],
)
def test_a_removal_that_fails(
    removal: Removal, account: FakeAccount, script: list[tuple[str, str, str]], reason: str
) -> None:
    """A stack that cannot be removed names the resource and the reason, and its tables stay."""
    account.cloudformation.script = script

    with pytest.raises(DeployFailed, match=f"stack 's' is in DELETE_FAILED .*{reason}"):
        removal.run(data=False)
    assert "s-Table" in account.dynamodb.tables


def test_a_refusal_is_not_an_absence(removal: Removal, account: FakeAccount) -> None:
    """A bucket that may not be looked at is not taken for one that is gone."""
    account.s3.buckets["s-bucket"].owner = "111111111111"

    with pytest.raises(ClientError, match="403"):
        removal.run(data=False)


def test_throttled_while_removing(removal: Removal, account: FakeAccount) -> None:
    """A throttled poll does not end the removal."""
    errors: list[Exception | None] = [None, client_error("Throttling", "slow"), client_error("Throttling", "slow")]
    account.cloudformation.errors = {"describe_stack_events": errors}

    assert HOLDERS == removal.run(data=False)


def test_empty_counts_and_names_what_stays() -> None:
    """Every version and delete marker goes; one that cannot go is named."""
    fake = FakeS3(buckets={"b": FakeBucket("000000000000", list(VERSIONS))})

    assert 3 == empty(cast("S3Client", fake), "b")
    assert [] == fake.buckets["b"].versions

    fake = FakeS3(buckets={"b": FakeBucket("000000000000", list(VERSIONS))}, locked=["b"])
    with pytest.raises(DeployFailed, match="b of bucket b could not be deleted: it is locked"):
        empty(cast("S3Client", fake), "b")
