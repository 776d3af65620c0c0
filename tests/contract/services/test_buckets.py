"""S3's buckets, and what else removing a stack relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.services.services import fresh, refused

if TYPE_CHECKING:
    from tests.contract.services.services import Owner


@pytest.fixture
def bucket(owner: Owner) -> str:
    """A new bucket that keeps versions."""
    name = f"contract-{fresh()}"
    owner.s3.create_bucket(Bucket=name)
    owner.s3.put_bucket_versioning(
        Bucket=name, ExpectedBucketOwner=owner.account, VersioningConfiguration={"Status": "Enabled"}
    )
    return name


def _put(owner: Owner, bucket: str, key: str, body: bytes = b"x") -> None:
    owner.s3.put_object(Bucket=bucket, Key=key, Body=body, ExpectedBucketOwner=owner.account)


def _versions(owner: Owner, bucket: str) -> list[dict[str, Any]]:
    pages = owner.s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    return [
        {"Key": each["Key"], "VersionId": each["VersionId"]}
        for page in pages
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    ]


def test_a_bucket_that_is_there(owner: Owner, bucket: str) -> None:
    """It answers its owner, and has no policy until it is given one."""
    owner.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner.account)

    with refused("NoSuchBucketPolicy"):
        owner.s3.get_bucket_policy(Bucket=bucket, ExpectedBucketOwner=owner.account)


def test_a_bucket_that_is_not_there(owner: Owner) -> None:
    """HEAD has no body, so all it says is 404; a deletion says more."""
    with refused("404"):
        owner.s3.head_bucket(Bucket=f"no-such-{fresh()}", ExpectedBucketOwner=owner.account)
    with refused("NoSuchBucket"):
        owner.s3.delete_bucket(Bucket=f"no-such-{fresh()}")


def test_a_bucket_of_somebody_else(owner: Owner, bucket: str) -> None:
    """Who expects another owner is refused."""
    with refused("403"):
        owner.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="999999999999")


def test_an_object_that_is_not_there(owner: Owner, bucket: str) -> None:
    """Told by HEAD, before it is sent again."""
    with refused("404"):
        owner.s3.head_object(Bucket=bucket, Key="k", ExpectedBucketOwner=owner.account)
    _put(owner, bucket, "k")

    owner.s3.head_object(Bucket=bucket, Key="k", ExpectedBucketOwner=owner.account)


def test_a_bucket_is_deleted_once_it_is_empty(owner: Owner, bucket: str) -> None:
    """Every version counts, and is deleted by its id."""
    for body in (b"1", b"2"):
        _put(owner, bucket, "k", body)
    _put(owner, bucket, "another")
    with refused("BucketNotEmpty"):
        owner.s3.delete_bucket(Bucket=bucket)
    versions = _versions(owner, bucket)
    answer = owner.s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})

    assert ["another", "k", "k"] == sorted(each["Key"] for each in versions)
    assert "Errors" not in answer
    assert [] == _versions(owner, bucket)
    owner.s3.delete_bucket(Bucket=bucket)
    with refused("404"):
        owner.s3.head_bucket(Bucket=bucket)


def test_a_table_is_deleted(owner: Owner) -> None:
    """One that is not there is not found."""
    with refused("ResourceNotFoundException"):
        owner.dynamodb.describe_table(TableName="no-such-table")
    with refused("ResourceNotFoundException"):
        owner.dynamodb.delete_table(TableName="no-such-table")


def test_a_queue_is_deleted(owner: Owner) -> None:
    """One that is not there is not found, by a code of its own."""
    url = "http://127.0.0.1/000000000000/no-such-queue"
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        owner.sqs.get_queue_attributes(QueueUrl=url)
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        owner.sqs.delete_queue(QueueUrl=url)
