"""The whole way of a record, deployed: Kinesis and source tables → process → DynamoDB, S3 and dead letters."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.aws import s3
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.results import Results
from pipeline.core.change import key_text
from pipeline.core.claim import leave
from pipeline.model import Accepted, Entry, Position
from pipeline.producer import put_in_order
from pipeline.testing.lambda_events import log_event
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.aws.clients import Clients
    from pipeline.model import Image

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Deployed:
    """The deployed stack, with what the tests do to it."""

    clients: Clients
    outputs: Mapping[str, str]

    @property
    def results(self) -> Results:
        return Results(self.clients.dynamodb, self.outputs["ResultsTableName"])

    def put(self, records: Sequence[tuple[str, bytes]]) -> list[Accepted]:
        """Put (key, data) onto the stream; all are accepted."""
        stream = KinesisStream(self.clients.kinesis, self.outputs["StreamName"])
        entries = [Entry(Position("test", "", str(n)), key, data) for n, (key, data) in enumerate(records)]
        accepted = [each for each in put_in_order(stream, entries, lambda: 30.0) if isinstance(each, Accepted)]
        assert len(records) == len(accepted)
        return accepted

    def put_events(self, events: Sequence[dict[str, Any]]) -> list[Accepted]:
        return self.put([(str(event["id"]), orjson.dumps(event)) for event in events])

    def dead_letters(self) -> dict[str, dict[str, Any]]:
        """Every dead letter, by sequence number."""
        kept = s3.dead_letters(self.clients.s3, self.outputs["DeadLetterBucketName"])
        return {letter["position"]["sequence_number"]: letter for _, letter in kept}

    def archived(self, ids: set[str]) -> list[dict[str, Any]]:
        """The archive's lines of these events."""
        objects = s3.archived(self.clients.s3, self.outputs["ArchiveBucketName"])
        return [line for _, _, lines in objects for line in lines if line["id"] in ids]


@pytest.fixture(scope="session")
def deployed(localstack: Clients, stack: Mapping[str, str]) -> Deployed:
    return Deployed(localstack, stack)


def fresh(count: int, **data: object) -> list[dict[str, Any]]:
    """Events that no other test has."""
    run = uuid.uuid4().hex
    return [log_event(f"{run}-{n}", key=f"host-{run}", **data) for n in range(count)]


def test_good_records_are_delivered_and_bad_ones_hold_nothing_back(deployed: Deployed) -> None:
    """Between good records, each kind of bad record ends as a dead letter with its reason and its original bytes."""
    good = fresh(120)
    unknown = {**log_event(uuid.uuid4().hex), "type": "log.v99"}
    bad = {
        "not_json": b"{not json",
        "not_utf8": b'{"id": "\xff"}',
        "not_an_event": b"[1, 2]",
        "unknown_type": orjson.dumps(unknown),
        "schema_invalid": orjson.dumps(log_event(uuid.uuid4().hex, severity_number=99)),
        "time_invalid": orjson.dumps({**log_event(uuid.uuid4().hex), "time": "yesterday"}),
        "number_out_of_range": orjson.dumps(log_event(uuid.uuid4().hex, attributes={"n": 1e300})),
    }
    halves = [(str(each["id"]), orjson.dumps(each)) for each in good]
    accepted = deployed.put([*halves[:60], *((reason, data) for reason, data in bad.items()), *halves[60:]])
    numbers = {accepted[60 + n].sequence_number: reason for n, reason in enumerate(bad)}

    letters = eventually(deployed.dead_letters, lambda seen: numbers.keys() <= seen.keys())
    ids = {str(each["id"]) for each in good}
    lines = eventually(lambda: deployed.archived(ids), lambda seen: len(seen) >= len(good))

    assert numbers == {number: letters[number]["reason"] for number in numbers}
    for number, reason in numbers.items():
        assert bad[reason] == base64.b64decode(letters[number]["record"]["kinesis"]["data"])
    assert ids == {line["id"] for line in lines}
    assert len(good) == len(lines)
    assert all(deployed.results.event(str(each["id"])) is not None for each in good)


def test_transforms_are_applied(deployed: Deployed) -> None:
    """Times come out in UTC, severities normalised, e-mail addresses masked."""
    (event,) = fresh(1, body="mail from ada@example.com", severity_text="warning")
    event["time"] = "2026-11-23T12:00:00.25+02:00"
    deployed.put_events([event])

    stored = eventually(lambda: deployed.results.event(event["id"]), lambda seen: seen is not None)

    assert stored is not None
    assert "2026-11-23T10:00:00.25Z" == stored["time"]
    assert {
        "body": "mail from ***@example.com",
        "severity_text": "WARN",
        "severity_number": 13,
    } == stored["data"]


def test_claimed_data(deployed: Deployed) -> None:
    """Data left in S3 are archived whole, and in the table where they fit; without them an event is a dead letter."""
    small, large, lost = fresh(3)
    small["data"] = {"body": f"fits {small['id']}"}
    large["data"] = {"body": "x" * (1024 * 1024 + 1)}
    lost["data"] = {"body": f"never left {lost['id']}"}
    left = [leave(event, deployed.outputs["ClaimsBucketName"]) for event in (small, large, lost)]
    for each in left[:2]:
        bucket = deployed.outputs["ClaimsBucketName"]
        deployed.clients.s3.put_object(Bucket=bucket, Key=each.claim.key, Body=each.body)
    *_, gone = deployed.put_events([each.envelope for each in left])

    letters = eventually(deployed.dead_letters, lambda seen: gone.sequence_number in seen)
    lines = eventually(lambda: deployed.archived({small["id"], large["id"]}), lambda seen: len(seen) == 2)
    stored = [deployed.results.event(each["id"]) for each in (small, large, lost)]

    assert "claim_missing" == letters[gone.sequence_number]["reason"]
    assert {each["id"]: each["data"] for each in (small, large)} == {line["id"]: line["data"] for line in lines}
    assert [True, True, False] == [each is not None for each in stored]
    assert small["data"] == (stored[0] or {})["data"]
    expected = {"dataref": left[1].envelope["dataref"], "data_bytes": left[1].claim.size_bytes}
    assert expected == {name: value for name, value in (stored[1] or {}).items() if name in {*expected, "data"}}


def test_the_same_event_twice_has_one_effect(deployed: Deployed) -> None:
    """A record that a producer sent twice is one item, and one id in the archive."""
    events = fresh(20)
    deployed.put_events([*events, *events])
    ids = {str(each["id"]) for each in events}

    lines = eventually(lambda: deployed.archived(ids), lambda seen: len(seen) >= 2 * len(events))
    latest = deployed.results.latest(events[0]["subject"])

    assert ids == {line["id"] for line in lines}
    assert len(events) == len(latest)


def test_the_latest_events_of_a_key_in_a_time_range(deployed: Deployed) -> None:
    """A key's events come newest first, from `since` on and before `until`."""
    events = fresh(10)
    for minute, event in enumerate(events):
        event["time"] = f"2026-11-23T10:0{minute}:00Z"
    deployed.put_events(events)
    key = str(events[0]["subject"])
    eventually(lambda: deployed.results.latest(key), lambda seen: len(seen) == len(events))

    found = deployed.results.latest(key, since="2026-11-23T10:03:00Z", until="2026-11-23T10:08:00Z", limit=3)

    assert [events[7]["id"], events[6]["id"], events[5]["id"]] == [each["id"] for each in found]


def test_changes_of_a_table_become_state_and_history(deployed: Deployed) -> None:
    """Created, updated, deleted: numbers, sets and binary arrive as they were, and each change is in the history."""
    table, order = deployed.outputs["OrdersTableName"], uuid.uuid4().hex
    key: Image = {"order_id": {"S": order}}
    item: dict[str, Any] = {
        **key,
        "total": {"N": "12345678901234567890.123456789012345678"},
        "count": {"N": "3"},
        "rate": {"N": "0.1"},
        "tags": {"SS": ["a", "b"]},
        "sizes": {"NS": ["1", "2.5"]},
        "photo": {"B": b"\x00\xff"},
        "lines": {"L": [{"M": {"sku": {"S": "x"}, "none": {"NULL": True}}}]},
    }
    updated = {**item, "count": {"N": "4"}}
    dynamodb: Any = deployed.clients.dynamodb
    entity = f"{table}/{key_text(key)}"
    dynamodb.put_item(TableName=table, Item=item)
    dynamodb.put_item(TableName=table, Item=updated)

    live = eventually(lambda: deployed.results.state(entity), _counts(4))
    stored = dynamodb.get_item(
        TableName=deployed.outputs["ResultsTableName"], Key={"pk": {"S": f"entity#{entity}"}, "sk": {"S": "state"}}
    )["Item"]["data"]["M"]
    dynamodb.delete_item(TableName=table, Key=key)
    gone = eventually(lambda: deployed.results.state(entity), lambda seen: bool(seen and seen["deleted"]))
    history = eventually(lambda: list(deployed.results.history(entity)), lambda seen: len(seen) == 3)

    assert live is not None
    assert _sorted_sets(updated) == _sorted_sets(stored)
    assert gone is not None
    assert "data" not in gone
    changes: list[Any] = [each["data"] for each in history]
    assert ["c", "u", "d"] == [each["op"] for each in changes]
    assert "user" == changes[-1]["source"]["deleted_by"]


def test_quick_changes_of_one_item_stay_in_order(deployed: Deployed) -> None:
    """Forty updates without a pause: the history has each of them in its place, and the state is the last."""
    table, order = deployed.outputs["OrdersTableName"], uuid.uuid4().hex
    for count in range(40):
        deployed.clients.dynamodb.put_item(TableName=table, Item={"order_id": {"S": order}, "count": {"N": str(count)}})

    history = eventually(lambda: list(deployed.results.history(f"{table}/{order}")), lambda seen: len(seen) == 40)
    state = eventually(lambda: deployed.results.state(f"{table}/{order}"), _counts(39))

    changes: list[Any] = [each["data"] for each in history]
    assert list(range(40)) == [each["after"]["count"] for each in changes]
    assert state is not None
    assert {"order_id": order, "count": 39} == state["data"]


def _counts(count: int) -> Callable[[Any], bool]:
    return lambda state: state is not None and state["data"]["count"] == count


def _sorted_sets(image: Mapping[str, Any]) -> dict[str, Any]:
    """Sets have no order; numbers of sets come back in DynamoDB's."""
    return {
        name: {kind: sorted(content) if kind in {"SS", "NS", "BS"} else content for kind, content in value.items()}
        for name, value in image.items()
    }
