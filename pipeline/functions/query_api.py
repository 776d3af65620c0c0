"""API Gateway → questions about events and entities → DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.aws.patience import PROMPT
from pipeline.environment import from_env

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

_endpoint = from_env(PROMPT).query_api()


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request of the REST API."""
    return _endpoint.answer(event, lambda: context.get_remaining_time_in_millis() / 1000)
