from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import Misconfiguration
from pipeline.sources.queue import QueueBatches
from pipeline.testing.arrivals import bus_event, fifo_event, message_id, sns_event, sqs_event, sqs_record
from tests.unit.sources.door import BAD, KEPT, LATER, PUT, Door

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOD = ["a", "b", "c", "d"]


def answer(door: Door, batch: Mapping[str, Any]) -> list[int]:
    """The numbers that are to come again."""
    failures = QueueBatches(door.intake()).answer(batch, lambda: 30.0)["batchItemFailures"]
    names = [message_id(number) for number in range(10)]
    return [names.index(each["itemIdentifier"]) for each in failures]


@pytest.mark.parametrize("place", range(4))
def test_one_failure(place: int) -> None:
    """A standard queue has back the one that failed; a FIFO queue has back it and all after it, of every group."""
    assert [place] == answer(Door({place: LATER}), sqs_event(*GOOD))
    for groups in (1, 2, 4):
        door = Door({place: LATER})
        assert [*range(place, 4)] == answer(door, fifo_event(*GOOD, groups=groups))
        assert [(PUT, [number]) for number in range(place)] == door.done()


@pytest.mark.parametrize("place", range(4))
def test_an_unkept_dead_letter(place: int) -> None:
    """What could not be kept is not acknowledged."""
    texts = [BAD if number == place else text for number, text in enumerate(GOOD)]
    assert [place] == answer(Door(unkept=[place]), sqs_event(*texts))
    assert [*range(place, 4)] == answer(Door(unkept=[place]), fifo_event(*texts))


@pytest.mark.parametrize("batch", [sqs_event, fifo_event])
def test_all_done(batch: Any) -> None:  # noqa: ANN401 - two builders
    """An empty list acknowledges the batch; dead letters are done as well."""
    door = Door()
    assert [] == answer(door, batch("a", BAD))
    assert [(PUT, [0]), (KEPT, [1])] == door.done()


def test_a_message_twice() -> None:
    """Two copies in a batch that failed are both named."""
    assert [1, 1] == answer(Door({1: LATER}), {"Records": [sqs_record("a", n) for n in (0, 1, 1)]})


@pytest.mark.parametrize("event", [sns_event("x"), bus_event({}), {"Records": [{"eventSource": "aws:s3"}]}])
def test_no_batch_of_a_queue(event: Mapping[str, Any]) -> None:
    """What is none is raised: an answer would acknowledge it."""
    with pytest.raises(Misconfiguration, match="no batch of SQS messages"):
        answer(Door(), event)


@pytest.mark.parametrize("event", [{}, {"Records": []}])
def test_no_batch(event: Mapping[str, Any]) -> None:
    """So is what Lambda never sends."""
    with pytest.raises(Misconfiguration, match="no source that is known"):
        answer(Door(), event)
