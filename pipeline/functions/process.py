"""Kinesis → decode, validate, transform, route → DynamoDB and S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.environment import from_env

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from pipeline.core.response import PartialBatchResponse

_consumer = from_env().process()


def handler(event: Mapping[str, Any], context: LambdaContext) -> PartialBatchResponse:
    """Answer a batch of the event stream with a partial batch response."""
    return _consumer.consume(event, lambda: context.get_remaining_time_in_millis() / 1000)
