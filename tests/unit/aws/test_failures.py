from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)
from botocore.retries import standard

from pipeline.aws.failures import MISCONFIGURATION, PERMANENT, RETRYABLE, classify, error_code, explain
from pipeline.errors import Misconfiguration, PipelineError, Retryable
from pipeline.testing.aws_errors import aws_error

# What the record itself is refused for; every other error of these operations is in one of the two other tables.
REFUSED = {
    "BatchWriteItem": set[str](),
    "PutItem": {"ConditionalCheckFailedException"},
    "PutRecords": {"InvalidArgumentException", "DryRunOperationException"},
    "PutObject": {"InvalidRequest", "InvalidWriteOffset", "TooManyParts", "EncryptionTypeMismatch"},
}
OPERATIONS = [
    ("dynamodb", "BatchWriteItem"),
    ("dynamodb", "PutItem"),
    ("kinesis", "PutRecords"),
    ("s3", "PutObject"),
]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_error_of_the_service_model(service: str, operation: str) -> None:
    """Every error that the API model of an operation lists has its meaning here."""
    model: Any = botocore.session.get_session().get_service_model(service)
    listed = {shape.name for shape in model.operation_model(operation).error_shapes}
    assert REFUSED[operation] == {code for code in listed if classify(aws_error(code)) is None}


TABLE = {
    Retryable: (
        "BadDigest BandwidthLimitExceeded ExpiredToken ExpiredTokenException IncompleteBody InternalError "
        "InternalException InternalFailure InternalFailureException InternalServerError "
        "ItemCollectionSizeLimitExceededException KMS.ThrottlingException KMSThrottling KMSThrottlingException "
        "KmsThrottled LimitExceededException MalformedHttpRequestException OperationAborted "
        "PriorRequestNotComplete ProvisionedThroughputExceeded ProvisionedThroughputExceededException "
        "ReplicatedWriteConflictException RequestAbortedException RequestExpired RequestLimitExceeded "
        "RequestThrottled RequestThrottledException RequestTimeTooSkewed RequestTimeout RequestTimeoutException "
        "ServiceUnavailable SlowDown TemporaryRedirect Throttled ThrottledException Throttling "
        "ThrottlingException TooManyRequestsException TransactionConflictException TransactionInProgressException "
        "XAmzContentSHA256Mismatch"
    ),
    Misconfiguration: (
        "AWS.SimpleQueueService.NonExistentQueue AccessDenied AccessDeniedException AccountProblem "
        "AllAccessDisabled AuthorizationError AuthorizationHeaderMalformed IncompleteSignature "
        "IncompleteSignatureException InvalidAccessKeyId InvalidAddress InvalidBucketName InvalidClientTokenId "
        "InvalidSecurity InvalidSignatureException InvalidToken KMS.DisabledException "
        "KMS.KMSInvalidStateException KMS.NotFoundException KMSAccessDenied KMSAccessDeniedException KMSDisabled "
        "KMSDisabledException KMSInvalidState KMSInvalidStateException KMSNotFound KMSNotFoundException "
        "KMSOptInRequired KmsAccessDenied KmsDisabled KmsInvalidState KmsNotFound KmsOptInRequired "
        "MethodNotAllowed MissingAuthenticationToken MissingAuthenticationTokenException NoSuchBucket "
        "NotAuthorized NotFound NotSignedUp OptInRequired PermanentRedirect QueueDoesNotExist "
        "ResourceNotFoundException SignatureDoesNotMatch UnknownOperationException UnrecognizedClientException"
    ),
    type(None): (
        "AWS.SimpleQueueService.BatchRequestTooLong BatchRequestTooLong ConditionalCheckFailedException "
        "DryRunOperationException EncryptionTypeMismatch EntityTooLarge InvalidArgumentException "
        "InvalidMessageContents InvalidRequest InvalidWriteOffset KeyTooLongError MalformedDetail "
        "NotAuthorizedForSourceException RequestEntityTooLargeException SerializationException TooManyParts "
        "ValidationError ValidationException"
    ),
}


@pytest.mark.parametrize(("meaning", "code"), [(each, code) for each, codes in TABLE.items() for code in codes.split()])
def test_the_table(meaning: type[PipelineError | None], code: str) -> None:
    """Each code has its meaning, whatever HTTP status below 500 it comes with; None is what a record is refused for."""
    assert [meaning] * 3 == [type(classify(aws_error(code, status))) for status in (307, 400, 403)]


def test_the_table_is_whole() -> None:
    """No code is in two tables, and there is none that the list above lacks."""
    in_code = {Retryable: RETRYABLE, Misconfiguration: MISCONFIGURATION, type(None): PERMANENT}
    assert {meaning: sorted(codes.split()) for meaning, codes in TABLE.items()} == {
        meaning: sorted(codes) for meaning, codes in in_code.items()
    }
    assert len(RETRYABLE | MISCONFIGURATION | PERMANENT) == len(RETRYABLE) + len(MISCONFIGURATION) + len(PERMANENT)


def test_what_botocore_tries_again() -> None:
    """Every code that botocore takes for throttling, or for a passing trouble, is retryable here; but EC2's."""
    throttled = vars(standard.ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"]
    passing = vars(standard.TransientRetryableChecker)["_TRANSIENT_ERROR_CODES"]
    assert {"EC2ThrottledException"} == {*throttled, *passing} - RETRYABLE


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (aws_error("ThrottlingException"), Retryable),
        (aws_error("ProvisionedThroughputExceededException"), Retryable),
        (aws_error("InternalFailure", 500), Retryable),
        (aws_error("SlowDown", 503), Retryable),
        (aws_error("OperationAborted", 409), Retryable),
        (aws_error("ExpiredToken", 403), Retryable),
        (aws_error("RequestTimeTooSkewed", 403), Retryable),
        (aws_error("SomethingNew", 500), Retryable),
        (aws_error("SomethingNew", 503), Retryable),
        (aws_error("SomethingNew", 429), Retryable),
        (aws_error("SomethingNew", 408), Retryable),
        (aws_error("AccessDenied", 403), Misconfiguration),
        (aws_error("AccessDeniedException", 400), Misconfiguration),
        (aws_error("UnrecognizedClientException", 400), Misconfiguration),
        (aws_error("NoSuchBucket", 404), Misconfiguration),
        (aws_error("ResourceNotFoundException", 400), Misconfiguration),
        (aws_error("InvalidClientTokenId", 403), Misconfiguration),
        (aws_error("SomethingNew", 403), Misconfiguration),
        (aws_error("SomethingNew", 401), Misconfiguration),
        (aws_error("ValidationException", 400), None),
        (aws_error("SomethingNew", 400), Misconfiguration),
        (aws_error("SomethingNew", 404), Misconfiguration),
        (ClientError({}, "PutItem"), Misconfiguration),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"), Retryable),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1:4566"), Retryable),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:4566"), Retryable),
        (BotoCoreError(), Retryable),
        (NoCredentialsError(), Misconfiguration),
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), Misconfiguration),
        (NoRegionError(), Misconfiguration),
        (ProfileNotFound(profile="nobody"), Misconfiguration),
        (ParamValidationError(report="Invalid type for parameter Item"), None),
    ],
    ids=range(32),
)
def test_classify(error: BotoCoreError | ClientError, meaning: type[PipelineError] | None) -> None:
    """An error is retryable, a misconfiguration, or what the request is refused for; its text is kept."""
    classified = classify(error)
    assert (meaning or type(None)) is type(classified)
    assert classified is None or str(error) in str(classified)


def test_error_code() -> None:
    """The code is the service's own; an error without one has none."""
    assert ("SlowDown", "") == (error_code(aws_error("SlowDown")), error_code(ClientError({}, "PutItem")))


@pytest.mark.parametrize(
    ("error", "start"),
    [
        (NoCredentialsError(), "no AWS credentials; configure them"),
        (NoRegionError(), "no AWS region; give --region"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"), 'Could not connect to the endpoint URL: "http'),
        (aws_error("AccessDenied", text="not\nallowed"), "An error occurred (AccessDenied) when calling"),
    ],
)
def test_explain(error: Exception, start: str) -> None:
    """An AWS error is one line for a person."""
    line = explain(error)
    assert line is not None
    assert (True, False) == (line.startswith(start), "\n" in line)


@pytest.mark.parametrize("error", [EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError])
def test_explain_names_the_remedy(
    error: type[EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError],
) -> None:
    """When nothing answers, the line says how to see whether LocalStack runs."""
    assert "pipeline local status" in str(explain(error(endpoint_url="http://127.0.0.1:4566")))


def test_explain_leaves_the_rest() -> None:
    """What is none of AWS's errors is not explained away."""
    assert explain(ValueError("bug")) is None
