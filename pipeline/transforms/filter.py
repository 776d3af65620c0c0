"""Events that are dropped on purpose; the ledger counts every one.

Whether an event is dropped is told from the event alone: a record that is delivered again, alone or in another batch,
has the same outcome. So there is no limit of how many a stream lets through, which would have to be counted over
invocations, and no look at the other records of a batch: one that is dropped for its twin would be lost when the twin
becomes a dead letter. `sample` thins a stream by key and time instead, and `parts` looks at what one record became.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.transforms.path import MISSING, compiled
from pipeline.transforms.setting import check_callable, check_whole, wrong
from pipeline.transforms.timestamps import utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Missing, Path
    from pipeline.transforms.predicate import Predicate

_HASH_BYTES: Final = 8
_MOST_SECONDS: Final = 366 * 24 * 3600
_MAX_SALT_BYTES: Final = 16


def drop_below(severity_number: int) -> Transform:
    """Drop logs of a lower severity; a log without a number stays.

    `drop_below(5)` drops TRACE.

    >>> after(drop_below(5), {"severity_number": 1})
    []
    """

    def drop(event: Event) -> Sequence[Event]:
        number = event.data.get("severity_number")
        return () if isinstance(number, int) and number < severity_number else (event,)

    return drop


def keep_if(predicate: Predicate) -> Transform:
    """Drop the events of which the predicate is not true.

    >>> after(keep_if(equals("/level", "error")), {"level": "info"})
    []
    """
    check_callable("predicate", predicate)
    return lambda event: (event,) if predicate(event) else ()


def drop_if(predicate: Predicate) -> Transform:
    """Drop the events of which the predicate is true.

    >>> after(drop_if(equals("/level", "debug")), {"level": "info"})
    [{'level': 'info'}]
    """
    check_callable("predicate", predicate)
    return lambda event: () if predicate(event) else (event,)


def sample(share: float, by: str | None = None, *, window_seconds: int | None = None, salt: str = "") -> Transform:
    """Keep a share of the events, 0 to 1: those of the same key together, by default each for itself, by its id.

    With a window, a key is drawn anew for each window of the event's own time, so that none is left out for ever. Two
    samples in a row draw the same, unless they have another `salt`. An event without the key stays.

    Raises Rejection: time_invalid, where a window is set and the event has no time.

    >>> after(sample(0.0, by="/trace_id"), {"trace_id": "abc"}), after(sample(0.0, by="/trace_id"), {"body": "x"})
    ([], [{'body': 'x'}])
    """
    if type(share) not in {int, float} or not 0 <= share <= 1:
        raise wrong(f"share is {share!r}; set it to a number from 0 to 1")
    if len(salt.encode()) > _MAX_SALT_BYTES:
        raise wrong(f"salt is {salt!r}; set it to at most {_MAX_SALT_BYTES} bytes")
    if window_seconds is not None:
        check_whole("window_seconds", window_seconds, least=1, most=_MOST_SECONDS)
    path = None if by is None else compiled(by)
    limit, person = int(share * 2 ** (8 * _HASH_BYTES)), salt.encode()

    def transform(event: Event) -> Sequence[Event]:
        key = key_of(event, path)
        if key is MISSING:
            return (event,)
        window = 0 if window_seconds is None else window_of(event, window_seconds)
        drawn = blake2b(orjson.dumps([key, window]), digest_size=_HASH_BYTES, person=person).digest()
        return (event,) if int.from_bytes(drawn) < limit else ()

    return transform


def key_of(event: Event, path: Path | None) -> Json | Missing:
    """What an event is told apart by: the value there, or its id."""
    return event.id if path is None else path.get(event.data)


def window_of(event: Event, seconds: int) -> int:
    """The number of the window in which the event's own time lies. Raises Rejection: time_invalid."""
    return int(datetime.fromisoformat(utc(event.time)).timestamp()) // seconds
