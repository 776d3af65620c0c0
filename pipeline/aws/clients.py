"""One place makes every AWS client, so that endpoint, region, time limits and retries are the same for all.

A client is made at its first use: importing costs nothing, and a function pays for what it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from pipeline.aws.item_requests import write_out
from pipeline.aws.patience import RECORDS, USUAL, Patience

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_CONFIG: Final = Config(
    max_pool_connections=16,
    user_agent_extra="kinesis-pipeline",
    s3={"addressing_style": "path"},
)
# What records go through on their way.
_OF_RECORDS: Final = frozenset({"dynamodb", "events", "kinesis", "s3", "secretsmanager", "sns", "sqs", "ssm"})
# An item is written down by `core.encode`, and DynamoDB checks it again: botocore's own check of every attribute in
# between would cost as much as the rest of the call.
_UNCHECKED: Final = frozenset({"dynamodb"})
_LOCAL_CREDENTIAL = "test"
LOCAL_REGION = "us-east-1"


@dataclass(frozen=True)
class Clients:
    """The AWS clients for one account and region.

    Args:
        endpoint_url: where every service is, or None for AWS itself.
        region: None for what the AWS configuration says.
        profile: a name in the AWS configuration, or None.
        local: LocalStack: credentials and region are LocalStack's defaults.
        patience: how long the services are waited for that records go through.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    local: bool = False
    patience: Patience = RECORDS

    @cached_property
    def _session(self) -> boto3.Session:
        if self.local:
            return boto3.Session(
                region_name=self.region or LOCAL_REGION,
                aws_access_key_id=_LOCAL_CREDENTIAL,
                aws_secret_access_key=_LOCAL_CREDENTIAL,
            )
        return boto3.Session(region_name=self.region, profile_name=self.profile)

    def _options(self, service: str) -> dict[str, Any]:
        patience = self.patience if service in _OF_RECORDS else USUAL
        limits = Config(
            connect_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
            retries={"mode": "standard", "total_max_attempts": patience.tries},
            parameter_validation=service not in _UNCHECKED,
        )
        return {"endpoint_url": self.endpoint_url, "config": _CONFIG.merge(limits)}

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """CloudFormation: stacks and change sets."""
        return self._session.client("cloudformation", **self._options("cloudformation"))

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB: tables and items."""
        client = self._session.client("dynamodb", **self._options("dynamodb"))
        write_out(client)
        return client

    @cached_property
    def dynamodbstreams(self) -> DynamoDBStreamsClient:
        """DynamoDB Streams: the changes of a table."""
        return self._session.client("dynamodbstreams", **self._options("dynamodbstreams"))

    @cached_property
    def events(self) -> EventBridgeClient:
        """EventBridge: events on buses."""
        return self._session.client("events", **self._options("events"))

    @cached_property
    def kinesis(self) -> KinesisClient:
        """Kinesis Data Streams."""
        return self._session.client("kinesis", **self._options("kinesis"))

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda: functions and event source mappings."""
        return self._session.client("lambda", **self._options("lambda"))

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        return self._session.client("logs", **self._options("logs"))

    @cached_property
    def s3(self) -> S3Client:
        """S3: buckets and objects."""
        return self._session.client("s3", **self._options("s3"))

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        return self._session.client("secretsmanager", **self._options("secretsmanager"))

    @cached_property
    def sns(self) -> SNSClient:
        """SNS: notifications to topics."""
        return self._session.client("sns", **self._options("sns"))

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS: messages to queues."""
        return self._session.client("sqs", **self._options("sqs"))

    @cached_property
    def ssm(self) -> SSMClient:
        """SSM: parameters."""
        return self._session.client("ssm", **self._options("ssm"))

    @cached_property
    def sts(self) -> STSClient:
        """STS: which account this is."""
        return self._session.client("sts", **self._options("sts"))
