"""EventBridge: notices to a bus."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.notices import Calls, failed, outcome_of, tell
from pipeline.core.outlet import MAX_BUS_BYTES, event_bytes
from pipeline.errors import Retryable
from pipeline.model import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_events import EventBridgeClient

    from pipeline.aws.notices import Outcome
    from pipeline.model import Notice, Position
    from pipeline.ports import Remaining


@dataclass(frozen=True)
class BusSink:
    """Sink[Notice]: a bus, by its name or ARN. It keeps no order."""

    client: EventBridgeClient
    name: str
    backoff: Backoff = field(default_factory=Backoff)

    def write(self, deliveries: Sequence[Notice], remaining: Remaining) -> Mapping[Position, Failure]:
        """Put all. Raises Misconfiguration."""
        return tell(deliveries, Calls(self._put, event_bytes, MAX_BUS_BYTES), remaining, self.backoff)

    def _put(self, notices: Sequence[Notice]) -> Sequence[Outcome]:
        try:
            answer = self.client.put_events(Entries=[self._entry(notice) for notice in notices])
        except (BotoCoreError, ClientError) as error:
            raise failed(error) from error
        answers = answer["Entries"]
        if len(answers) != len(notices):
            raise Retryable(f"EventBridge answered for {len(answers)} of {len(notices)} events")
        return [_outcome(*each) for each in zip(notices, answers, strict=True)]

    def _entry(self, notice: Notice) -> Any:  # noqa: ANN401 - one of PutEvents
        return {
            "EventBusName": self.name,
            "Source": notice.source,
            "DetailType": notice.type,
            "Detail": notice.body.decode(),
            "Time": datetime.fromisoformat(notice.time),
        }


def _outcome(notice: Notice, answer: Mapping[str, Any]) -> Outcome:
    if code := answer.get("ErrorCode"):
        return outcome_of(notice.outlet, code)
    return None if answer.get("EventId") else Failure("it was not answered for")
