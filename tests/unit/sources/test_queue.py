from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import Misconfiguration
from pipeline.sources.queue import QueueBatches
from pipeline.testing.arrivals import bus_event, fifo_event, message_id, sns_event, sqs_event, sqs_record
from pipeline.testing.ports import FakePostponer
from tests.unit.sources.door import BAD, KEPT, LATER, PUT, Door

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import LambdaRecord

GOOD = ["a", "b", "c", "d"]


def received(text: str, number: int, times: int) -> LambdaRecord:
    """A message that came so often."""
    record = sqs_record(text, number)
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(times)}}


def answer(door: Door, batch: Mapping[str, Any]) -> list[int]:
    """The numbers that are to come again."""
    failures = QueueBatches(door.intake(), FakePostponer()).answer(batch, lambda: 30.0)["batchItemFailures"]
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


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (sqs_event(*GOOD), {"1": 2}),
        (fifo_event(*GOOD), {"1": 2, "2": 2, "3": 2}),
        ({"Records": [sqs_record("a"), received("b", 1, 5)]}, {"1": 32}),
        ({"Records": [sqs_record("a"), received("b", 1, 9)]}, None),
        (sqs_event("a"), None),
    ],
    ids=["standard", "fifo", "fifth time", "ninth time", "all done"],
)
def test_what_comes_again_comes_soon(batch: Mapping[str, Any], expected: Mapping[str, int] | None) -> None:
    """What is named is hidden for seconds only, and longer the more often it came; in the end the queue's own time."""
    postponer = FakePostponer()
    QueueBatches(Door({1: LATER}).intake(), postponer, lambda: 1.0).answer(batch, lambda: 30.0)

    arn = batch["Records"][0]["eventSourceARN"]
    told = [(queue, {name.rpartition("-")[2]: each for name, each in found.items()}) for queue, found in postponer.told]
    assert [(arn, expected)] * (expected is not None) == told


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
