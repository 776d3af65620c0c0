"""A list of entries, of which some share records of the stream: few calls also where all are of one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.producer.ordered import put_in_order
from pipeline.producer.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ports import RecordStream, Remaining
    from pipeline.producer.ordered import Pace
    from pipeline.producer.outcome import Outcome


class Part(NamedTuple):
    """What is to be put.

    Args:
        partition_key: what it goes under, alone or in company; order is kept within it.
        data: at most the stream's record limit together with the partition key.
        user_key: its own key in an aggregate, in UTF-8; empty for what travels by itself.
    """

    partition_key: str
    data: bytes
    user_key: bytes = b""


def put_together(
    stream: RecordStream, parts: Sequence[Part], remaining: Remaining, pace: Pace | None = None
) -> list[Outcome]:
    """Put all and give one outcome for each, in the order of the parts: that of the record that it travels in.

    What is in an aggregate that was not accepted was not accepted. Else see `put_in_order`. Raises Misconfiguration.
    """
    outbox: Outbox[int] = Outbox(buckets=1, linger_seconds=0.0)
    for place, (name, data, user_key) in enumerate(parts):
        if user_key:
            outbox.put_aggregated(place, user_key, name, data, 0.0)
        else:
            outbox.put(place, name, data, 0.0)
    slots = outbox.drain()
    outcomes: dict[int, Outcome] = {}
    for slot, outcome in zip(slots, put_in_order(stream, [slot.entry for slot in slots], remaining, pace), strict=True):
        outcomes.update(dict.fromkeys(slot.tag, outcome))
    return [outcomes[place] for place in range(len(parts))]
