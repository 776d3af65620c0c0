"""The producer under random failures, and that the check would notice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pipeline.model import Accepted, Refused
from pipeline.testing.kinesis import FakeStream
from tests.simulation.producing import problems_of, run_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Entry


class Losing(FakeStream):
    """Says that all is accepted, and keeps only what came last."""

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        super().put(entries)
        del self.records[:-1]
        return [Accepted("s", "1")] * len(entries)


class Reordering(FakeStream):
    """Puts whatever is new before all else."""

    def _accept(self, entries: Sequence[Entry], refused: frozenset[int]) -> dict[int, str]:
        found = super()._accept(entries, refused)
        self.records.sort(key=lambda entry: entry.data, reverse=True)
        return found


def test_the_producer_keeps_its_promise() -> None:
    """For some hundred patterns, in which everything that can go wrong does."""
    bad, met = run_block(1, 300)

    assert [] == bad
    assert {"refused", "failed", "answer lost", "spilled"} == met.keys()


@pytest.mark.parametrize("stream", [Losing, Reordering])
def test_a_broken_stream_is_noticed(stream: type[FakeStream]) -> None:
    """The check is not blind."""
    problems = Counter(problem for seed in range(20) for problem in problems_of(seed, stream)[0])

    assert any("not what was put, in that order" in problem for problem in problems)
