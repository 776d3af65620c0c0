"""Random patterns of failures against a stream of LocalStack: those that the fake stream is put through by hundreds.

The seed of each is printed; `PUT_FAULTS_SEED=N` begins with that one instead of another each time.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pipeline.aws.kinesis import open_stream
from pipeline.aws.results import Results
from pipeline.library import Producer
from pipeline.model import Event
from pipeline.testing.kinesis import Fail
from tests.integration.faulty import faulty
from tests.integration.shards import Tail
from tests.integration.throttling import throttled
from tests.integration.waiting import eventually
from tests.simulation.producing import Pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.aws.clients import Clients
    from pipeline.model import Accepted, Entry, Refused
    from pipeline.ports import RecordStream

pytestmark = pytest.mark.integration

PATTERNS = 10


@pytest.fixture(scope="module")
def tail(localstack: Clients) -> Tail:
    """A stream of three shards, for this file alone."""
    name = f"faults-{secrets.token_hex(4)}"
    localstack.kinesis.create_stream(StreamName=name, ShardCount=3)
    localstack.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return Tail(localstack.kinesis, name)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """LocalStack's own, for the library's way to a stream."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def seeds() -> range:
    """Others each time, or as asked for; printed, to begin with them again."""
    first = int(os.environ.get("PUT_FAULTS_SEED") or secrets.randbelow(2**32))
    print(f"{PATTERNS} patterns from PUT_FAULTS_SEED={first} on")  # noqa: T201 - pytest shows it where a test fails
    return range(first, first + PATTERNS)


class Counting:
    """A stream that counts how entries were answered."""

    def __init__(self, stream: RecordStream) -> None:
        self.stream = stream
        self.answers: Counter[str] = Counter()

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        answers = list(self.stream.put(entries))
        self.answers.update(type(each).__name__ for each in answers)
        return answers


def test_nothing_is_lost_or_reordered_by_a_bad_network(localstack: Clients, tail: Tail) -> None:
    """Entries refused, connections reset, errors, answers lost after the commit: all is there, in order per key."""
    met: Counter[str] = Counter()
    bad: dict[int, list[str]] = {}
    with faulty(str(localstack.endpoint_url)) as proxy:
        stream = open_stream(tail.name, endpoint_url=proxy.endpoint_url)
        for seed in seeds():
            pattern = Pattern(seed)
            proxy.faults = pattern.faults(pattern.draw.randint(0, 15))
            problems = pattern.problems(pattern.run(stream), tail.read())
            bad |= {seed: problems} if problems else {}
            met += pattern.met

    assert {} == bad
    assert {"refused", "failed", "answer lost"} == met.keys()


def test_nothing_is_lost_or_reordered_while_localstack_throttles(localstack: Clients, tail: Tail) -> None:
    """Every second call is refused, whole."""
    bad: dict[int, list[str]] = {}
    stream = Counting(open_stream(tail.name, endpoint_url=localstack.endpoint_url))
    for seed in seeds():
        pattern = Pattern(seed)
        with throttled(str(localstack.endpoint_url), 0.5):
            reports = pattern.run(stream)
        problems = pattern.problems(reports, tail.read())
        bad |= {seed: problems} if problems else {}

    assert {} == bad
    assert {"Accepted", "Refused"} == stream.answers.keys()


def test_what_is_sent_again_has_one_effect(localstack: Clients, stack: Mapping[str, str]) -> None:
    """Every answer of the first calls is lost after the commit: the stream holds events twice, the table once."""
    key = f"//put-faults/{secrets.token_hex(4)}"
    ids = [f"{key}/{number:03}" for number in range(100)]
    with faulty(str(localstack.endpoint_url)) as proxy:
        proxy.faults = iter([Fail(is_carried_out=True)] * 5)
        with Producer(stack["StreamName"], endpoint_url=proxy.endpoint_url) as producer:
            for number, event_id in enumerate(ids):
                time_of_it = f"2026-11-23T10:00:00.{number:03}Z"
                producer.put(Event(event_id, "//put-faults", "log.v1", time_of_it, {"body": "paid"}, key))
            producer.flush()
            assert 100 == producer.metrics().accepted
    assert 5 == proxy.failed
    sent = [each for each in Tail(localstack.kinesis, stack["StreamName"]).read() if key.encode() in each.data]
    assert len({each.data for each in sent}) < len(sent)

    results = Results(localstack.dynamodb, stack["ResultsTableName"])
    found = eventually(lambda: results.latest(key, limit=len(ids) + 1), lambda seen: len(seen) >= len(ids))
    assert ids == sorted(str(each["id"]) for each in found)
