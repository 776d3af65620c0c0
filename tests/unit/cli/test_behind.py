"""How far behind a reader is, and where it can go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from pipeline.cli.behind import Behind

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

START = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def written(*seconds: float) -> list[RecordTypeDef]:
    """Records that were written so long after the start; before it where negative."""
    batch: list[Any] = [
        {"dynamodb": {"ApproximateCreationDateTime": START + timedelta(seconds=each)}} for each in seconds
    ]
    return cast("list[RecordTypeDef]", batch)


def watch(*polls: tuple[float, list[RecordTypeDef]], since: float | None = None) -> tuple[list[str], str]:
    """What is told of batches that come so many seconds after the start, and how to go on after them."""
    told: list[str] = []
    seconds = 0.0
    begins = None if since is None else START + timedelta(seconds=since)
    behind = Behind(told.append, begins, lambda: START + timedelta(seconds=seconds))
    watched = behind.watch(batch for _, batch in polls)
    for seconds, batch in polls:  # noqa: B007 - the clock reads it
        assert batch is next(watched)
    next(watched, None)
    return told, behind.go_on


def test_in_time() -> None:
    """Nothing is told of what is read soon, or of what is old and is read at once."""
    assert [] == watch((1, written(0)), (2, []), (60, written(50)))[0]
    assert [] == watch((1, written(-3600, -3000)), (2, written(-60)), (3, []), since=-3600)[0]


def test_behind() -> None:
    """Now and then, while there is more; and that it is over."""
    polls = [(float(second), written(-600 + 20 * second)) for second in range(1, 26)]
    told, _ = watch(*polls, (26, []), (27, []), since=-600)
    assert ["430 seconds behind", "240 seconds behind", "no longer behind"] == told


def test_where_to_go_on() -> None:
    """Where all shards had been read to their ends: another one may be behind what was read last."""
    assert "--since 2026-11-23T18:00:00Z goes on here" == watch()[1]
    assert "--since 2026-11-23T17:00:00Z goes on here" == watch((1, written(0)), since=-3600)[1]
    told = watch((1, written(0.5)), (2, written(-20)), (3, []), (4, written(3)), since=-3600)[1]
    assert "--since 2026-11-23T18:00:00Z goes on here" == told
    assert "--since 2026-11-23T18:00:03Z goes on here" == watch((4, written(3)), (5, []))[1]
