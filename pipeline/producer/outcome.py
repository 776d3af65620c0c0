"""What may become of a record, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.errors import PipelineError
from pipeline.model import Accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Event, Position


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The stream would never take it: data and partition key together, in bytes; nor would the store of claims."""

    size_bytes: int
    limit_bytes: int = MAX_RECORD_BYTES

    def __str__(self) -> str:
        what = "a record on the stream" if self.limit_bytes == MAX_RECORD_BYTES else "what is left in S3"
        return f"{self.size_bytes:,} bytes with its key; {what} is at most {self.limit_bytes:,}"


@dataclass(frozen=True, slots=True)
class Unsent:
    """Not accepted in time; after a call without an answer it may be on the stream all the same."""

    detail: str


@dataclass(frozen=True, slots=True)
class Spilled:
    """Not accepted in time and kept on disk: it is sent, in order, when the stream is back, by whoever opens the spill.

    `detail` is why the stream did not take it.
    """

    detail: str


type Outcome = Accepted | TooLarge | Unsent | Spilled

type Puttable = Event | Mapping[str, Any] | bytes
"""What `put` takes: an event, the same as a CloudEvents dict, bare data for the envelope, or bytes as they are."""


class Report(NamedTuple):
    """What became of a record: the caller's own, the position it was put with, and its outcome.

    `sub_sequence_number` is its place in the aggregate that was accepted, from 0; one that travels alone has 0.
    """

    record: Puttable
    position: Position
    outcome: Outcome
    sub_sequence_number: int = 0

    @property
    def is_accepted(self) -> bool:
        """Whether it is on the stream; `outcome` has the shard and the sequence number then."""
        return isinstance(self.outcome, Accepted)


class Full(PipelineError):
    """The producer holds as much as it may, and the record was not taken: put it again later, or slow down."""
