"""What event source mappings did on AWS in November 2025: a table of facts.

Each row is a run: what the function answered, and what was seen of it. Records are numbered from 1 in the order in
which they were put; batches are the runs of numbers that the function saw. Values that AWS makes up (ids, times) are
left out. `bad` are the records that the function names or raises for; with `answer` it gives that answer instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.mapping import EXHAUSTED, FOREVER, TOO_OLD, EventSourceMapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING: Final = object()


@dataclass(frozen=True)
class Recorded:
    """One run.

    Args:
        puts: how many records each PutRecords had; `older` of them were put so many seconds before the mapping.
        bad: the records whose batch fails: named in the answer, or raised for.
        answer: what the function answers whatever it gets.
        raises: whether it raises for bad records rather than naming them.
        seen: the batches that it saw.
        given_up: first and last record, condition, approximateInvokeCount and functionError of what was given up.
    """

    name: str
    settings: Mapping[str, Any]
    seen: Sequence[Sequence[int]]
    puts: Sequence[int] = (1,)
    older: Mapping[int, float] = field(default_factory=dict)
    bad: frozenset[int] = frozenset()
    answer: Any = NOTHING
    raises: bool = False
    given_up: Sequence[tuple[int, int, str, int, str | None]] = ()

    def mapping(self) -> EventSourceMapping:
        """Its settings."""
        return EventSourceMapping(**self.settings)


_ONE: Final = {"batch_size": 1, "window_seconds": 1}
_ONE_TWICE_AGAIN: Final = {**_ONE, "maximum_retry_attempts": 2}
_ONCE_AGAIN: Final = {**_ONE, "maximum_retry_attempts": 1, "reports_item_failures": False}
_UNHANDLED: Final = (1, 1, EXHAUSTED, 2, "Unhandled")
_THRICE_IN_VAIN: Final = (1, 1, EXHAUSTED, 3, None)
_A_MINUTE: Final = {"window_seconds": 1, "maximum_record_age_seconds": 60, "reports_item_failures": False}


def _acknowledges(name: str, answer: object) -> Recorded:
    return Recorded(f"{name} is success", _ONE_TWICE_AGAIN, [[1]], answer=answer)


def _fails(name: str, failure: object) -> Recorded:
    answer = {"batchItemFailures": [failure]}
    settings = {**_ONE_TWICE_AGAIN, "destination": "sqs"}
    return Recorded(f"{name} fails the batch", settings, [[1]] * 3, answer=answer, given_up=[_THRICE_IN_VAIN])


RECORDED: Final = (
    Recorded(
        "batches of ten from the horizon",
        {"batch_size": 10, "reports_item_failures": False},
        [[*range(1, 11)], [*range(11, 21)], [*range(21, 31)]],
        puts=(10, 10, 10),
    ),
    Recorded(
        "an exception, SQS",
        {**_ONCE_AGAIN, "destination": "sqs"},
        [[1]] * 2,
        bad=frozenset({1}),
        raises=True,
        given_up=[_UNHANDLED],
    ),
    Recorded(
        "an exception, S3",
        {**_ONCE_AGAIN, "destination": "s3"},
        [[1]] * 2,
        bad=frozenset({1}),
        raises=True,
        given_up=[_UNHANDLED],
    ),
    Recorded(
        "the last of a batch is named",
        {"batch_size": 3, "window_seconds": 1, "maximum_retry_attempts": 3, "destination": "sqs"},
        [[1, 2, 3], [4, 5, 6], [6], [6], [6], [6]],
        puts=(6,),
        bad=frozenset({6}),
        given_up=[(6, 6, EXHAUSTED, 4, None)],
    ),
    _acknowledges("an empty string", ""),
    _acknowledges("an empty list", []),
    _acknowledges("null", None),
    _acknowledges("an empty object", {}),
    _acknowledges("an empty list of failures", {"batchItemFailures": []}),
    _acknowledges("null for the failures", {"batchItemFailures": None}),
    _fails("an identifier that is not in the batch", {"itemIdentifier": 123}),
    _fails("an empty identifier", {"itemIdentifier": ""}),
    _fails("null for an identifier", {"itemIdentifier": None}),
    _fails("a failure under another key", {"foo": 123}),
    _fails("a failure under another key, null", {"foo": None}),
    Recorded(
        "an exception with reported failures",
        {**_ONE_TWICE_AGAIN, "destination": "sqs"},
        [[1]] * 3,
        bad=frozenset({1}),
        raises=True,
        given_up=[(1, 1, EXHAUSTED, 3, "Unhandled")],
    ),
    Recorded(
        "too old while it is retried",
        {**_A_MINUTE, "batch_size": 1, "maximum_retry_attempts": FOREVER, "destination": "sqs"},
        [[1]] * 8,
        bad=frozenset({1}),
        raises=True,
        given_up=[(1, 1, TOO_OLD, 8, None)],
    ),
    Recorded(
        "too old before it is read",
        {**_A_MINUTE, "batch_size": 1, "maximum_retry_attempts": 0, "destination": "sqs"},
        [],
        older={1: 61},
        given_up=[(1, 1, TOO_OLD, 1, None)],
    ),
    Recorded(
        "the first of a batch is too old",
        {**_A_MINUTE, "batch_size": 10, "maximum_retry_attempts": 0, "destination": "sqs"},
        [[2, 3, 4, 5, 6]],
        puts=(1, 5),
        older={1: 61},
        given_up=[(1, 1, TOO_OLD, 1, None)],
    ),
)
