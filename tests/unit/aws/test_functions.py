"""A function that goes on in another invocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.aws.functions import Itself
from pipeline.errors import Misconfiguration, PipelineError, Retryable
from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class FakeLambda:
    """The client, as far as an event is queued for a function."""

    def __init__(self, error: Exception | None = None) -> None:
        self.invoked: list[dict[str, Any]] = []
        self._error = error

    def invoke(self, **asked: Any) -> None:  # noqa: ANN401 - the API's names
        if self._error is not None:
            raise self._error
        self.invoked.append(asked)


def test_the_event_is_queued() -> None:
    """For the function itself, which does not wait for it."""
    client = FakeLambda()
    Itself(cast("LambdaClient", client), "ingest").hand_over({"continue": {"key": "\u00fc", "line": 3}})

    payload = '{"continue":{"key":"\u00fc","line":3}}'.encode()
    assert [{"FunctionName": "ingest", "InvocationType": "Event", "Payload": payload}] == client.invoked


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("TooManyRequestsException", 429, Retryable),
        ("ServiceException", 500, Retryable),
        ("AccessDeniedException", 403, Misconfiguration),
        ("RequestEntityTooLargeException", 413, Misconfiguration),
    ],
)
def test_what_lambda_may_say(code: str, status: int, expected: type[PipelineError]) -> None:
    """Whatever it is, the rest was not handed over, and that is raised."""
    with pytest.raises(expected):
        Itself(cast("LambdaClient", FakeLambda(aws_error(code, status))), "ingest").hand_over({})
