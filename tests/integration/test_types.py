"""The shipped examples as one uses them, deployed.

Web access logs by `pipeline put` and the drop bucket; findings of GuardDuty and word of objects by a rule of the
default bus that has ours as its target.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import cli
from pipeline.aws import s3
from pipeline.aws.results import Results
from pipeline.testing.bench import SCHEMA
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
LINE = '203.0.113.77 - - [23/Nov/2026:10:00:0{} +0100] "GET /{}?token=hunter2 HTTP/1.1" 404 5 "-" "{}"\n'


@pytest.fixture
def archived(localstack: Clients, stack: Mapping[str, str]) -> Callable[..., list[dict[str, Any]]]:
    """The archive's lines of a type with something in their JSON, by their time, once there are so many."""

    def look(name: str, what: str) -> list[dict[str, Any]]:
        objects = s3.archived(localstack.s3, stack["ArchiveBucketName"])
        found = [line for _, _, lines in objects for line in lines if line["type"] == name and what in json.dumps(line)]
        return sorted({line["id"]: line for line in found}.values(), key=lambda line: str(line["time"]))

    return lambda name, what, count: eventually(lambda: look(name, what), lambda seen: len(seen) >= count)


@pytest.fixture
def default_bus(localstack: Clients, stack: Mapping[str, str]) -> Iterator[Callable[..., None]]:
    """Puts an event of AWS onto the default bus, from where a rule forwards it to ours."""
    rule, events = f"forward-{uuid.uuid4().hex[:8]}", localstack.events
    bus = events.describe_event_bus(Name=stack["BusName"])["Arn"]
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.guardduty", "aws.s3"]}))
    role = "arn:aws:iam::000000000000:role/forward"
    events.put_targets(Rule=rule, Targets=[{"Id": "ours", "Arn": bus, "RoleArn": role}])

    def put(source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        entry: Any = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}
        assert 0 == events.put_events(Entries=[entry])["FailedEntryCount"]

    yield put
    events.remove_targets(Rule=rule, Ids=["ours"])
    events.delete_rule(Name=rule)


def test_access_logs(
    localstack: Clients,
    stack: Mapping[str, str],
    aws: list[str],
    archived: Callable[..., list[dict[str, Any]]],
    tmp_path: Path,
) -> None:
    """Put from a file or dropped, a line becomes the same; what is no line of the log is told, or a dead letter."""
    run, path = uuid.uuid4().hex, tmp_path / "access.log"
    path.write_text(LINE.format(0, run, AGENT) + "lost\n" + LINE.format(1, run, AGENT))
    with pytest.raises(SystemExit) as ended:
        cli.main(["put", *aws, "--stream", stack["StreamName"], "--type", "access_log.v1", str(path)])
    assert 1 == ended.value.code
    key = f"type=access_log.v1/{run}.log"
    localstack.s3.put_object(Bucket=stack["DropBucketName"], Key=key, Body=path.read_bytes())

    found = archived("access_log.v1", run, 4)
    assert 4 == len(found)
    for each in found:
        attributes = each["data"]["attributes"]
        assert ("203.0.113.0", "Firefox", "Linux", "token=***") == tuple(
            attributes[name] for name in ("client.address", "user_agent.name", "user_agent.os.name", "url.query")
        )
        assert ("WARN", True) == (each["data"]["severity_text"], each["time"].startswith("2026-11-23T09:00:0"))
        assert not {"203.0.113.77", "hunter2"} & {*json.dumps(each).replace('"', " ").split()}
        assert Results(localstack.dynamodb, stack["ResultsTableName"]).event(each["id"]) is not None
    kept = [each for _, each in s3.dead_letters(localstack.s3, stack["DeadLetterBucketName"])]
    assert ["not_of_format"] == [each["reason"] for each in kept if each["record"].get("key") == key]


def test_events_of_aws(
    localstack: Clients,
    stack: Mapping[str, str],
    archived: Callable[..., list[dict[str, Any]]],
    default_bus: Callable[..., None],
) -> None:
    """They have their type and their subject; an object of the drop bucket is read, and told of as nothing else."""
    run = uuid.uuid4().hex
    finding = {**SCHEMA["guardduty_finding.v1"]["examples"][0], "id": run}
    created = {"bucket": {"name": "shop-uploads"}, "object": {"key": f"{run}/a b.pdf", "sequencer": "00"}}
    default_bus("aws.guardduty", "GuardDuty Finding", finding)
    default_bus("aws.s3", "Object Created", created)
    localstack.s3.put_object(Bucket=stack["DropBucketName"], Key=f"{run}.ndjson", Body=b'{"msg": "%b"}' % run.encode())

    (found,) = archived("guardduty_finding.v1", run, 1)
    assert (run, finding) == (found["subject"], found["data"])
    (told,) = archived("s3_object.v1", run, 1)
    assert (f"shop-uploads/{run}/a b.pdf", "Object Created") == (told["subject"], told["data"]["detail-type"])
    (read,) = archived("log.v1", run, 1)
    assert {"msg": run} == read["data"]["body"]
    results = Results(localstack.dynamodb, stack["ResultsTableName"])
    assert [found["id"]] == [each["id"] for each in results.latest(run)]
