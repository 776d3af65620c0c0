"""The artifact bucket: made once and made safe, never somebody else's; what is there is not sent again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from pipeline.aws.artifacts import ArtifactBucket
from pipeline.errors import DeployFailed
from pipeline.testing.buckets import FakeAccount, FakeBucket
from pipeline.testing.cloudformation import client_error

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Step

NAME = "kinesis-pipeline-artifacts-000000000000-us-east-1"


@pytest.fixture
def account() -> FakeAccount:
    """An account without buckets."""
    return FakeAccount()


@pytest.fixture
def told() -> list[Step]:
    """The steps that were reported."""
    return []


def bucket_of(account: FakeAccount, name: str | None = None) -> ArtifactBucket:
    """The artifact bucket of the account."""
    return ArtifactBucket.of(cast("Clients", account), name)


def test_a_new_bucket_is_safe(account: FakeAccount, told: list[Step]) -> None:
    """The bucket is made encrypted, versioned, private, owner-enforced, and over TLS only."""
    bucket_of(account).ensure(told.append)

    settings = account.s3.buckets[NAME].settings
    policy = json.loads(settings["Policy"])["Statement"]
    assert {"ObjectOwnership": "BucketOwnerEnforced"} == settings["create"]
    assert 4 * [True] == list(settings["PublicAccessBlockConfiguration"].values())
    assert {"Status": "Enabled"} == settings["VersioningConfiguration"]
    assert "AES256" in str(settings["ServerSideEncryptionConfiguration"])
    assert ["Deny"] == [each["Effect"] for each in policy]
    assert [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"] == policy[0]["Resource"]
    assert ["artifact bucket"] == [step.subject for step in told]


def test_a_bucket_elsewhere_names_its_region(account: FakeAccount, told: list[Step]) -> None:
    """S3 wants every region named but us-east-1."""
    account.s3.meta.region_name = "eu-central-1"

    bucket_of(account).ensure(told.append)

    (bucket,) = account.s3.buckets.values()
    assert {"LocationConstraint": "eu-central-1"} == bucket.settings["create"]["CreateBucketConfiguration"]


def test_a_bucket_that_is_there_is_left_alone(account: FakeAccount, told: list[Step]) -> None:
    """The second time nothing is made, and nothing is told."""
    bucket_of(account).ensure(told.append)
    before = dict(account.s3.buckets[NAME].settings)
    told.clear()

    bucket_of(account).ensure(told.append)

    assert before == account.s3.buckets[NAME].settings
    assert [] == told


def test_a_bucket_that_was_only_begun_is_finished(account: FakeAccount, told: list[Step]) -> None:
    """A bucket that an interrupted deploy left open is made safe by the next one."""
    account.s3.buckets[NAME] = FakeBucket(account.s3.account)

    bucket_of(account).ensure(told.append)

    assert "Policy" in account.s3.buckets[NAME].settings


def test_a_name_that_is_taken(account: FakeAccount, told: list[Step]) -> None:
    """Somebody else's bucket of this name gets nothing, and the error says what to do."""
    account.s3.buckets[NAME] = FakeBucket("999999999999")

    with pytest.raises(DeployFailed, match=f"the bucket {NAME} .* belongs to another account.*--artifact-bucket"):
        bucket_of(account).ensure(told.append)
    assert {} == account.s3.buckets[NAME].settings


def test_a_name_that_is_taken_meanwhile(account: FakeAccount, told: list[Step]) -> None:
    """The same when the bucket appears between the look and the making."""
    real = account.s3.create_bucket

    def create_bucket(Bucket: str, **settings: Any) -> None:  # noqa: N803, ANN401 - the client's own shape
        account.s3.buckets[Bucket] = FakeBucket("999999999999")
        real(Bucket, **settings)

    account.s3.create_bucket = create_bucket  # type: ignore[method-assign] # the fake is told what to do

    with pytest.raises(DeployFailed, match="belongs to another account"):
        bucket_of(account).ensure(told.append)


def test_other_errors_are_raised_as_they_are(account: FakeAccount, told: list[Step]) -> None:
    """What is neither an absence nor a refusal is not explained away."""

    def head_bucket(Bucket: str, ExpectedBucketOwner: str | None = None) -> None:  # noqa: ARG001, N803 - the client's own shape
        raise client_error("InternalError", "we are sorry", 500)

    account.s3.head_bucket = head_bucket  # type: ignore[method-assign] # the fake is told what to do

    with pytest.raises(ClientError, match="InternalError"):
        bucket_of(account).ensure(told.append)


def test_a_bucket_of_the_users_own(account: FakeAccount, told: list[Step]) -> None:
    """A bucket that the user names is used as it is, and must be there."""
    with pytest.raises(DeployFailed, match="there is no bucket mine; make it"):
        bucket_of(account, "mine").ensure(told.append)

    account.s3.buckets["mine"] = FakeBucket(account.s3.account)
    bucket_of(account, "mine").ensure(told.append)
    assert {} == account.s3.buckets["mine"].settings


def test_objects_are_named_after_their_content(account: FakeAccount, told: list[Step], tmp_path: Path) -> None:
    """The same content is uploaded once; other content is another object."""
    account.s3.buckets[NAME] = FakeBucket(account.s3.account)
    bucket, path = bucket_of(account), tmp_path / "package.zip"
    path.write_bytes(b"zip")

    key = bucket.put_file("packages", path, told.append)
    again = bucket.put("packages", "zip", b"zip", told.append)
    other = bucket.put("packages", "zip", b"other", told.append)

    assert f"packages/{hashlib.sha256(b'zip').hexdigest()}.zip" == key == again
    assert other != key
    assert [b"zip", b"other"] == [body for _, _, body in account.s3.buckets[NAME].versions]
    assert ["package", "package"] == [step.subject for step in told]


def test_where_cloudformation_finds_an_object(account: FakeAccount) -> None:
    """The address is the endpoint's, so it is right for AWS, for its other partitions and for LocalStack."""
    assert f"https://s3.us-east-1.amazonaws.com/{NAME}/templates/x.json" == bucket_of(account).url("templates/x.json")
