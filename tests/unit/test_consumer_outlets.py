"""What outlets are told, when, and of what they are never told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outlet import to_queue, to_topic
from pipeline.core.route import where
from pipeline.errors import Misconfiguration
from pipeline.model import Failure, Ledger, Reason, Stage
from pipeline.testing.bench import ACKNOWLEDGED, STAGES, Bench, logs, named, numbers
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event
from pipeline.transforms.predicate import equals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipeline.core.process import Stages
    from pipeline.ports import Destination

LATER = Failure("throttled")
NEVER = Failure("refused", permanent=True)


def telling(*destinations: Destination, is_alone: bool = False) -> Stages:
    """The stages of `process` whose logs also, or only, go to these."""
    route = STAGES.routes["log.v1"]
    others = () if is_alone else route.destinations
    route = dataclasses.replace(route, destinations=(*others, *destinations))
    return dataclasses.replace(STAGES, routes={**STAGES.routes, "log.v1": route})


BOTH = telling(to_topic("First"), to_queue("Second"))


def bench(
    *,
    items: Mapping[int, Failure] | None = None,
    first: Mapping[int, Failure] | None = None,
    unkept: Collection[int] = (),
) -> Bench:
    return Bench(BOTH, items=items or {}, outlets={"First": first or {}, "Second": {}}, unkept=unkept)


def test_order_of_the_writes() -> None:
    """Outlets are told after the tables, one after the other, before dead letters and archive."""
    one = bench()
    assert ACKNOWLEDGED == one.consume(kinesis_event(log_event("1"), b"{", log_event("3"), first=1))
    assert ["items", "states", "First", "Second", "dead letter", "archive", "ledger"] == [
        what for what, _ in one.actions.taken
    ]
    assert [["1", "3"]] * 2 == one.actions.named("First") + one.actions.named("Second")


@pytest.mark.parametrize(("items", "told"), [({3: LATER}, ["1", "2"]), ({3: NEVER}, ["1", "2", "4", "5"])])
def test_only_what_is_in_place_is_told(items: dict[int, Failure], told: list[str]) -> None:
    """Nothing is told of what comes again, or is a dead letter."""
    one = bench(items=items)
    one.consume(logs(5))
    assert [told] * 2 == one.actions.named("First") + one.actions.named("Second")


@pytest.mark.parametrize("packed", [1, 2])
def test_an_aggregate_that_comes_again(packed: int) -> None:
    """Nothing is told of any user record of it."""
    one = bench(items={2: LATER})
    events = [log_event(f"e-{number}") for number in range(3)]
    assert named(2) == one.consume(kinesis_event(events[0], aggregate(*events[1 : 1 + packed]), first=1))
    assert [["1"]] * 2 == one.actions.named("First") + one.actions.named("Second")


def test_an_outlet_fails() -> None:
    """The record comes again, and all after it; the next outlet is told of none of them, and none is archived."""
    one = bench(first={3: LATER})
    assert named(3) == one.consume(logs(5))
    assert [["1", "2"]] * 2 == one.actions.named("Second") + one.actions.named("archive")
    assert Ledger(5, delivered=2, retried=3) == one.ledger()


def test_an_outlet_refuses() -> None:
    """The record is a dead letter, the next outlet is not told of it, and the batch goes on."""
    one = bench(first={3: NEVER})
    assert ACKNOWLEDGED == one.consume(logs(5))
    assert [numbers(1, 5, but=[3])] * 2 == one.actions.named("Second") + one.actions.named("archive")
    (letter,) = one.dead_letters.kept
    assert (Reason.REFUSED_BY_SINK, Stage.WRITE, "refused") == (letter.reason, letter.stage, letter.detail)
    assert Ledger(5, delivered=4, dead_lettered=1, reasons={Reason.REFUSED_BY_SINK: 1}) == one.ledger()


_SETS = st.sets(st.integers(1, 6))


@given(items=_SETS, refused=_SETS, first=_SETS, never=_SETS, poison=_SETS, unkept=_SETS)
def test_whatever_fails(
    items: set[int], refused: set[int], first: set[int], never: set[int], poison: set[int], unkept: set[int]
) -> None:
    """What was acknowledged is told or a dead letter; what was a dead letter before is told nowhere."""
    one = bench(
        items=dict.fromkeys(items, LATER) | dict.fromkeys(refused, NEVER),
        first=dict.fromkeys(first, LATER) | dict.fromkeys(never, NEVER),
        unkept=unkept,
    )
    batch = kinesis_event(*(b"{" if n in poison else log_event(f"e-{n}") for n in range(1, 7)), first=1)
    answer = one.consume(batch)["batchItemFailures"]
    end = int(answer[0]["itemIdentifier"]) if answer else 7
    told = [{int(each) for call in one.actions.named(name) for each in as_list(call)} for name in ("First", "Second")]
    dead = {int(number) for number, _ in one.kept()}

    assert set(range(1, end)) <= told[1] | dead
    assert told[1] <= told[0]
    assert told[0].isdisjoint(refused | poison)
    assert told[1].isdisjoint(dead)


def as_list(value: object) -> list[str]:
    assert isinstance(value, list)
    return value


def test_a_condition() -> None:
    """Only what it holds for is told; what goes nowhere else is dropped."""
    stages = telling(where(equals("/body", "a"), to_topic("First")), is_alone=True)
    one = Bench(stages, outlets={"First": {}})
    assert ACKNOWLEDGED == one.consume(kinesis_event(log_event("1", body="a"), log_event("2", body="b"), first=1))
    assert ([["1"]], Ledger(2, delivered=1, dropped=1)) == (one.actions.named("First"), one.ledger())


def test_an_outlet_that_is_not_there() -> None:
    """An outlet that the consumer was not given is a misconfiguration, before anything is written."""
    one = Bench(BOTH, outlets={"Second": {}})
    with pytest.raises(Misconfiguration, match="no sink for First; give the consumer one, or change a route"):
        one.consume(logs(1))
    assert [] == one.actions.taken
