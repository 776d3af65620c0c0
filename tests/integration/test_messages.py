"""SNS, EventBridge and SQS on their way, deployed: each door → Kinesis → process → DynamoDB and S3.

LocalStack delivers once and loses nothing, so what comes twice is sent twice here, by hand where the service itself
would give it a new id. What it does not do is unit-tested with the shapes that AWS documents: that a FIFO queue holds a
group back behind a failure, how often and how long SNS and EventBridge try, and the redrive after the last of it.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws import s3
from pipeline.aws.cloudwatch import Metric
from pipeline.aws.results import Results
from pipeline.core.claim import claim_of
from pipeline.core.redelivery import HIDDEN_SECONDS
from pipeline.testing.arrivals import bus_event, fifo_record, message_id, replayed, sns_event, sqs_record
from pipeline.testing.lambda_events import log_event
from tests.integration.throttling import throttled
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

RECEIVED, DELIVERED, DEAD, RETRIED = (Metric.RECEIVED, Metric.DELIVERED, Metric.DEAD_LETTERED, Metric.RETRIED)
ASYNC, QUEUE = "IngestAsyncFunctionName", "IngestQueueFunctionName"
COUNT = 12


@dataclass
class Doors:
    """The deployed stack, with its doors and what is seen behind them."""

    clients: Clients
    outputs: Mapping[str, str]

    def __post_init__(self) -> None:
        self.results = Results(self.clients.dynamodb, self.outputs["ResultsTableName"])

    def publish(self, *texts: str) -> list[str]:
        """To the topic: the ids that SNS gives."""
        topic = self.outputs["TopicArn"]
        return [self.clients.sns.publish(TopicArn=topic, Message=each)["MessageId"] for each in texts]

    def put_events(self, *details: str) -> list[str]:
        """To the bus: the ids that EventBridge gives."""
        bus = self.outputs["BusName"]
        answers = [
            self.clients.events.put_events(
                Entries=[{"EventBusName": bus, "Source": "com.shop.orders", "DetailType": "order paid", "Detail": each}]
            )
            for each in details
        ]
        return [answer["Entries"][0]["EventId"] for answer in answers]

    def send(self, *texts: str) -> list[str]:
        """To the standard queue: the ids that SQS gives."""
        url = self.outputs["QueueUrl"]
        return [self.clients.sqs.send_message(QueueUrl=url, MessageBody=each)["MessageId"] for each in texts]

    def send_in_order(self, *texts: str) -> list[str]:
        """The same to the FIFO queue, as one group."""
        url, group = self.outputs["FifoQueueUrl"], f"group-{uuid.uuid4().hex}"
        return [
            self.clients.sqs.send_message(
                QueueUrl=url, MessageBody=each, MessageGroupId=group, MessageDeduplicationId=uuid.uuid4().hex
            )["MessageId"]
            for each in texts
        ]

    def archived(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """The archive's lines of these events, once there is one of each."""

        def look() -> list[dict[str, Any]]:
            objects = s3.archived(self.clients.s3, self.outputs["ArchiveBucketName"])
            return [line for _, _, lines in objects for line in lines if line["id"] in ids]

        return eventually(look, lambda seen: {*ids} <= {line["id"] for line in seen})

    def stored(self, event_id: str) -> Any:  # noqa: ANN401 - JSON
        """The event in the table, once it is there."""
        found = eventually(lambda: self.results.event(event_id), lambda seen: seen is not None)
        assert found is not None, event_id
        return found

    def reasons(self, ids: Sequence[str]) -> dict[str, str]:
        """Why these messages are dead letters, once they are."""

        def look() -> dict[str, str]:
            kept = s3.dead_letters(self.clients.s3, self.outputs["DeadLetterBucketName"])
            found = {letter["position"]["sequence_number"]: letter["reason"] for _, letter in kept}
            return {each: found[each] for each in ids if each in found}

        return eventually(look, lambda seen: len(seen) >= len(ids))

    def ledger(self, function: str) -> Counter[str]:
        """What a function counted so far: the sum over the line that it logs for each batch."""
        group = f"/aws/lambda/{self.outputs[function]}"
        counts = Counter[str]()
        for page in self.clients.logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                if Metric.RECEIVED in event["message"]:
                    line = json.loads(event["message"])
                    counts.update({name: int(line[name][0]) for name in (RECEIVED, DELIVERED, DEAD, RETRIED)})
        return counts

    def counted(self, function: str, before: Counter[str], received: int) -> tuple[int, ...]:
        """Received, put, dead-lettered and to come again since then, once so many are received."""
        seen = eventually(lambda: self.ledger(function) - before, lambda seen: seen[RECEIVED] >= received)
        return tuple(seen[name] for name in (RECEIVED, DELIVERED, DEAD, RETRIED))

    def invoke(self, function: str, event: object) -> Any:  # noqa: ANN401 - JSON
        """Deliver what we made ourselves, as the service would; the answer, or the error."""
        answer = self.clients.functions.invoke(FunctionName=self.outputs[function], Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())


@pytest.fixture(scope="module")
def doors(localstack: Clients, stack: Mapping[str, str]) -> Doors:
    return Doors(localstack, stack)


WAYS = {"SNS": Doors.publish, "EventBridge": Doors.put_events, "SQS": Doors.send, "SQS FIFO": Doors.send_in_order}
BEHIND = {"SNS": ASYNC, "EventBridge": ASYNC, "SQS": QUEUE, "SQS FIFO": QUEUE}


@pytest.mark.parametrize("way", WAYS)
def test_good_twice_and_bad(doors: Doors, way: str) -> None:
    """Of what a door brings, the good has one effect each, the same event twice one, the bad its reason."""
    run, before = uuid.uuid4().hex, doors.ledger(BEHIND[way])
    send = WAYS[way]
    ours = [log_event(f"{run}-{n}", key=run) for n in range(3)]
    texts = [json.dumps({"run": run, "n": n}) for n in range(COUNT)]

    good = send(doors, *texts)
    send(doors, *map(json.dumps, [*ours, *ours]))
    bad = send(doors, '{"specversion": "1.0"}', json.dumps({**ours[0], "type": "log.v9"}))

    ids = [*good, *(each["id"] for each in ours)]
    lines = doors.archived(ids)
    stored = [doors.stored(each) for each in ids]
    assert dict(zip(bad, ["not_an_event", "unknown_type"], strict=True)) == doors.reasons(bad)
    assert [{"run": run, "n": n} for n in range(COUNT)] == [each["data"]["body"] for each in stored[:COUNT]]
    assert [each["data"] for each in ours] == [each["data"] for each in stored[COUNT:]]
    assert {*ids} == {each["id"] for each in lines}
    assert (COUNT + 8, COUNT + 6, 2, 0) == doors.counted(BEHIND[way], before, COUNT + 8)


def test_order_of_a_group(doors: Doors) -> None:
    """The messages of a FIFO group lie on the stream in the order they were sent in."""
    ids = doors.send_in_order(*(f"{n} of a group" for n in range(25)))
    lines = {line["id"]: line["position"].split("/") for line in doors.archived(ids)}
    positions = [lines[each] for each in ids]
    assert 1 == len({shard for _, shard, _, _ in positions})
    numbers = [int(number) for _, _, number, _ in positions]
    assert sorted(numbers) == numbers
    assert "0 of a group" == doors.stored(ids[0])["data"]["body"]


@pytest.mark.parametrize(("way", "count"), [(Doors.send, 1), (Doors.send_in_order, 5)], ids=["SQS", "SQS FIFO"])
def test_a_first_attempt_that_fails(doors: Doors, way: Callable[..., list[str]], count: int) -> None:
    """Messages that the stream did not take come again within seconds, not after the queue's own time, and in order."""
    before = doors.ledger(QUEUE)
    with throttled(str(doors.clients.endpoint_url), 1.0):
        ids = way(doors, *(f"{n} of many" for n in range(count)))
        eventually(lambda: doors.ledger(QUEUE) - before, lambda seen: seen[RETRIED] >= len(ids))
    taken_at = time.monotonic()
    lines = {line["id"]: line["position"].split("/") for line in doors.archived(ids)}

    assert {*ids} == lines.keys()
    assert time.monotonic() - taken_at < HIDDEN_SECONDS / 10
    numbers = [int(lines[each][2]) for each in ids]
    assert sorted(numbers) == numbers


def test_a_queue_behind_a_topic(doors: Doors) -> None:
    """What a topic delivers to a queue, not raw, is known by the id that SNS gave it, and says its topic."""
    sns, arn = doors.clients.sns, doors.outputs["QueueUrl"].rpartition("/")[2]
    topic = sns.create_topic(Name=f"other-{uuid.uuid4().hex}")["TopicArn"]
    queue = f"{topic.rpartition(':')[0].replace(':sns:', ':sqs:')}:{arn}"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    published = sns.publish(TopicArn=topic, Message="low", Subject="stock")["MessageId"]

    stored = doors.stored(published)
    assert (topic, "low", "stock") == (
        stored["source"],
        stored["data"]["body"],
        stored["data"]["attributes"]["aws.sns.subject"],
    )


def redelivered(number: int, text: str) -> list[tuple[str, Any]]:
    """The same by each function, as it is delivered, and delivered again."""
    again = {"ApproximateReceiveCount": "2"}
    first = sqs_record(text, number + 2)
    second = {**first, "receiptHandle": "other", "attributes": {**first["attributes"], **again}}
    event = bus_event(json.loads(text), number=number + 1)
    return [
        *[(ASYNC, sns_event(text, number))] * 2,
        *[(ASYNC, each) for each in (event, replayed(event))],
        *[(QUEUE, {"Records": [each]}) for each in (first, second)],
        *[(QUEUE, {"Records": [fifo_record(text, number + 3)]})] * 2,
    ]


def test_a_delivery_again(doors: Doors) -> None:
    """A notification, an event, a message delivered twice has one effect: one item, or one dead letter."""
    number = uuid.uuid4().int >> 2
    for function, event in [*redelivered(number, "{}"), *redelivered(number + 10, '{"specversion": "1.0"}')]:
        assert doors.invoke(function, event) in (None, {"batchItemFailures": []})

    good, bad = ([message_id(number + start + n) for n in range(4)] for start in (0, 10))
    assert [{}] * 4 == [doors.stored(each)["data"]["body"] for each in good]
    assert ["not_an_event"] * 4 == [*doors.reasons(bad).values()]
    bucket = doors.outputs["DeadLetterBucketName"]
    keys = [key for key, _ in s3.dead_letters(doors.clients.s3, bucket)]
    assert [1] * 4 == [sum(each in key for key in keys) for each in bad]


@pytest.mark.parametrize("function", [ASYNC, QUEUE])
def test_a_large_one(doors: Doors, function: str) -> None:
    """What no item can hold leaves its data in the claims bucket, and the archive has all of it."""
    number, text = uuid.uuid4().int >> 2, "x" * 500_000
    event = sns_event(text, number) if function == ASYNC else {"Records": [sqs_record(text, number)]}
    assert doors.invoke(function, event) in (None, {"batchItemFailures": []})

    stored = doors.stored(message_id(number))
    (line,) = doors.archived([message_id(number)])
    assert "data" not in stored
    assert 500_000 < claim_of(stored["dataref"], doors.outputs["ClaimsBucketName"]).size_bytes < 501_000
    assert text == line["data"]["body"]


def test_a_batch_of_no_queue(doors: Doors) -> None:
    """The invocation fails, and nothing is acknowledged."""
    assert "Misconfiguration" == doors.invoke(QUEUE, sns_event("x"))["errorType"]


def test_what_nobody_can_take(doors: Doors) -> None:
    """An event of no known source is tried three times, and then lies in the queue for what nobody could take."""
    event = {"nobody": uuid.uuid4().hex}
    doors.clients.functions.invoke(
        FunctionName=doors.outputs[ASYNC], InvocationType="Event", Payload=json.dumps(event).encode()
    )
    url = doors.outputs["UndeliveredQueueUrl"]

    def given_up() -> list[dict[str, Any]]:
        taken = doors.clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(each["Body"]) for each in taken]
        return [each for each in bodies if each.get("requestPayload") == event]

    (told,) = eventually(given_up, seconds=120.0)

    assert ("RetriesExhausted", 3) == (
        told["requestContext"]["condition"],
        told["requestContext"]["approximateInvokeCount"],
    )
    assert "Misconfiguration" == told["responsePayload"]["errorType"]
