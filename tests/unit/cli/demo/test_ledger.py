from __future__ import annotations

from typing import Any

import pytest

from pipeline.cli.demo.ledger import Handed, Place, Produced, Seen, rows

BAD = Place("stream", "7")
PRODUCED = Produced(
    [
        Handed("producer", good=frozenset({"a", "b", "c"}), drops=1),
        Handed("table", good=frozenset({("o1", "c")})),
        Handed("queue", good=frozenset({"q"}), bad={BAD: "not_json"}),
    ]
)
CHANGE: dict[str, Any] = {"id": "x", "type": "change.v1", "data": {"op": "c", "key": {"order_id": "o1"}}}


def log(event_id: str) -> dict[str, Any]:
    return {"id": event_id, "type": "log.v1", "data": {"body": "x"}}


def whole() -> Seen:
    """What is seen when nothing went wrong: three logs and the change delivered, one log dropped, one dead letter."""
    seen = Seen(dropped=1, dead={BAD: {"reason": "not_json"}})
    for event in (log("a"), log("b"), log("q"), CHANGE):
        seen.note_stored(event, PRODUCED)
        seen.note_archived(event, PRODUCED)
    return seen


def test_a_ledger_with_everything_in_its_place_adds_up() -> None:
    """Every row adds up, and the total does."""
    seen = whole()
    ledger = rows(PRODUCED, seen)

    assert seen.has_all(PRODUCED)
    assert ["producer", "table", "queue", "total"] == [row.name for row in ledger]
    assert [True] * 4 == [row.adds_up for row in ledger]
    assert (6, 4, 4, 1, 1) == (
        ledger[-1].produced,
        ledger[-1].in_dynamodb,
        ledger[-1].in_archive,
        ledger[-1].dropped,
        ledger[-1].dead_lettered,
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda seen: seen.stored.discard("a"),
        lambda seen: seen.archived.remove("a"),
        lambda seen: seen.note_archived(log("a"), PRODUCED),
        lambda seen: seen.stored.discard(("o1", "c")),
        lambda seen: seen.archived.remove(("o1", "c")),
        lambda seen: setattr(seen, "dropped", 0),
        lambda seen: setattr(seen, "dropped", 2),
        lambda seen: seen.dead.clear(),
        lambda seen: seen.dead.update({BAD: {"reason": "bug"}}),
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

    assert not seen.note_stored(log("z"), PRODUCED)
    assert not seen.note_archived(log("z"), PRODUCED)
    assert not seen.note_stored({**CHANGE, "data": {"op": "u", "key": {"order_id": "o1"}}}, PRODUCED)
    assert not seen.note_stored({"id": "x", "type": "change.v1", "dataref": "s3://claims/x"}, PRODUCED)
    assert all(row.adds_up for row in rows(PRODUCED, seen))


@pytest.mark.parametrize(
    "spoil", [lambda seen: seen.stored.discard("q"), lambda seen: seen.dead.clear()], ids=["event", "dead letter"]
)
def test_the_demo_waits_for_all_that_is_to_come(spoil: Any) -> None:  # noqa: ANN401 - a lambda
    """While an event or a dead letter is missing, not all is there."""
    seen = whole()
    spoil(seen)

    assert not seen.has_all(PRODUCED)
