"""Remove a stack, and its data only when told to.

The template keeps tables, buckets and what nobody could take when their stack goes, so a delete is safe by itself. What
it keeps is read from the stack before it goes, for afterwards nothing says any more that it belonged to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError

from pipeline.aws.cloudformation import find, where
from pipeline.aws.cloudformation.progress import Follower, Pace, Step
from pipeline.aws.cloudformation.template import parse
from pipeline.aws.failures import error_code
from pipeline.errors import DeployFailed, NotDeployed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Report
    from pipeline.aws.cloudformation.template import Template

BUCKET: Final = "AWS::S3::Bucket"
TABLE: Final = "AWS::DynamoDB::Table"
QUEUE: Final = "AWS::SQS::Queue"
# API reference, DeleteObjects.
_MAX_DELETED: Final = 1000
_GONE: Final = frozenset(
    {"NoSuchBucket", "404", "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue"}
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A table, bucket or queue that holds data: its type in CloudFormation's words and its name; of a queue the URL."""

    kind: str
    name: str


@dataclass(frozen=True)
class Removal:
    """The end of one stack."""

    clients: Clients
    stack: str
    report: Report
    pace: Pace = field(default_factory=Pace)

    def holders(self) -> Sequence[Holder]:
        """The tables, buckets and queues that the stack's template keeps. Raises NotDeployed."""
        stack_id = self._stack_id()
        pages = self.clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
        there = {
            each["LogicalResourceId"]: Holder(each["ResourceType"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] in _WAYS and each.get("PhysicalResourceId")
        }
        if not there:
            return []  # a stack of which only a change set was ever made has no template to ask for
        declared = self._template(stack_id)["Resources"]
        policies = {name: str(declared.get(name, {}).get("DeletionPolicy")) for name in there}
        return [holder for name, holder in there.items() if policies[name].startswith("Retain")]

    def run(self, *, data: bool) -> Sequence[Holder]:
        """Remove the stack, then what its template keeps when `data`; what is left. Raises DeployFailed."""
        holders = self.holders()
        if data:
            # LocalStack deletes what AWS keeps, and cannot delete a bucket that holds something.
            for each in holders:
                self._empty(each)
        self._remove_stack()
        left = [each for each in holders if self._is_there(each)]
        if not data:
            return left
        for each in left:
            self._remove(each)
        return ()

    def _remove_stack(self) -> None:
        client, stack_id = self.clients.cloudformation, self._stack_id()
        follower = Follower(client, stack_id, self.report, self.pace)
        client.delete_stack(StackName=stack_id)
        status = follower.follow(f"removing stack {self.stack}", ends="DELETE_COMPLETE")
        if status != "DELETE_COMPLETE":
            first = follower.failures[0] if follower.failures else Step(self.stack, status, "its events say why")
            raise DeployFailed(f"stack {self.stack!r} is in {status} because of {first.subject} ({first.detail})")

    def _stack_id(self) -> str:
        found = find(self.clients, self.stack)
        if found is None:
            raise NotDeployed(f"there is no stack {self.stack!r} {where(self.clients)}; nothing was removed")
        return found["StackId"]

    def _template(self, stack_id: str) -> Template:
        """As it was sent: boto3 reads JSON, which `pipeline deploy` sends, and leaves the YAML of others to us."""
        body: Template | str = self.clients.cloudformation.get_template(StackName=stack_id)["TemplateBody"]
        return parse(body) if isinstance(body, str) else body

    def _is_there(self, holder: Holder) -> bool:
        try:
            _WAYS[holder.kind].look(self.clients, holder.name)
        except ClientError as error:
            if error_code(error) in _GONE:
                return False
            raise
        return True

    def _empty(self, holder: Holder) -> None:
        if holder.kind == BUCKET and self._is_there(holder):
            count = empty(self.clients.s3, holder.name)
            self.report(Step(holder.name, "EMPTIED", f"{count} objects and versions"))

    def _remove(self, holder: Holder) -> None:
        self._empty(holder)  # what still arrived while the stack went
        _WAYS[holder.kind].delete(self.clients, holder.name)
        self.report(Step(holder.name, "DELETED", holder.kind))


def empty(client: S3Client, bucket: str) -> int:
    """Delete every version of every object; how many there were. Raises DeployFailed when one stays."""
    count = 0
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions: list[ObjectIdentifierTypeDef] = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        ]
        for chunk in batched(versions, _MAX_DELETED, strict=False):
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": list(chunk), "Quiet": True})
            for error in answer.get("Errors", ()):
                raise DeployFailed(f"{error['Key']} of bucket {bucket} could not be deleted: {error['Message']}")
        count += len(versions)
    return count


class _Way(NamedTuple):
    """How one kind of holder is looked at, and deleted, by name."""

    look: Callable[[Clients, str], object]
    delete: Callable[[Clients, str], object]


_WAYS: Final[Mapping[str, _Way]] = {
    BUCKET: _Way(
        lambda clients, name: clients.s3.head_bucket(Bucket=name),
        lambda clients, name: clients.s3.delete_bucket(Bucket=name),
    ),
    TABLE: _Way(
        lambda clients, name: clients.dynamodb.describe_table(TableName=name),
        lambda clients, name: clients.dynamodb.delete_table(TableName=name),
    ),
    QUEUE: _Way(
        lambda clients, url: clients.sqs.get_queue_attributes(QueueUrl=url),
        lambda clients, url: clients.sqs.delete_queue(QueueUrl=url),
    ),
}
