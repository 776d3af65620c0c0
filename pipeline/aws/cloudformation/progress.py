"""What CloudFormation does to a stack, as it does it: its events, each told once, until the stack has come to rest.

The end is read from the stack's own events and not from its status, which may still be the one of the time before. A
failure of the stack counts as the end when nothing follows for a while: LocalStack tells it before it rolls back.
A throttled or dropped poll is no failure of the stack: the next poll sees what it missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.failures import classify
from pipeline.errors import DeployFailed, Retryable

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

STACK: Final = "AWS::CloudFormation::Stack"
# AWS tells these beside the real reason: what was still going on when something else failed.
_FOLLOW_UP: Final = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")
# The second event of a resource that has begun; the first has said so.
_AGAIN: Final = ("Resource creation Initiated",)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has happened on the way: what it happened to, what, and the details or the reason."""

    subject: str
    status: str
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a reason for the whole to fail."""
        return self.status.endswith("FAILED")

    def __str__(self) -> str:
        return f"{self.subject:<28} {self.status:<20} {self.detail}".rstrip()


type Report = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to ask, how long a failure must stand to be the end, and when to give up."""

    interval_seconds: float = 2.0
    settle_seconds: float = 4.0
    timeout_seconds: float = 3600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def until[T](self, ask: Callable[[], T | None], what: str) -> T:
        """Ask until there is an answer. Raises DeployFailed when it takes too long."""
        deadline = self.clock() + self.timeout_seconds
        while True:
            answer = _tolerant(ask)
            if answer is not None:
                return answer
            if self.clock() >= deadline:
                raise DeployFailed(
                    f"{what} took longer than {self.timeout_seconds:g} seconds and may still be going on; "
                    "look at the stack's events before you try again"
                )
            self.sleep(self.interval_seconds)


def _tolerant[T](ask: Callable[[], T | None]) -> T | None:
    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        if isinstance(classify(error), Retryable):
            return None
        raise


@dataclass(slots=True)
class Follower:
    """Follows one stack by its ARN. Make it before the operation starts: what happened until then is not told."""

    client: CloudFormationClient
    stack_id: str
    report: Report
    pace: Pace
    failures: list[Step] = field(default_factory=list)
    _seen: set[str] = field(init=False)
    _status: str = field(init=False, default="")
    _changed_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        before = self.pace.until(lambda: self._unseen(set()), "reading the events of the stack")
        self._seen = {event["EventId"] for event in before}

    def follow(self, what: str, ends: str = "_COMPLETE") -> str:
        """Tell every event until the stack is in a status with this end, or has failed for good; its status then."""
        return self.pace.until(lambda: self._poll(ends), what)

    def _poll(self, ends: str) -> str | None:
        for event in self._unseen(self._seen):
            self._seen.add(event["EventId"])
            self._changed_at = self.pace.clock()
            status = event.get("ResourceStatus", "")
            self._tell(event, status)
            if event.get("PhysicalResourceId") == self.stack_id:
                self._status = status
        return self._status if self._at_rest(ends) else None

    def _at_rest(self, ends: str) -> bool:
        if self._status.endswith("_FAILED"):
            return self.pace.clock() - self._changed_at >= self.pace.settle_seconds
        return self._status.endswith(ends)

    def _unseen(self, seen: set[str]) -> list[StackEventTypeDef]:
        """The events not seen yet, oldest first; pages come newest first."""
        fresh: list[StackEventTypeDef] = []
        for page in self.client.get_paginator("describe_stack_events").paginate(StackName=self.stack_id):
            events = page["StackEvents"]
            fresh += [event for event in events if event["EventId"] not in seen]
            if any(event["EventId"] in seen for event in events):
                break
        return fresh[::-1]

    def _tell(self, event: StackEventTypeDef, status: str) -> None:
        reason = " ".join(event.get("ResourceStatusReason", "").split())
        if reason in _AGAIN:
            return
        kind = event.get("ResourceType", "")
        step = Step(event.get("LogicalResourceId", ""), status, f"{kind}: {reason}" if reason else kind)
        if step.failed and kind != STACK and not reason.startswith(_FOLLOW_UP):
            self.failures.append(step)
        self.report(step)
