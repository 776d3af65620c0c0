"""The bucket that packages and templates are uploaded to on their way to CloudFormation: one per account and region.

Objects are named after their content, so what is there already is not sent again. Every call says whose bucket it must
be: the name can be guessed, and somebody else's bucket is never given our code.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.aws.cloudformation.progress import Step
from pipeline.aws.failures import error_code
from pipeline.errors import DeployFailed

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Report


@dataclass(frozen=True)
class ArtifactBucket:
    """A bucket for what CloudFormation reads while it deploys.

    Args:
        account: the account that must own it.
        ours: made and set up here; anybody else's is used as it is.
    """

    client: S3Client
    name: str
    account: str
    ours: bool = True

    @classmethod
    def of(cls, clients: Clients, name: str | None = None) -> ArtifactBucket:
        """The bucket of the account and region that the clients look at, or the one that is named."""
        account = clients.sts.get_caller_identity()["Account"]
        standard = f"kinesis-pipeline-artifacts-{account}-{clients.s3.meta.region_name}"
        return cls(clients.s3, name or standard, account, ours=name is None)

    def ensure(self, report: Report) -> None:
        """Make the bucket when it is not there: encrypted, versioned, private, over TLS only. Raises DeployFailed."""
        exists = self._exists()
        if not self.ours:
            if not exists:
                raise DeployFailed(f"there is no bucket {self.name}; make it, or leave --artifact-bucket out")
            return
        if exists and self._is_settled():
            return
        self._create()
        self._settle()
        report(Step("artifact bucket", "CREATED", self.name))

    def put_file(self, prefix: str, path: Path, report: Report) -> str:
        """Upload a file; its key."""
        return self.put(prefix, path.suffix.removeprefix("."), path.read_bytes(), report)

    def put(self, prefix: str, suffix: str, body: bytes, report: Report) -> str:
        """Upload `body` under a name made of its content, unless it is there already; its key."""
        key = f"{prefix}/{hashlib.sha256(body).hexdigest()}.{suffix}"
        if not self._has(key):
            self.client.put_object(Bucket=self.name, Key=key, Body=body, ExpectedBucketOwner=self.account)
            report(Step(prefix.removesuffix("s"), "UPLOADED", f"{key}, {len(body):,} bytes"))
        return key

    def url(self, key: str) -> str:
        """Where CloudFormation finds the object."""
        return f"{self.client.meta.endpoint_url}/{self.name}/{key}"

    def _exists(self) -> bool:
        return self._found(lambda: self.client.head_bucket(Bucket=self.name, ExpectedBucketOwner=self.account))

    def _is_settled(self) -> bool:
        """Whether an earlier `ensure` came to its end: the policy is set last."""
        return self._found(lambda: self.client.get_bucket_policy(Bucket=self.name, ExpectedBucketOwner=self.account))

    def _has(self, key: str) -> bool:
        return self._found(lambda: self.client.head_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self.account))

    def _found(self, ask: Any) -> bool:  # noqa: ANN401 - a call, whatever it answers
        try:
            ask()
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchBucket", "NoSuchKey", "NoSuchBucketPolicy"}:
                return False
            if error_code(error) in {"403", "AccessDenied"}:
                raise DeployFailed(self._taken()) from error
            raise
        return True

    def _create(self) -> None:
        region = self.client.meta.region_name
        # us-east-1 is the one region that must not be named.
        placed: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self.client.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **placed)
        except ClientError as error:
            if error_code(error) == "BucketAlreadyExists":
                raise DeployFailed(self._taken()) from error
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise

    def _taken(self) -> str:
        return (
            f"the bucket {self.name} for packages belongs to another account, or these credentials may not use it; "
            "allow them s3 on it, or name another bucket of yours with --artifact-bucket"
        )

    def _settle(self) -> None:
        mine: Any = {"Bucket": self.name, "ExpectedBucketOwner": self.account}
        arn = f"arn:{self.client.meta.partition}:s3:::{self.name}"
        self.client.put_public_access_block(
            **mine,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
        self.client.put_bucket_encryption(
            **mine,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )
        self.client.put_bucket_versioning(**mine, VersioningConfiguration={"Status": "Enabled"})
        self.client.put_bucket_policy(**mine, Policy=json.dumps(_only_over_tls(arn)))


def _only_over_tls(arn: str) -> dict[str, Any]:
    statement = {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
