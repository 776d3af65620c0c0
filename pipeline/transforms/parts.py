"""What is done among the events that one record became: the same one only once, and not too many of a key.

It goes no further than the one record. Its events are acknowledged together, and when one of them can never be
delivered, the whole record is a dead letter: so an event can be dropped for its twin beside it, and nothing is lost.
For a twin in another record that does not hold: it may end as a dead letter, or come again in another batch. Those have
the id of their event, by which tables and readers of the archive take one of each.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.transforms.filter import key_of, window_of
from pipeline.transforms.flow import chain
from pipeline.transforms.path import MISSING, compiled
from pipeline.transforms.setting import check_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event
    from pipeline.ports import Transform

_MOST: Final = 10_000
_MOST_SECONDS: Final = 366 * 24 * 3600


def distinct(*steps: Transform, by: str) -> Transform:
    """Of what the steps make of an event, those with the same key are one: the first. One without the key stays.

    >>> after(distinct(split("/skus"), by="/skus"), {"skus": ["a", "b", "a"]})
    [{'skus': 'a'}, {'skus': 'b'}]
    """
    return _at_most(1, steps, by, None)


def limit(most: int, *steps: Transform, by: str, per_seconds: int) -> Transform:
    """Of what the steps make of an event, at most so many of a key for each window of their own time: the first.

    One without the key stays. Raises Rejection: time_invalid.

    >>> after(limit(2, split("/hits"), by="/host", per_seconds=60), {"host": "a", "hits": [1, 2, 3]})
    [{'host': 'a', 'hits': 1}, {'host': 'a', 'hits': 2}]
    """
    check_whole("most", most, least=1, most=_MOST)
    check_whole("per_seconds", per_seconds, least=1, most=_MOST_SECONDS)
    return _at_most(most, steps, by, per_seconds)


def _at_most(most: int, steps: Sequence[Transform], by: str, per_seconds: int | None) -> Transform:
    path, inner = compiled(by), chain(*steps)

    def transform(event: Event) -> Sequence[Event]:
        seen: Counter[bytes] = Counter()
        kept: list[Event] = []
        for each in inner(event):
            key = key_of(each, path)
            if key is MISSING:
                kept.append(each)
                continue
            window = 0 if per_seconds is None else window_of(each, per_seconds)
            name = orjson.dumps([key, window], option=orjson.OPT_SORT_KEYS)
            seen[name] += 1
            if seen[name] <= most:
                kept.append(each)
        return kept

    return transform
