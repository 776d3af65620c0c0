"""S3, DynamoDB and SQS in memory, as far as deploying and removing a stack needs them, and an account that has them.

What they do is held against LocalStack by `tests/contract/services`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pipeline.testing.cloudformation import FakeCloudFormation, client_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass
class FakeBucket:
    """A bucket: whose it is, what it holds (each put makes a version), and how it was set up."""

    owner: str
    versions: list[tuple[str, str, bytes]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class FakeS3:
    """The client, as far as buckets and the deploying of a package need it.

    Args:
        account: whose client this is.
        locked: keys that cannot be deleted.
    """

    account: str = "000000000000"
    buckets: dict[str, FakeBucket] = field(default_factory=dict)
    locked: Sequence[str] = ()
    meta: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(
            region_name="us-east-1", endpoint_url="https://s3.us-east-1.amazonaws.com", partition="aws"
        )
    )

    def head_bucket(self, Bucket: str, ExpectedBucketOwner: str | None = None) -> None:  # noqa: N803
        """Answer when the bucket is there and is theirs."""
        self._bucket(Bucket, ExpectedBucketOwner, missing="404")

    def create_bucket(self, Bucket: str, **settings: Any) -> None:  # noqa: ANN401, N803
        """Make a bucket; names are the world's."""
        if Bucket in self.buckets:
            mine = self.buckets[Bucket].owner == self.account
            raise client_error("BucketAlreadyOwnedByYou" if mine else "BucketAlreadyExists", "taken", 409)
        self.buckets[Bucket] = FakeBucket(self.account, settings={"create": settings})

    def delete_bucket(self, Bucket: str) -> None:  # noqa: N803
        """Delete an empty bucket."""
        if self._bucket(Bucket).versions:
            raise client_error("BucketNotEmpty", "not empty", 409)
        del self.buckets[Bucket]

    def put_public_access_block(self, Bucket: str, ExpectedBucketOwner: str, **settings: Any) -> None:  # noqa: ANN401, N803
        """Keep the setting."""
        self._bucket(Bucket, ExpectedBucketOwner).settings |= settings

    put_bucket_encryption = put_public_access_block
    put_bucket_versioning = put_public_access_block
    put_bucket_policy = put_public_access_block

    def get_bucket_policy(self, Bucket: str, ExpectedBucketOwner: str) -> dict[str, Any]:  # noqa: N803
        """The policy, when there is one."""
        settings = self._bucket(Bucket, ExpectedBucketOwner).settings
        if "Policy" not in settings:
            raise client_error("NoSuchBucketPolicy", "none", 404)
        return {"Policy": settings["Policy"]}

    def head_object(self, Bucket: str, Key: str, ExpectedBucketOwner: str) -> None:  # noqa: N803
        """Answer when the object is there."""
        if Key not in {key for key, _, _ in self._bucket(Bucket, ExpectedBucketOwner).versions}:
            raise client_error("404", "Not Found", 404)

    def put_object(self, Bucket: str, Key: str, Body: bytes, ExpectedBucketOwner: str) -> None:  # noqa: N803
        """Add a version."""
        versions = self._bucket(Bucket, ExpectedBucketOwner).versions
        versions.append((Key, str(len(versions)), Body))

    def get_paginator(self, operation: str) -> FakeVersions:
        """Pages of versions, two at a time."""
        assert operation == "list_object_versions"  # noqa: S101 - the only one there is
        return FakeVersions(self)

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Delete versions; what is locked stays and is told."""
        bucket = self._bucket(Bucket)
        asked = {(each["Key"], each["VersionId"]) for each in Delete["Objects"]}
        bucket.versions = [each for each in bucket.versions if each[:2] not in asked or each[0] in self.locked]
        left = [key for key, _ in asked if key in self.locked]
        return {"Errors": [{"Key": key, "Message": "it is locked"} for key in left]} if left else {}

    def _bucket(self, name: str, owner: str | None = None, missing: str = "NoSuchBucket") -> FakeBucket:
        bucket = self.buckets.get(name)
        if bucket is None:
            raise client_error(missing, "Not Found", 404)
        if bucket.owner != (owner or self.account) or bucket.owner != self.account:
            raise client_error("403", "Forbidden", 403)
        return bucket


@dataclass
class FakeVersions:
    """Pages of the versions of a bucket: every second one is a delete marker."""

    client: FakeS3

    def paginate(self, Bucket: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Every page."""
        versions = [{"Key": key, "VersionId": version} for key, version, _ in self.client.buckets[Bucket].versions]
        for at in range(0, len(versions), 2):
            yield {"Versions": versions[at : at + 1], "DeleteMarkers": versions[at + 1 : at + 2]}


@dataclass
class FakeTables:
    """The DynamoDB client, as far as removing tables needs it."""

    tables: set[str] = field(default_factory=set)

    def describe_table(self, TableName: str) -> None:  # noqa: N803
        """Answer when the table is there."""
        if TableName not in self.tables:
            raise client_error("ResourceNotFoundException", "not found")

    def delete_table(self, TableName: str) -> None:  # noqa: N803
        """Delete a table."""
        self.describe_table(TableName)
        self.tables.remove(TableName)


@dataclass
class FakeQueues:
    """The SQS client, as far as removing queues needs it; they are known by URL."""

    queues: set[str] = field(default_factory=set)

    def get_queue_attributes(self, QueueUrl: str) -> None:  # noqa: N803
        """Answer when the queue is there."""
        if QueueUrl not in self.queues:
            raise client_error("AWS.SimpleQueueService.NonExistentQueue", "not found")

    def delete_queue(self, QueueUrl: str) -> None:  # noqa: N803
        """Delete a queue."""
        self.get_queue_attributes(QueueUrl)
        self.queues.remove(QueueUrl)


@dataclass
class FakeAccount:
    """In place of `Clients`: the clients of one account, at AWS unless there is an endpoint."""

    cloudformation: FakeCloudFormation = field(default_factory=FakeCloudFormation)
    s3: FakeS3 = field(default_factory=FakeS3)
    dynamodb: FakeTables = field(default_factory=FakeTables)
    sqs: FakeQueues = field(default_factory=FakeQueues)
    endpoint_url: str | None = None
    local: bool = False

    @property
    def sts(self) -> SimpleNamespace:
        """Who this is."""
        return SimpleNamespace(get_caller_identity=lambda: {"Account": self.s3.account})
