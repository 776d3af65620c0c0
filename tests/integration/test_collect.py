"""The schedule, deployed: checks of targets on this machine, and canaries through the whole pipeline.

LocalStack keeps alarms but reads no metrics out of logs: that a missing canary sets one off is for AWS to show.
"""

from __future__ import annotations

import base64
import http.server
import socket
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.aws.deploy import Options, deploy
from pipeline.aws.results import Results
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

# A minute of the schedule, and a cold start of three functions.
SCHEDULE_SECONDS = 150.0


class Answering(http.server.BaseHTTPRequestHandler):
    """Says 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args


@dataclass(frozen=True)
class Collecting:
    """A deployed stack that checks two targets, one of which is dead."""

    clients: Clients
    outputs: Mapping[str, str]
    alive: str
    dead: str

    @property
    def results(self) -> Results:
        return Results(self.clients.dynamodb, self.outputs["ResultsTableName"])

    @property
    def source(self) -> str:
        return f"//{self.outputs['CollectFunctionName']}"

    def event(self, event_id: str) -> Any:  # noqa: ANN401 - JSON
        """The event, once it is there."""
        return eventually(lambda: self.results.event(event_id), lambda seen: seen is not None)

    def latest(self, key: str, since: str, count: int) -> list[dict[str, Any]]:
        """The events of a key, once there are so many."""
        return eventually(lambda: self.results.latest(key, since=since), lambda seen: len(seen) >= count)

    def invoke(self, at: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer to the event of a schedule, and the line of figures in the log."""
        event = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "time": at, "detail": {}}
        answer: Any = self.clients.functions.invoke(
            FunctionName=self.outputs["CollectFunctionName"], Payload=orjson.dumps(event), LogType="Tail"
        )
        log = base64.b64decode(answer["LogResult"]).splitlines()
        (line,) = (orjson.loads(each) for each in log if b'"_aws"' in each)
        return answer, line


@pytest.fixture(scope="module")
def collecting(localstack: Clients) -> Iterator[Collecting]:
    """A stack of its own, which knows its targets from the start; its schedule does not disturb the tests."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server, socket.socket() as held:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        held.bind(("127.0.0.1", 0))  # and does not listen
        alive, dead = f"http://127.0.0.1:{server.server_port}/health", f"tcp://127.0.0.1:{held.getsockname()[1]}"
        parameters = {"PingTargets": f"{alive},{dead}", "CollectExpression": "rate(1 day)"}
        name = f"collect-{uuid.uuid4().hex[:8]}"
        outputs = deploy(localstack, name, report=lambda _: None, options=Options(parameters))
        yield Collecting(localstack, outputs, alive, dead)
        server.shutdown()


def test_a_time_of_the_schedule(collecting: Collecting) -> None:
    """Each target has an event that says how it is, the canary arrives, and one line has the figures."""
    answer, line = collecting.invoke("2026-11-24T10:00:00Z")
    assert (200, None) == (answer["StatusCode"], answer.get("FunctionError"))
    assert ([3.0], [3.0], [0.0], {}) == (
        line["RecordsReceived"],
        line["RecordsDelivered"],
        line["CanaryMissing"],
        line["failures"],
    )
    assert 0 < line["CanarySeconds"][0] < 30
    assert collecting.outputs["CollectFunctionName"] == line["function_name"]
    canary = collecting.event("canary/2026-11-24T10:00:00Z")
    assert (f"{collecting.source}/canary", "canary") == (canary["source"], canary["data"]["body"])
    for target, error in ((collecting.alive, None), (collecting.dead, "connection_refused")):
        event: Any = collecting.event(f"ping/2026-11-24T10:00:00Z/{target}")
        assert (target, error) == (event["subject"], event["data"]["attributes"].get("error.type"))


def test_twice(collecting: Collecting) -> None:
    """The same time of the schedule, delivered twice, is each event once; another time is another event."""
    for at in ("2026-11-24T11:00:00Z", "2026-11-24T11:00:00Z", "2026-11-24T11:01:00Z"):
        _, line = collecting.invoke(at)
        assert [0.0] == line["CanaryMissing"]
    for key, prefix in (
        (collecting.alive, "ping"),
        (collecting.dead, "ping"),
        (f"{collecting.source}/canary", "canary"),
    ):
        found = collecting.latest(key, since="2026-11-24T11:00:00Z", count=2)
        suffix = f"/{key}" if prefix == "ping" else ""
        expected = [f"{prefix}/2026-11-24T11:0{minute}:00Z{suffix}" for minute in (1, 0)]
        assert expected == [each["id"] for each in found]


def test_another_event(collecting: Collecting) -> None:
    """What is no event of a schedule fails the invocation with a word on what is."""
    answer: Any = collecting.clients.functions.invoke(
        FunctionName=collecting.outputs["CollectFunctionName"], Payload=b"{}"
    )
    assert "Unhandled" == answer["FunctionError"]
    assert "to try the function, invoke it with" in orjson.loads(answer["Payload"].read())["errorMessage"]


def test_the_rule(localstack: Clients, stack: Mapping[str, str], collecting: Collecting) -> None:
    """The rule is enabled, as often as the parameter says, and leads to the function."""
    events = localstack.events
    for outputs, expression in ((stack, "rate(1 minute)"), (collecting.outputs, "rate(1 day)")):
        rule = events.describe_rule(Name=outputs["CollectScheduleName"])
        assert ("ENABLED", expression) == (rule["State"], rule["ScheduleExpression"])
        (target,) = events.list_targets_by_rule(Rule=outputs["CollectScheduleName"])["Targets"]
        assert target["Arn"].endswith(f":function:{outputs['CollectFunctionName']}")


def test_the_schedule_itself(localstack: Clients, stack: Mapping[str, str]) -> None:
    """Without anybody's doing a canary arrives, named after a time of the schedule."""
    results, key = Results(localstack.dynamodb, stack["ResultsTableName"]), f"//{stack['CollectFunctionName']}/canary"
    canary, *_ = eventually(lambda: results.latest(key), seconds=SCHEDULE_SECONDS)
    assert f"canary/{canary['time']}" == canary["id"]
