"""What an answer of the function means for its batch.

    success                 "", [], None, {}, and `batchItemFailures` empty or null                 recorded on AWS
    failed from a record    the lowest sequence number that is named                                documented
    failed as a whole       an identifier that is empty, null or missing, or, in a batch of one,    recorded on AWS
                            not of the batch

The rest is not proven; see `Unproven`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.testing.mapping.settings import EventSourceMapping
    from pipeline.testing.mapping.stream import StreamRecord

WHOLE_BATCH = -1


def first_failure(answer: Any, records: Sequence[StreamRecord], mapping: EventSourceMapping) -> int | None:  # noqa: ANN401 - a function may return anything
    """The place of the first record that failed, `WHOLE_BATCH`, or None for success."""
    if not mapping.reports_item_failures or not answer:
        return None
    if not isinstance(answer, dict) or "batchItemFailures" not in answer:
        return WHOLE_BATCH if mapping.unproven.wrong_key_fails else None
    places = []
    for failure in answer["batchItemFailures"] or ():
        place = _place(failure, records)
        if place is not None:
            places.append(place)
        elif not _is_foreign(failure) or len(records) == 1 or mapping.unproven.foreign_identifier_fails:
            return WHOLE_BATCH
    return min(places, default=None)


def _place(failure: Any, records: Sequence[StreamRecord]) -> int | None:  # noqa: ANN401 - the same
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    numbers = (str(record.sequence_number) for record in records)
    return next((place for place, number in enumerate(numbers) if number == identifier), None)


def _is_foreign(failure: Any) -> bool:  # noqa: ANN401 - the same
    return isinstance(failure, dict) and bool(failure.get("itemIdentifier"))
