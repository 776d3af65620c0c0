"""Lambda functions that go on: an invocation that runs out of time hands the rest to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.failures import classify
from pipeline.errors import Misconfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient

    from pipeline.model import Json


@dataclass(frozen=True)
class Itself:
    """Continuation: the function invokes itself asynchronously.

    Lambda ends a chain of about 16 invocations that one event led to (developer guide, "Use Lambda recursive loop
    detection"), so the function is set to `RecursiveLoop: Allow`. That its chain ends is its own doing.
    """

    client: LambdaClient
    function_name: str

    def hand_over(self, event: Mapping[str, Json]) -> None:
        """Queue the event for the function. Raises Retryable or Misconfiguration."""
        try:
            self.client.invoke(
                FunctionName=self.function_name, InvocationType="Event", Payload=orjson.dumps(dict(event))
            )
        except (BotoCoreError, ClientError) as error:
            raise classify(error) or Misconfiguration(f"Lambda refuses to go on: {error}") from error
