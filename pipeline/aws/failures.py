"""What an AWS error means for a record, in one table that can be checked against the services' error codes.

retryable         the record may succeed later: the sink tries again within the time left, then names it as failed
permanent         this request can never succeed as it is: the record becomes a dead letter
misconfiguration  no record can succeed until somebody acts: raised, the invocation fails loudly

What is not in the table is judged by its HTTP status: 408, 429 and 5xx are retryable, 401 and 403 a misconfiguration,
and the rest of 4xx is permanent.
"""

from __future__ import annotations

from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NoConnection

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
        "ReplicatedWriteConflictException",
        "TransactionConflictException",
        "InternalServerError",
        "ServiceUnavailable",
        # Kinesis PutRecord(s)
        "InternalFailure",
        "InternalFailureException",
        "LimitExceededException",
        "KMSThrottlingException",
        # S3
        "InternalError",
        "OperationAborted",
        "SlowDown",
        "RequestTimeout",
        # credentials that rotate, clocks that are put right
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
    }
)
MISCONFIGURATION: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidSignatureException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
        "MissingAuthenticationTokenException",
        "NoSuchBucket",
        "NotAuthorized",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NOT_SET_UP: Final = (NoCredentialsError, NoRegionError, PartialCredentialsError, ProfileNotFound)


def error_code(error: ClientError) -> str:
    """The service's own code, such as `SlowDown`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def classify(error: BotoCoreError | ClientError) -> PipelineError | None:
    """The error to raise instead, or None when this request can never succeed as it is."""
    if isinstance(error, _NOT_SET_UP):
        return Misconfiguration(str(error))
    if isinstance(error, ParamValidationError):
        return None
    if not isinstance(error, ClientError):
        return Retryable(f"{type(error).__name__}: {error}")
    code, status = error_code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in RETRYABLE or status in {408, 429} or status >= 500:  # noqa: PLR2004 - HTTP statuses
        return Retryable(str(error))
    if code in MISCONFIGURATION or status in {401, 403}:
        return Misconfiguration(str(error))
    return None


def explain(error: Exception) -> str | None:
    """One line for a person, or None when the error is not one of AWS's."""
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials; configure them (aws configure, or AWS_PROFILE), or use --local for LocalStack"
    if isinstance(error, NoRegionError):
        return "no AWS region; give --region or set AWS_REGION, or use --local for LocalStack"
    if isinstance(error, NoConnection | HTTPClientError):
        return f"{error}; for LocalStack: is it running? (pipeline local status, pipeline local up)".replace("\n", " ")
    if isinstance(error, BotoCoreError | ClientError):
        return str(error).replace("\n", " ")
    return None
