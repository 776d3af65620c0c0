"""SQS → events, checked → Kinesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.aws.patience import PROMPT
from pipeline.environment import from_env

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from pipeline.core.response import PartialBatchResponse

_batches = from_env(PROMPT).ingest_queue()


def handler(event: Mapping[str, Any], context: LambdaContext) -> PartialBatchResponse:
    """Answer a batch of a queue with a partial batch response."""
    return _batches.answer(event, lambda: context.get_remaining_time_in_millis() / 1000)
