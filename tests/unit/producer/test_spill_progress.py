"""How far a spill is done while its records are sent in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from pipeline.producer.spill.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

numbers = st.lists(st.integers(1, 50), unique=True, max_size=12).map(sorted)
orders = numbers.flatmap(lambda taken: st.tuples(st.just(taken), st.permutations(taken)))


@given(orders)
def test_upto(taken_and_sent: tuple[Sequence[int], Sequence[int]]) -> None:
    """In whatever order records are sent, all up to the number told are, and the next one is not."""
    taken, order = taken_and_sent
    progress = Progress()
    for number in taken:
        progress.taken(number)
    for count, number in enumerate(order, 1):
        progress.sent(number)
        sent = set(order[:count])
        missing = [each for each in taken if each not in sent]
        before = [each for each in taken if not missing or each < missing[0]]
        assert (before[-1] if before else 0) == progress.upto
        assert bool(missing) == bool(progress)
