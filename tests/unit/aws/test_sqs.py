from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.aws.sqs import Visibility
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.countdown import Countdown

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ARN = "arn:aws:sqs:eu-central-1:123456789012:orders.fifo"


@dataclass
class FakeQueue:
    """The SQS client: keeps the calls, which take a second each; some entries fail, some calls raise."""

    clock: Countdown
    failed: list[str] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)
    calls: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    meta: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(endpoint_url="https://sqs.eu-central-1.amazonaws.com")
    )

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - the client's
        """Answer for each entry by its id."""
        self.clock.spend(1.0)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        assert len({each["Id"] for each in Entries}) == len(Entries) <= 10
        self.calls.append((QueueUrl, {each["ReceiptHandle"]: each["VisibilityTimeout"] for each in Entries}))
        failed = [each for each in Entries if each["ReceiptHandle"] in self.failed]
        return {"Failed": [{"Id": each["Id"], "Code": "ReceiptHandleIsInvalid"} for each in failed]} if failed else {}


def postpone(queue: FakeQueue, count: int) -> list[str]:
    """What is told when so many messages are postponed."""
    told: list[str] = []
    seconds = {f"handle-{number}": number + 1 for number in range(count)}
    Visibility(cast("SQSClient", queue), 5.0, told.append).postpone(ARN, seconds, queue.clock)
    return told


def test_ten_a_call() -> None:
    """In order, at the queue that the ARN names; nothing is told of what goes well."""
    queue = FakeQueue(Countdown())
    assert [] == postpone(queue, 23)
    assert {"https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo"} == {url for url, _ in queue.calls}
    assert [10, 10, 3] == [len(seconds) for _, seconds in queue.calls]
    assert [*range(1, 24)] == [each for _, seconds in queue.calls for each in seconds.values()]


@pytest.mark.parametrize(
    "error", [aws_error("AccessDenied"), ReadTimeoutError(endpoint_url="https://sqs")], ids=["refused", "silent"]
)
def test_a_call_that_fails(error: Exception) -> None:
    """Nothing is raised, and no other call is made: what is left is told with the reason."""
    queue = FakeQueue(Countdown(), errors=[None, error])
    (told,) = postpone(queue, 25)
    assert told.startswith("15 messages come again only after their queue's own time: ")
    assert str(error) in told
    assert 1 == len(queue.calls)


def test_messages_that_fail() -> None:
    """They are told, and the others go on."""
    queue = FakeQueue(Countdown(), failed=["handle-1", "handle-2"])
    assert ["2 messages come again only after their queue's own time: ReceiptHandleIsInvalid"] == postpone(queue, 12)
    assert 2 == len(queue.calls)


@pytest.mark.parametrize(("left", "calls"), [(5.0, 0), (5.5, 1), (6.5, 2), (60.0, 3)])
def test_no_time(left: float, calls: int) -> None:
    """No call is begun that may not end in time."""
    queue = FakeQueue(Countdown(left))
    told = postpone(queue, 25)
    assert calls == len(queue.calls)
    text = f"{25 - 10 * calls} messages come again only after their queue's own time: no time left"
    assert [text] * (calls < 3) == told
