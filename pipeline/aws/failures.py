"""What an AWS error means for a record, in one table that can be checked against the services' error codes.

retryable         the record may succeed later: the sink tries again within the time left, then names it as failed
permanent         this request can never succeed as it is: the record becomes a dead letter
misconfiguration  no record can succeed until somebody acts: raised, the invocation fails loudly

What is not in the table is judged by its HTTP status: 5xx and 429 are retryable, the rest of 4xx is permanent.
"""

from __future__ import annotations

from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from pipeline.errors import Misconfiguration, PipelineError, Retryable

RETRYABLE: Final = frozenset(
    {
        # DynamoDB, "Error handling": throttled, or the service is not well
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "Throttling",
        "ItemCollectionSizeLimitExceededException",
        "TransactionConflictException",
        "InternalServerError",
        "ServiceUnavailable",
        # Kinesis PutRecord(s)
        "InternalFailure",
        "LimitExceededException",
        "KMSThrottlingException",
        # S3
        "InternalError",
        "SlowDown",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        # credentials that rotate
        "ExpiredToken",
        "ExpiredTokenException",
    }
)
MISCONFIGURATION: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidAccessKeyId",
        "InvalidSignatureException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "NoSuchBucket",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def error_code(error: ClientError) -> str:
    """The service's own code, such as `SlowDown`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def classify(error: BotoCoreError | ClientError) -> PipelineError | None:
    """The error to raise instead, or None when this request can never succeed as it is."""
    if isinstance(error, NoCredentialsError | NoRegionError | ProfileNotFound):
        return Misconfiguration(str(error))
    if not isinstance(error, ClientError):
        return Retryable(f"{type(error).__name__}: {error}")
    code = error_code(error)
    if code in MISCONFIGURATION:
        return Misconfiguration(str(error))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in RETRYABLE or status == 429 or status >= 500:  # noqa: PLR2004 - HTTP statuses
        return Retryable(str(error))
    return None


def explain(error: Exception) -> str | None:
    """One line for a person, or None when the error is not one of AWS's."""
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials; configure them (aws configure, or AWS_PROFILE), or use --local for LocalStack"
    if isinstance(error, NoRegionError):
        return "no AWS region; give --region or set AWS_REGION, or use --local for LocalStack"
    if isinstance(error, HTTPClientError):
        return f"{error}; for LocalStack: is it running? (pipeline local status, pipeline local up)".replace("\n", " ")
    if isinstance(error, BotoCoreError | ClientError):
        return str(error).replace("\n", " ")
    return None
