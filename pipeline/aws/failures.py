"""What an AWS error means for a record, in one table that can be checked against the services' error codes.

retryable         the record may succeed later: the sink tries again within the time left, then names it as failed
permanent         this request can never succeed as it is: what DynamoDB or an outlet refuses so is a dead letter; S3
                  and Kinesis are only asked what they can take, so their adapters raise it as a misconfiguration
misconfiguration  no record can succeed until somebody acts: raised, the invocation fails loudly

What is not in the table is judged by its HTTP status: 408, 429 and 5xx are retryable, and anything else is raised: only
what is known to be a record's own fault may make a dead letter, or an error nobody knew would empty the stream into
them.

Sources: the API references of BatchWriteItem, PutItem, PutRecords, PutObject, PutEvents, PublishBatch and
SendMessageBatch with their "Common Errors"; DynamoDB's "Error handling", S3's "List of error codes", and the errors
that botocore itself tries again.
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
        # any service: too much at once
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        # any service: it is not well, or the request did not arrive whole
        "InternalFailure",
        "MalformedHttpRequestException",
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        # any service: credentials that rotate, clocks that are put right
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        # DynamoDB
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "TransactionConflictException",
        "TransactionInProgressException",
        # Kinesis
        "InternalFailureException",
        "KMSThrottlingException",
        "LimitExceededException",
        # S3; the digests are of what arrived
        "BadDigest",
        "IncompleteBody",
        "InternalError",
        "KMS.ThrottlingException",
        "OperationAborted",
        "SlowDown",
        "TemporaryRedirect",
        "XAmzContentSHA256Mismatch",
        # EventBridge, SNS, SQS
        "InternalException",
        "KMSThrottling",
        "KmsThrottled",
        "Throttled",
    }
)
MISCONFIGURATION: Final = frozenset(
    {
        # any service: who asks, and whether they may
        "AccessDenied",
        "AccessDeniedException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        # any service: what is asked for
        "ResourceNotFoundException",
        "UnknownOperationException",
        # Kinesis
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
        # S3
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "InvalidBucketName",
        "InvalidToken",
        "KMS.DisabledException",
        "KMS.KMSInvalidStateException",
        "KMS.NotFoundException",
        "MethodNotAllowed",
        "NoSuchBucket",
        "NotSignedUp",
        "PermanentRedirect",
        # SNS, SQS
        "AWS.SimpleQueueService.NonExistentQueue",
        "AuthorizationError",
        "InvalidAddress",
        "InvalidSecurity",
        "KMSAccessDenied",
        "KMSDisabled",
        "KMSInvalidState",
        "KMSNotFound",
        "KmsAccessDenied",
        "KmsDisabled",
        "KmsInvalidState",
        "KmsNotFound",
        "KmsOptInRequired",
        "NotFound",
        "QueueDoesNotExist",
    }
)
PERMANENT: Final = frozenset(
    {
        # any service
        "RequestEntityTooLargeException",
        "SerializationException",
        "ValidationError",
        "ValidationException",
        # DynamoDB
        "ConditionalCheckFailedException",
        # Kinesis
        "DryRunOperationException",
        "InvalidArgumentException",
        # S3
        "EncryptionTypeMismatch",
        "EntityTooLarge",
        "InvalidRequest",
        "InvalidWriteOffset",
        "KeyTooLongError",
        "TooManyParts",
        # EventBridge, SNS, SQS
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "BatchRequestTooLong",
        "InvalidMessageContents",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
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
    return None if code in PERMANENT else Misconfiguration(str(error))


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
