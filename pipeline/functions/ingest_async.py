"""SNS, EventBridge → events, checked → Kinesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.environment import from_env

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

_arrivals = from_env().ingest_async()


def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Take what the function is invoked with; what it raises comes again."""
    _arrivals.take(event, lambda: context.get_remaining_time_in_millis() / 1000)
