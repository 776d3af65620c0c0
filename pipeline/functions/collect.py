"""A schedule → collectors → events → Kinesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.environment import from_env

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

_collect = from_env().collect()


def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Collect for one scheduled event; what could not be put is raised."""
    _collect.run(event, lambda: context.get_remaining_time_in_millis() / 1000)
