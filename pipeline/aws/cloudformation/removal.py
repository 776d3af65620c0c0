"""Remove a stack, and its data only when told to.

The template keeps tables and buckets when their stack goes, so a delete is safe by itself. Those that hold data are
read from the stack before it goes, for afterwards nothing says any more that they belonged to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from pipeline.aws.cloudformation import find, where
from pipeline.aws.cloudformation.progress import Follower, Pace, Step
from pipeline.aws.failures import error_code
from pipeline.errors import DeployFailed, NotDeployed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Report

BUCKET: Final = "AWS::S3::Bucket"
TABLE: Final = "AWS::DynamoDB::Table"
# API reference, DeleteObjects.
_MAX_DELETED: Final = 1000
_GONE: Final = frozenset({"NoSuchBucket", "404", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Holder:
    """A table or bucket that holds data: its type in CloudFormation's words and its name."""

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
        """The stack's tables and buckets. Raises NotDeployed."""
        stack_id = self._stack_id()
        pages = self.clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
        return [
            Holder(each["ResourceType"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] in {BUCKET, TABLE} and each.get("PhysicalResourceId")
        ]

    def run(self, *, data: bool) -> Sequence[Holder]:
        """Remove the stack, then its tables and buckets when `data`; what is left. Raises DeployFailed."""
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

    def _is_there(self, holder: Holder) -> bool:
        try:
            if holder.kind == BUCKET:
                self.clients.s3.head_bucket(Bucket=holder.name)
            else:
                self.clients.dynamodb.describe_table(TableName=holder.name)
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
        if holder.kind == BUCKET:
            self._empty(holder)  # what still arrived while the stack went
            self.clients.s3.delete_bucket(Bucket=holder.name)
        else:
            self.clients.dynamodb.delete_table(TableName=holder.name)
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
