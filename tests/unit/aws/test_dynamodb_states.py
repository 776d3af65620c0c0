from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.dynamodb import StateSink
from pipeline.core.encode import version_of
from pipeline.errors import Misconfiguration
from pipeline.model import Failure, State
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.countdown import Countdown
from pipeline.testing.deliveries import a_state, by_number
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.dynamodb_items import read_item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

THROTTLED = aws_error("ProvisionedThroughputExceededException")
OUTAGE = aws_error("InternalServerError", 500)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://dynamodb")
DENIED = aws_error("AccessDeniedException")
TOO_LARGE = "x" * 400 * 1024


def write(table: FakeDynamoDB, deliveries: Sequence[State], clock: Countdown | None = None) -> dict[int, Failure]:
    """The failures by sequence number."""
    clock, client = clock or Countdown(), cast("Any", table)
    return by_number(
        StateSink(client, "results", Backoff(draw=lambda: 1.0, sleep=clock.sleep)).write(deliveries, clock)
    )


def permanent(failures: Mapping[int, Failure]) -> dict[int, bool]:
    return {number: failure.permanent for number, failure in failures.items()}


def stored(table: FakeDynamoDB) -> set[str]:
    return {pk for pk, _ in table.items}


def test_compaction() -> None:
    """Of several states of an entity in a batch only the newest is written."""
    table = FakeDynamoDB()
    states = [a_state(1, "a", 1), a_state(2, "b", 1), a_state(3, "a", 3), a_state(4, "a", 2)]
    assert {} == write(table, states)
    assert ([["entity#a"], ["entity#b"]], read_item(states[2].item)) == (
        sorted(table.calls),
        table.items["entity#a", "state"],
    )


@pytest.mark.parametrize("batches", [[[1, 2]], [[1], [2]], [[1], [1, 2]]])
def test_two_of_one_version(batches: list[list[int]]) -> None:
    """Of two states with one version the first stays, whether or not they come in one batch."""
    table, states = FakeDynamoDB(), {1: a_state(1, "a", 7), 2: a_state(2, "a", 7, body="another")}
    for batch in batches:
        assert {} == write(table, [states[number] for number in batch])
    assert read_item(states[1].item) == table.items["entity#a", "state"]


CHANGES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 10**30), st.booleans()), min_size=1, max_size=12)


@given(CHANGES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_no_replay_moves_an_entity_back(changes: list[tuple[str, int, bool]], random: Any, replays: int) -> None:  # noqa: ANN401 - hypothesis' own
    """However often and in whatever order changes come again, the newest version stays; a tombstone is one too."""
    versions: dict[str, dict[int, State]] = {}
    for number, (entity, version, deleted) in enumerate(changes):
        versions.setdefault(entity, {})[version] = a_state(number, entity, version, deleted=deleted)
    states = [state for each in versions.values() for state in each.values()]
    table, newest = FakeDynamoDB(), dict[tuple[str, str], str]()
    deliveries = states + random.choices(states, k=len(states) * replays)
    random.shuffle(deliveries)
    while deliveries:
        size = random.randint(1, len(deliveries))
        batch, deliveries = deliveries[:size], deliveries[size:]
        assert {} == write(table, batch)
        for key, item in table.items.items():
            assert newest.get(key, "") <= item["version"]["S"]
            newest[key] = item["version"]["S"]
    expected = {f"entity#{entity}": read_item(each[max(each)].item) for entity, each in versions.items()}
    assert expected == {pk: item for (pk, _), item in table.items.items()}


def test_tombstone_is_not_undone() -> None:
    """A change that is older than the delete does not bring the entity back."""
    table = FakeDynamoDB()
    for state in (a_state(2, "a", 2, deleted=True), a_state(1, "a", 1)):
        assert {} == write(table, [state])
    assert {"BOOL": True} == table.items["entity#a", "state"]["deleted"]


@pytest.mark.parametrize(
    ("bodies", "failures", "version"),
    [
        (["x", "x", TOO_LARGE], {3: True}, 2),
        (["x", TOO_LARGE, TOO_LARGE], {2: True, 3: True}, 1),
        ([TOO_LARGE, "x", "x"], {}, 3),
        ([TOO_LARGE] * 3, {1: True, 2: True, 3: True}, None),
    ],
)
def test_refused_states(bodies: list[str], failures: dict[int, bool], version: int | None) -> None:
    """When DynamoDB refuses the newest state for ever, the newest that it takes is written."""
    table = FakeDynamoDB()
    states = [a_state(number, "a", number, body) for number, body in enumerate(bodies, start=1)]
    assert failures == permanent(write(table, states))
    item = table.items.get(("entity#a", "state"))
    assert (None if version is None else {"S": version_of(str(version))}) == (item and item["version"])


@pytest.mark.parametrize("error", [THROTTLED, OUTAGE, UNREACHABLE])
def test_states_that_succeed_later(error: Exception) -> None:
    """A throttled state is tried again while there is time."""
    table = FakeDynamoDB(errors=[error] * 3)
    assert {} == write(table, [a_state(1, "a", 1)])
    assert (4, 1) == (len(table.calls), len(table.items))


def test_states_that_do_not_succeed_in_time() -> None:
    """When the time is over, all that was compacted into the state is wanted again."""
    table = FakeDynamoDB(errors=[THROTTLED] * 99)
    failures = write(table, [a_state(1, "a", 1), a_state(2, "a", 2)], Countdown(3))
    assert {1: Failure(str(THROTTLED)), 2: Failure(str(THROTTLED))} == failures


def test_refused_and_then_throttled() -> None:
    """A state that is refused for ever stays so when the one before it has to wait, with its own reason."""
    table = FakeDynamoDB(errors=[None] + [THROTTLED] * 99)
    states = [a_state(1, "a", 1), a_state(2, "a", 2), a_state(3, "a", 3, TOO_LARGE)]
    failures = write(table, states, Countdown(3))
    refused = Failure("DynamoDB refuses the state: ValidationException", permanent=True)
    assert {1: Failure(str(THROTTLED)), 2: Failure(str(THROTTLED)), 3: refused} == failures


@pytest.mark.parametrize(("left", "written"), [(0.0, 8), (1.0, 8), (1.125, 16), (9.0, 20)])
def test_time_runs_out_for_states(left: float, written: int) -> None:
    """The first chunk is written whatever the time left; then nothing is started without any."""
    clock = Countdown(left)
    table = FakeDynamoDB(after_call=lambda: clock.spend(0.125))
    failures = write(table, [a_state(number, f"{number:02}", 1) for number in range(20)], clock)
    assert dict.fromkeys(range(written, 20), Failure("no time left")) == failures
    assert {f"entity#{number:02}" for number in range(written)} == stored(table)


def test_no_states() -> None:
    """Nothing to write makes no call."""
    table = FakeDynamoDB()
    assert ({}, []) == (write(table, []), table.calls)


@pytest.mark.parametrize("table", [FakeDynamoDB(errors=[DENIED]), FakeDynamoDB(table="another")])
def test_misconfiguration(table: FakeDynamoDB) -> None:
    """A table that is not there, or may not be written, is raised: no record is to blame."""
    with pytest.raises(Misconfiguration, match=r"AccessDeniedException|ResourceNotFoundException"):
        write(table, [a_state(1, "a", 1)])
