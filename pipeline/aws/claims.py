"""The data of events that are too large for the stream: left in S3 by their producer, and fetched from there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.failures import classify, error_code, explain
from pipeline.errors import Misconfiguration, Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from pipeline.aws.clients import Clients
    from pipeline.model import Claim
    from pipeline.ports import Remaining

# As many as the client has connections.
CLAIM_READERS: Final = 16


@dataclass(frozen=True)
class ClaimsBucket:
    """ClaimSource and ClaimStore: one object for each claim.

    Without s3:ListBucket on the bucket S3 answers that access is denied where there is no object, which is raised as a
    misconfiguration (API reference, GetObject, "Permissions").
    """

    client: S3Client
    bucket: str
    backoff: Backoff = field(default_factory=Backoff)

    def fetch(self, claims: Sequence[Claim], remaining: Remaining) -> Mapping[Claim, bytes | None]:
        """Fetch all, several at a time; the first that cannot be fetched now ends it. Raises as the port says."""
        bodies: dict[Claim, bytes | None] = {}
        with ThreadPoolExecutor(CLAIM_READERS) as readers:
            for chunk in batched(claims, CLAIM_READERS, strict=False):
                if bodies and remaining() <= 0:
                    raise Retryable(f"no time left to fetch {len(claims) - len(bodies)} of {len(claims)} claims")
                bodies.update(zip(chunk, readers.map(lambda each: self._fetch(each, remaining), chunk), strict=True))
        return bodies

    def leave(self, claim: Claim, body: bytes) -> None:
        """Put the object, anew where it is there already, so that it is kept as long as the last that needs it."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=claim.key, Body=body, ContentType="application/json")
        except (BotoCoreError, ClientError) as error:
            raise classify(error) or Misconfiguration(f"bucket {self.bucket} refuses {claim.key}: {error}") from error

    def _fetch(self, claim: Claim, remaining: Remaining) -> bytes | None:
        return self.backoff.retry(lambda: self._get(claim), remaining)

    def _get(self, claim: Claim) -> bytes | None:
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=claim.key)["Body"]
            start = body.read(claim.size_bytes + 1)
            # An object of the right size ends here, and botocore checks what arrived when it meets the end. What is
            # larger is no claim: it is not read to its end, however long that is.
            return start + body.read(1) if len(start) <= claim.size_bytes else start
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and error_code(error) == "NoSuchKey":
                return None
            raise classify(error) or Misconfiguration(f"bucket {self.bucket} refuses {claim.key}: {error}") from error


def open_claims(bucket: str, clients: Clients) -> ClaimsBucket:
    """The bucket by its name, where these clients are. Raises Misconfiguration when they cannot be made."""
    try:
        return ClaimsBucket(clients.s3, bucket)
    except BotoCoreError as error:
        raise Misconfiguration(f"bucket {bucket!r} cannot be used: {explain(error)}") from error
