"""A small Enrichment, to see what the stages make of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from pipeline.errors import Rejection, Retryable
from pipeline.model import Reason, Unavailable, Want

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event, Facts


@dataclass(frozen=True)
class Owner:
    """Enrichment: the owner of each body, as the field `owner`.

    A body of which there is none is rejected, unless it `may_miss`: then the event stays as it is.
    """

    may_miss: bool = False
    kind: ClassVar[str] = "table"
    name: ClassVar[str] = "owners"

    @classmethod
    def want(cls, body: str) -> Want:
        """What is wanted for a body."""
        return Want(cls.kind, cls.name, body)

    def wants(self, event: Event) -> Sequence[Want]:
        """One fact, for a body that is text."""
        body = event.data.get("body")
        return [self.want(body)] if isinstance(body, str) else []

    def enrich(self, event: Event, facts: Facts) -> Event:
        """The event with its owner."""
        for want in self.wants(event):
            fact = facts.get(want)
            if isinstance(fact, Unavailable):
                raise Retryable(fact.detail)
            if fact is not None:
                return replace(event, data={**event.data, "owner": fact})
            if not self.may_miss:
                raise Rejection(Reason.REJECTED_BY_TRANSFORM, "there is no owner")
        return event
