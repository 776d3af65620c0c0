"""When a message of a queue comes again that could not be put: soon at first, in the end after the queue's own time.

    received  1        2        3        …  8            9 times, or more
    hidden    1 … 2 s  2 … 4 s  4 … 8 s     128 … 256 s  400 s, as the queue has it

A half of each span is random, so that what failed together does not come back together. The messages of a FIFO group
come back together: one that is still hidden holds those after it back, so that their order stays (SQS developer guide,
"FIFO queue and Lambda concurrency behavior"; AWS re:Post, "sqs-fifo-messages-not-returned").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Record

# What the queues hide a message for: six timeouts of the function and the window of its mapping, as Lambda wants it.
HIDDEN_SECONDS: Final = 400


def hidden_seconds(receives: int, draw: float) -> int | None:
    """How long a message is hidden that was received so often; None: as long as its queue has it.

    >>> [hidden_seconds(receives, 1.0) for receives in (1, 2, 8, 9, 108)]
    [2, 4, 256, None, None]
    """
    most = 1 << min(receives, HIDDEN_SECONDS.bit_length())
    return None if most > HIDDEN_SECONDS else max(1, round(most * (1 + draw) / 2))


def soon_again(undone: Sequence[Record], draw: Callable[[], float]) -> dict[str, int]:
    """In how many seconds messages are to come again, by receipt handle; `draw` gives 0 to 1.

    It has none of those that wait for the queue's own time, as a message does that does not say how often it came.
    """
    receives: dict[str, int] = {}
    for each in undone:
        receives[_group(each)] = max(receives.get(_group(each), 0), _receives(each))
    after = {group: hidden_seconds(count, draw()) for group, count in receives.items()}
    found = ((each.original["receiptHandle"], after[_group(each)]) for each in undone)
    return {handle: seconds for handle, seconds in found if seconds is not None}


def _group(record: Record) -> str:
    """A FIFO group, or the message itself."""
    return record.partition_key or record.position.sequence_number


def _receives(record: Record) -> int:
    count = str(record.original["attributes"].get("ApproximateReceiveCount"))
    return int(count) if count.isascii() and count.isdecimal() else HIDDEN_SECONDS
