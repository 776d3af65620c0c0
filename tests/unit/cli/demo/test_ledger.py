from __future__ import annotations

from typing import Any

import pytest

from pipeline.cli.demo.ledger import Produced, Seen, rows

PRODUCED = Produced(logs=frozenset({"a", "b", "c"}), changes=frozenset({("o1", "c")}), bad={"7": "not_json"})
CHANGE: dict[str, Any] = {"id": "x", "type": "change.v1", "data": {"op": "c", "key": {"order_id": "o1"}}}


def log(event_id: str) -> dict[str, Any]:
    return {"id": event_id, "type": "log.v1", "data": {"body": "x"}}


def whole() -> Seen:
    """What is seen when nothing went wrong: two logs and the change delivered, one log dropped, one dead letter."""
    seen = Seen(dropped=1, dead={"7": {"reason": "not_json"}})
    for event in (log("a"), log("b"), CHANGE):
        seen.stored(event, PRODUCED)
        seen.archived(event, PRODUCED)
    return seen


def test_a_ledger_with_everything_in_its_place_adds_up() -> None:
    """Every row adds up, and the total does."""
    ledger = rows(PRODUCED, whole())

    assert [True] * 4 == [row.adds_up for row in ledger]
    assert (5, 3, 3, 1, 1) == (
        ledger[-1].produced,
        ledger[-1].in_dynamodb,
        ledger[-1].in_archive,
        ledger[-1].dropped,
        ledger[-1].dead_lettered,
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda seen: seen.logs.discard("a"),
        lambda seen: seen.archived_logs.remove("a"),
        lambda seen: seen.archived(log("a"), PRODUCED),
        lambda seen: seen.changes.clear(),
        lambda seen: seen.archived_changes.clear(),
        lambda seen: setattr(seen, "dropped", 0),
        lambda seen: setattr(seen, "dropped", 2),
        lambda seen: seen.dead.clear(),
        lambda seen: seen.dead.update({"7": {"reason": "bug"}}),
    ],
    ids=[
        "lost",
        "not archived",
        "archived twice",
        "change lost",
        "change not archived",
        "drop not counted",
        "drop counted twice",
        "bad record lost",
        "wrong reason",
    ],
)
def test_whatever_is_lost_or_doubled_shows(spoil: Any) -> None:  # noqa: ANN401 - a lambda
    """A record that is missing, or there once too often, keeps the ledger from adding up."""
    seen = whole()
    spoil(seen)

    ledger = rows(PRODUCED, seen)

    assert not all(row.adds_up for row in ledger)


def test_events_of_others_are_not_counted() -> None:
    """What another producer sent is no part of the demo's ledger."""
    seen = whole()

    assert not seen.stored(log("z"), PRODUCED)
    assert not seen.archived(log("z"), PRODUCED)
    assert not seen.stored({**CHANGE, "data": {"op": "u", "key": {"order_id": "o1"}}}, PRODUCED)
    assert all(row.adds_up for row in rows(PRODUCED, seen))
