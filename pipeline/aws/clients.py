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

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=16,
    user_agent_extra="kinesis-pipeline",
    s3={"addressing_style": "path"},
)
# Where records go, our own loops try again, entry by entry and within the time left, which botocore knows nothing of:
# it may bridge one dropped connection, no more.
_RECORDS = _CONFIG.merge(Config(read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}))
# An item is written down by `core.encode`, and DynamoDB checks it again: botocore's own check of every attribute in
# between would cost as much as the rest of the call.
_CONFIGS: Final = {
    "dynamodb": _RECORDS.merge(Config(parameter_validation=False)),
    "kinesis": _RECORDS,
    "s3": _RECORDS,
}
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
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    local: bool = False

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
        return {"endpoint_url": self.endpoint_url, "config": _CONFIGS.get(service, _CONFIG)}

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
    def sns(self) -> SNSClient:
        """SNS: notifications to topics."""
        return self._session.client("sns", **self._options("sns"))

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS: messages to queues."""
        return self._session.client("sqs", **self._options("sqs"))

    @cached_property
    def sts(self) -> STSClient:
        """STS: which account this is."""
        return self._session.client("sts", **self._options("sts"))
