"""Whom the deployed pipeline tells: records in → process → a topic's subscriber, a rule of a bus, a FIFO queue.

LocalStack neither throttles nor loses anything, so what comes again is delivered again by hand.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.aws.sqs import QueueSink
from pipeline.core.outlet import MAX_QUEUE_BYTES, message_bytes, to_queue, to_stream
from pipeline.environment import Environment
from pipeline.model import Event, Position, Record
from pipeline.routes import PROCESS
from pipeline.testing.bench import ACKNOWLEDGED, SCHEMA
from pipeline.testing.lambda_events import kinesis_event, log_event
from pipeline.topology import OUTLETS
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

FINDING, OBJECT = (SCHEMA[name]["examples"][0] for name in ("guardduty_finding.v1", "s3_object.v1"))


@dataclass
class Ear:
    """A queue, and what was taken from it so far: bodies and what is beside them, in order."""

    clients: Clients
    url: str
    heard: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def listen(self) -> None:
        """Take what is there now."""
        while True:
            answer = self.clients.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for each in messages:
                self.heard.append((json.loads(each["Body"]), dict(each)))
                self.clients.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])

    def hear(self, run: str, count: int, event: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> list[Any]:
        """The events of a run, once there are so many: each with what is beside it."""

        def look() -> list[Any]:
            self.listen()
            events = [(event(body), beside) for body, beside in self.heard]
            return [each for each in events if run in each[0]["id"]]

        return eventually(look, lambda seen: len(seen) >= count)


@dataclass
class Ears:
    """Whoever waits for what the stack tells."""

    clients: Clients
    outputs: Mapping[str, str]
    topic: Ear
    bus: Ear
    queue: Ear

    def put(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Onto the stream."""
        records: Any = [{"PartitionKey": each["subject"], "Data": orjson.dumps(each)} for each in events]
        answer = self.clients.kinesis.put_records(StreamName=self.outputs["StreamName"], Records=records)
        assert 0 == answer["FailedRecordCount"]

    def deliver(self, batch: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """To `process` itself, as its mapping would."""
        name = self.outputs["ProcessFunctionName"]
        answer = self.clients.functions.invoke(FunctionName=name, Payload=json.dumps(batch))
        return json.loads(answer["Payload"].read())


@pytest.fixture(scope="module")
def ears(localstack: Clients, stack: Mapping[str, str]) -> Iterator[Ears]:
    """A queue that is subscribed to the topic, one that a rule of the bus leads to, and the FIFO queue itself."""
    name = f"ear-{uuid.uuid4().hex[:8]}"
    urls = [localstack.sqs.create_queue(QueueName=f"{name}-{each}")["QueueUrl"] for each in ("topic", "bus")]
    arns = [
        localstack.sqs.get_queue_attributes(QueueUrl=each, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for each in urls
    ]
    localstack.sns.subscribe(
        TopicArn=stack["AlertsTopicArn"], Protocol="sqs", Endpoint=arns[0], Attributes={"RawMessageDelivery": "true"}
    )
    bus = stack["ResultsBusName"]
    severity = {"data": {"severity": [{"exists": True}]}}
    pattern = json.dumps({"detail-type": ["guardduty_finding.v1"], "detail": severity})
    localstack.events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
    localstack.events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "ear", "Arn": arns[1]}])
    topic, told = (Ear(localstack, each) for each in urls)
    yield Ears(localstack, stack, topic, told, Ear(localstack, stack["ObjectsQueueUrl"]))
    localstack.events.remove_targets(Rule=name, EventBusName=bus, Ids=["ear"])
    localstack.events.delete_rule(Name=name, EventBusName=bus)


def finding(event_id: str, severity: float) -> dict[str, Any]:
    return {
        **log_event(event_id, key=event_id),
        "type": "guardduty_finding.v1",
        "data": {**FINDING, "severity": severity},
    }


def an_object(event_id: str, key: str) -> dict[str, Any]:
    return {**log_event(event_id, key=key), "type": "s3_object.v1", "data": OBJECT}


def test_who_is_told(ears: Ears) -> None:
    """The bus of every finding, the topic of the severe ones, both with what rules and filters can ask for."""
    run = uuid.uuid4().hex
    events = [finding(f"{run}-{number}", severity) for number, severity in enumerate((2, 6.9, 7, 9.5))]
    ears.put([*events, log_event(f"{run}-log", key="log")])

    heard = ears.bus.hear(run, 4, lambda body: dict(body["detail"]))
    assert {f"{run}-{number}" for number in range(4)} == {event["id"] for event, _ in heard}
    assert {("guardduty_finding.v1", "//web-1/var/log/app.log")} == {
        (body["detail-type"], body["source"]) for body, _ in ears.bus.heard if run in body["detail"]["id"]
    }
    severe = ears.topic.hear(run, 2)
    assert [(f"{run}-2", 7), (f"{run}-3", 9.5)] == sorted((each["id"], each["data"]["severity"]) for each, _ in severe)
    attributes = [beside["MessageAttributes"] for _, beside in severe]
    assert [{"id", "type", "source"}] * 2 == [set(each) for each in attributes]
    assert {"guardduty_finding.v1"} == {each["type"]["StringValue"] for each in attributes}


def test_objects_in_order(ears: Ears) -> None:
    """Each object's events come in their order, whatever its key is made of."""
    run = uuid.uuid4().hex
    keys = [f"{run}/plain.txt", f"{run}/with blanks é.txt"]
    ears.put([an_object(f"{run}-{number}", keys[number % 2]) for number in range(12)])

    found = defaultdict(list)
    for event, beside in ears.queue.hear(run, 12):
        found[event["subject"], beside["Attributes"]["MessageGroupId"]].append(event["id"])
    assert [[f"{run}-{number}" for number in range(first, 12, 2)] for first in (0, 1)] == [
        found[place] for place in sorted(found)
    ]
    assert keys[0] in {group for _, group in found}


def test_told_again(ears: Ears) -> None:
    """What is delivered twice is dropped by the queue, and by its id subscribers see that it is one."""
    run = uuid.uuid4().hex
    batch = kinesis_event(finding(f"{run}-f", 8), an_object(f"{run}-o", run))
    assert [ACKNOWLEDGED] * 2 == [ears.deliver(batch) for _ in range(2)]

    twice = ears.topic.hear(run, 2)
    assert [f"{run}-f"] * 2 == [beside["MessageAttributes"]["id"]["StringValue"] for _, beside in twice]
    assert 1 == len({orjson.dumps(event) for event, _ in twice})
    assert 2 == len(ears.bus.hear(run, 2, lambda body: dict(body["detail"])))
    # Behind it in the queue: so nothing of the run can be on its way any more.
    assert ACKNOWLEDGED == ears.deliver(kinesis_event(an_object(f"{run}-last", run), first=500))
    assert [f"{run}-o", f"{run}-last"] == [event["id"] for event, _ in ears.queue.hear(run, 2)]


def test_a_stream_is_told(localstack: Clients, stack: Mapping[str, str]) -> None:
    """By a route of one's own: in order of each key, and read as the pipeline's own stream is."""
    name = f"told-{uuid.uuid4().hex[:8]}"
    localstack.kinesis.create_stream(StreamName=name, ShardCount=1)
    localstack.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    log = PROCESS["log.v1"]
    routes = {**PROCESS, "log.v1": replace(log, destinations=(*log.destinations, to_stream("Told")))}
    variables = {
        "RESULTS_TABLE": stack["ResultsTableName"],
        "ARCHIVE_BUCKET": stack["ArchiveBucketName"],
        "DEAD_LETTER_BUCKET": stack["DeadLetterBucketName"],
        "CLAIMS_BUCKET": stack["ClaimsBucketName"],
        "REFERENCE_BUCKET": stack["ReferenceBucketName"],
        "LOOKUP_SECONDS": "60",
        "OUTLET_TOLD": name,
        **{each.variable: "nowhere" for each in OUTLETS},
    }
    consumer = Environment(variables, localstack, routes=routes).process()
    events = [log_event(f"{name}-{number}", key="ab"[number % 2]) for number in range(40)]
    assert ACKNOWLEDGED == consumer.consume(kinesis_event(*events), lambda: 60.0)

    start = localstack.kinesis.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = localstack.kinesis.get_records(ShardIterator=start)["Records"]
    found = defaultdict(list)
    for each in records:
        found[each["PartitionKey"]].append(orjson.loads(each["Data"])["id"])
    assert {key: [each["id"] for each in events if each["subject"] == key] for key in "ab"} == found
    localstack.kinesis.delete_stream(StreamName=name)


@pytest.mark.parametrize("character", ["\x00", "\ufffe", "🐟", " "])
def test_any_text(localstack: Clients, stack: Mapping[str, str], character: str) -> None:
    """Whatever characters an id and the data have, and however large it is, SQS takes it."""
    run = uuid.uuid4().hex
    event = Event(f"{run}{character}", "//a", "s3_object.v1", "2026-11-24T10:00:00Z", {"x": character}, subject=run)
    encode, record = to_queue("ObjectsQueue"), Record(Position("s", "0", "1"), {}, 0.0)
    spare = MAX_QUEUE_BYTES - message_bytes(encode(record, event)) - len('"y":"",')
    sink, ear = QueueSink(localstack.sqs, stack["ObjectsQueueUrl"]), Ear(localstack, stack["ObjectsQueueUrl"])
    notice = encode(record, replace_data(event, {"x": character, "y": "y" * spare}))
    assert MAX_QUEUE_BYTES == message_bytes(notice)
    assert {} == sink.write([notice], lambda: 30.0)
    ((heard, _),) = ear.hear(run, 1)
    assert (event.id, character) == (heard["id"], heard["data"]["x"])


def replace_data(event: Event, data: dict[str, Any]) -> Event:
    return Event(event.id, event.source, event.type, event.time, data, event.subject)
