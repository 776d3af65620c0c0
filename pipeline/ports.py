"""What the consumer and the producer need from outside, one method each.

The adapters are in `pipeline.aws`, the fakes in `pipeline.testing`; both pass the same contract tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.model import (
        Accepted,
        Claim,
        DeadLetter,
        Delivery,
        Entry,
        Event,
        Facts,
        Failure,
        Json,
        Ledger,
        ObjectVersion,
        Part,
        Position,
        Record,
        Refused,
        Want,
    )


type Transform = Callable[[Event], Sequence[Event]]
"""One event in; none (dropped), one or many out. Raises Rejection for what can never be transformed."""

type Destination = Callable[[Record, Event], Delivery | None]
"""Encodes an event for one sink; None when it does not go there. Raises Rejection for what can never be held there."""


class Enrichment(Protocol):
    """What an event is given that it did not bring: it says what it wants, and later puts what is known in place.

    Its wants are all of one kind and name, which say what is needed to look them up.
    """

    @property
    def kind(self) -> str:
        """Of its wants, such as `table`."""
        ...

    @property
    def name(self) -> str:
        """Of what they are looked up in, such as `customers`."""
        ...

    def wants(self, event: Event) -> Iterable[Want]:
        """What is to be looked up for the event; nothing where the event has nothing to look up by."""
        ...

    def enrich(self, event: Event, facts: Facts) -> Event:
        """The event with the facts that it wanted, or with a mark of what could not be looked up.

        Raises Retryable while a fact is unavailable that it cannot be without, and Rejection when there can be none.
        """
        ...


class Remaining(Protocol):
    """The time left, so that nothing is started that cannot finish."""

    def __call__(self) -> float:
        """Seconds left before the work is cut off; never grows."""
        ...


class Sink[D: Delivery](Protocol):
    """Somewhere that deliveries of one kind are written to."""

    def write(self, deliveries: Sequence[D], remaining: Remaining) -> Mapping[Position, Failure]:
        """Write all, in order per key, and return what could not be written, by position.

        Writing the same deliveries again leaves the same state. At least the first chunk is tried whatever the time
        left. Raises Misconfiguration.
        """
        ...


class DeadLetterSink(Protocol):
    """Somewhere that dead letters are kept."""

    def keep(self, dead_letters: Sequence[DeadLetter], remaining: Remaining) -> Mapping[Position, Failure]:
        """Keep all, the earliest first, each under a key made of its position: twice leaves one.

        Returns what was not kept, by position: once one could not be, those after it wait. Those of the first record
        are tried whatever the time left: to stop among the user records of an aggregate is to begin with the same
        aggregate again. Raises Misconfiguration.
        """
        ...


class ClaimSource(Protocol):
    """Somewhere that the data of events wait which were too large for the stream."""

    def fetch(self, claims: Sequence[Claim], remaining: Remaining) -> Mapping[Claim, bytes | None]:
        """What was left for each claim, or something longer or shorter; None where there is nothing.

        At least the first few are tried whatever the time left. Raises Retryable or Misconfiguration.
        """
        ...


class ClaimStore(Protocol):
    """Somewhere to leave the data of events that are too large for the stream, for a `ClaimSource` to fetch."""

    @property
    def bucket(self) -> str:
        """Its name, which the references have."""
        ...

    def leave(self, claim: Claim, body: bytes) -> None:
        """Keep the body under the claim's name; twice leaves one. Raises Retryable or Misconfiguration."""
        ...


class ObjectSource(Protocol):
    """Where the objects are that somebody dropped."""

    def read(self, at: ObjectVersion, offset: int, remaining: Remaining) -> Part:
        """The bytes from an offset on, some MiB of them; none where the object ends there.

        Raises Rejection where there is nothing to be read any more (object_gone, object_changed, object_archived,
        object_unreadable), Retryable or Misconfiguration.
        """
        ...


class Continuation(Protocol):
    """The next invocation of the same function."""

    def hand_over(self, event: Mapping[str, Json]) -> None:
        """Have it invoked with this event, later. Raises Retryable or Misconfiguration."""
        ...


class Postponer(Protocol):
    """A queue that is told when to deliver messages again which were not done."""

    def postpone(self, queue_arn: str, seconds: Mapping[str, int], remaining: Remaining) -> None:
        """Hide each of them, by receipt handle, for so many seconds from now on. Raises nothing.

        What cannot be hidden anew comes again after the queue's own time.
        """
        ...


class Lookup(Protocol):
    """Somewhere that facts for enrichment come from."""

    def fetch(self, wants: frozenset[Want], remaining: Remaining) -> Facts:
        """The facts, all in one go. A want without a fact is left out; one that is out of reach is Unavailable.

        At least one call is tried whatever the time left. Raises Misconfiguration.
        """
        ...


class FactsReport(Protocol):
    """Somewhere that the facts of a batch are told, once a batch that wants some, and without any of them."""

    def facts(
        self,
        *,
        wanted: int,
        found: int,
        unavailable: int,
        away: Mapping[str, str],
        stale: Mapping[str, str],
        seconds: float,
    ) -> None:
        """Tell one fetch.

        `away` says of each kind and name that is out of reach why; `stale` of each that an older version answered for.
        """
        ...


class Report(Protocol):
    """Somewhere that the counts of a batch are told, once a batch and without any record's content."""

    def batch(
        self,
        ledger: Ledger,
        *,
        first: Position | None,
        last: Position | None,
        lag_seconds: float,
        size: int,
        size_bytes: int,
    ) -> None:
        """Tell the counts of one batch.

        `size` is in records as delivered, where the ledger counts user records; `size_bytes` is of their data as it was
        delivered: in base64 from Kinesis, the size of keys and images from DynamoDB Streams.
        """
        ...


class RequestReport(Protocol):
    """Somewhere that requests of the API are told, once a request and without anything that they hold."""

    def request(
        self,
        operation: str,
        status: int,
        *,
        events: Mapping[int, int],
        reasons: Mapping[str, int],
        seconds: float,
        request_id: str,
    ) -> None:
        """Tell one request: its method and resource, its status, and how long it took.

        `events` counts its events by the status that each had, none for a request that brought none; `reasons` counts
        what was wrong: the stable codes of events, and what AWS said.
        """
        ...


class RecordStream(Protocol):
    """A stream that entries can be put onto."""

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        """One call: at most 500 entries and 5 MiB. One answer for each entry, in the order of the entries.

        Raises Retryable when the whole call failed (it may have been carried out), or Misconfiguration.
        """
        ...
