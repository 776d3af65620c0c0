from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.aws.claims import ClaimsBucket
from pipeline.aws.clients import Clients
from pipeline.aws.cloudwatch import CollectReport
from pipeline.aws.dynamodb import ItemSink, StateSink
from pipeline.aws.eventbridge import BusSink
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.lookups.together import Together
from pipeline.aws.s3 import ArchiveSink, DeadLetterBucket
from pipeline.aws.sns import TopicSink
from pipeline.aws.sqs import QueueSink
from pipeline.collectors import COLLECTORS
from pipeline.collectors.canary import Canary
from pipeline.collectors.ping import Ping
from pipeline.consumer import NoLookup
from pipeline.core.outlet import to_bus, to_queue, to_stream, to_topic
from pipeline.core.records import read
from pipeline.core.route import Route, where
from pipeline.environment import Environment, from_env, read_schemas
from pipeline.errors import Misconfiguration
from pipeline.lookups import deployment, geoip, object_row, reference
from pipeline.model import Entry, Item, Line, State
from pipeline.producer import KinesisSink, StreamOutlet
from pipeline.project import SCHEMAS
from pipeline.routes import PROCESS
from pipeline.testing.enrichment import Owner
from pipeline.testing.lambda_events import TABLE_STREAM_ARN, dynamodb_event, dynamodb_record
from pipeline.topology import OUTLETS

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.ports import Enrichment

VARIABLES = {
    "process": {
        "RESULTS_TABLE": "results",
        "ARCHIVE_BUCKET": "archive",
        "DEAD_LETTER_BUCKET": "dead",
        "CLAIMS_BUCKET": "claims",
        **{each.variable: each.resource for each in OUTLETS},
        "REFERENCE_BUCKET": "files",
        "LOOKUP_SECONDS": "60",
    },
    "relay_changes": {
        "STREAM_NAME": "events",
        "CLAIMS_BUCKET": "claims",
        "DEAD_LETTER_BUCKET": "dead",
        "RESULTS_TABLE": "results",
    },
    "collect": {"STREAM_NAME": "events", "RESULTS_TABLE": "results", "CANARY_ENABLED": "true"},
    "ingest_async": {
        "STREAM_NAME": "events",
        "CLAIMS_BUCKET": "claims",
        "DEAD_LETTER_BUCKET": "dead",
        "DROP_BUCKET": "drop",
    },
    "ingest_queue": {"STREAM_NAME": "events", "CLAIMS_BUCKET": "claims", "DEAD_LETTER_BUCKET": "dead"},
}
CLIENTS = Clients(local=True)
LOOKUPS = {
    "REFERENCE_TABLE": "reference",
    "REFERENCE_BUCKET": "files",
    "LOOKUP_SECONDS": "60",
    "STACK_NAME": "shop",
    "ACCOUNT_ID": "1",
    "AWS_REGION": "eu-west-1",
}


def test_process() -> None:
    """`process` writes items, states and archive lines to what it was given, and takes claims from there."""
    consumer = Environment(VARIABLES["process"], CLIENTS).process()
    items, states, archive = consumer.sinks[Item], consumer.sinks[State], consumer.sinks[Line]
    assert isinstance(items, ItemSink)
    assert isinstance(states, StateSink)
    assert isinstance(archive, ArchiveSink)
    assert ("results", "results", "archive") == (items.table, states.table, archive.bucket)
    assert DeadLetterBucket(CLIENTS.s3, "dead", "process") == consumer.dead_letters
    assert (ClaimsBucket(CLIENTS.s3, "claims"), "claims") == (consumer.claims, consumer.stages.claims_bucket)
    assert {"log.v1", "change.v1"} <= consumer.stages.validators.keys()


@pytest.mark.parametrize(
    ("lookups", "names"),
    [
        ((), set()),
        ((deployment(into="/by"),), {"deployment"}),
        ((reference("/body", table="a", into="/b"), geoip("/body"), geoip("/c")), {"table", "geoip"}),
        ((object_row("/body", name="a.csv", by="b", into="/b"),), {"object"}),
    ],
)
def test_lookups(lookups: tuple[Enrichment, ...], names: set[str]) -> None:
    """`process` can look up what its routes name, and nothing else; without any it needs nothing for it."""
    lookup = Environment(VARIABLES["process"] | LOOKUPS, CLIENTS, routes=_with(*lookups)).process().lookup
    assert names == (lookup.kinds.keys() if isinstance(lookup, Together) else set())
    assert isinstance(lookup, Together | NoLookup)


@pytest.mark.parametrize("name", LOOKUPS)
def test_lookups_miss_a_variable(name: str) -> None:
    """What a kind needs is named when the function starts."""
    these = _with(
        deployment(into="/by"), reference("/body", table="a", into="/b"), object_row("/a", name="a", by="b", into="/c")
    )
    with pytest.raises(Misconfiguration, match=f"environment variable {name} is not set"):
        Environment(VARIABLES["process"] | LOOKUPS | {name: ""}, CLIENTS, routes=these).process()


@pytest.mark.parametrize(("seconds", "why"), [("1m", "LOOKUP_SECONDS is '1m'; set it to whole seconds")])
def test_lookup_seconds(seconds: str, why: str) -> None:
    """How old a fact may be is a number."""
    variables = VARIABLES["process"] | LOOKUPS | {"LOOKUP_SECONDS": seconds}
    with pytest.raises(Misconfiguration, match=why):
        Environment(variables, CLIENTS, routes=_with(geoip("/a"))).process()


def test_a_kind_of_lookup_that_nobody_knows() -> None:
    """A route with a lookup of a kind of its own is refused when the function starts."""

    class Unknown(Owner):
        kind = "ldap"

    with pytest.raises(Misconfiguration, match="a route looks up ldap, which nothing here can; it knows table, "):
        Environment(VARIABLES["process"] | LOOKUPS, CLIENTS, routes=_with(Unknown())).process()


def _with(*lookups: Enrichment) -> dict[str, Route]:
    """The routes, none of which looks up anything but logs, which look up these."""
    plain = {name: replace(route, lookups=()) for name, route in PROCESS.items()}
    return {**plain, "log.v1": replace(plain["log.v1"], lookups=lookups)}


def test_relay_changes() -> None:
    """`relay_changes` writes entries to the stream it was given, and claims to the bucket, and nothing else."""
    consumer = Environment(VARIABLES["relay_changes"], CLIENTS).relay_changes()
    ((kind, sink),) = consumer.sinks.items()
    assert isinstance(sink, KinesisSink)
    assert (Entry, ClaimsBucket(CLIENTS.s3, "claims")) == (kind, sink.claims)
    own = dynamodb_record({"pk": {"S": "x"}}, after={"pk": {"S": "x"}})
    with pytest.raises(Misconfiguration, match="results is the results table"):
        consumer.stages.check(
            read(dynamodb_event({**own, "eventSourceARN": TABLE_STREAM_ARN.replace("orders", "results")}))
        )
    assert DeadLetterBucket(CLIENTS.s3, "dead", "relay_changes") == consumer.dead_letters
    assert {"change.v1"} == consumer.stages.validators.keys()


def test_outlets() -> None:
    """Each outlet that a route names is found by its variable; nothing else is made."""
    route = Route((), (where(bool, to_topic("ATopic")), to_queue("AQueue"), to_bus("ABus"), to_stream("AStream")))
    places = {"OUTLET_ATOPIC": "arn:a", "OUTLET_AQUEUE": "https://a", "OUTLET_ABUS": "a-bus", "OUTLET_ASTREAM": "a"}
    types = dict.fromkeys(read_schemas(SCHEMAS), route)
    environment = Environment({**VARIABLES["process"], **places}, CLIENTS, routes=types)
    assert {
        "ATopic": TopicSink(CLIENTS.sns, "arn:a"),
        "AQueue": QueueSink(CLIENTS.sqs, "https://a"),
        "ABus": BusSink(CLIENTS.events, "a-bus"),
        "AStream": StreamOutlet(KinesisStream(CLIENTS.kinesis, "a")),
    } == environment.process().outlets
    with pytest.raises(Misconfiguration, match="environment variable OUTLET_ATOPIC is not set"):
        Environment(VARIABLES["process"], CLIENTS, routes=types).process()


def test_collect() -> None:
    """`collect` puts onto the stream it was given, reports under its deployed name, and has every collector."""
    variables = {**VARIABLES["collect"], "PING_TARGETS": "tcp://a:1", "AWS_LAMBDA_FUNCTION_NAME": "shop-collect"}
    collect = Environment(variables, CLIENTS).collect()
    assert KinesisStream(CLIENTS.kinesis, "events") == collect.stream
    assert CollectReport("kinesis-pipeline", "collect", "shop-collect") == collect.report
    ping, canary = collect.collectors["ping"], collect.collectors["canary"]
    assert isinstance(ping, Ping)
    assert isinstance(canary, Canary)
    assert (["tcp://a:1"], "//shop-collect/ping") == ([each.text for each in ping.targets], ping.source)
    assert ("//shop-collect/canary", COLLECTORS.keys()) == (canary.source, collect.collectors.keys())


def test_a_wrong_target() -> None:
    """A target that is none is refused when the function starts."""
    with pytest.raises(Misconfiguration, match=r"target 1 of PingTargets: .*; write https://host/path"):
        Environment({**VARIABLES["collect"], "PING_TARGETS": "example.com"}, CLIENTS).collect()


def test_ingest_queue() -> None:
    """`ingest_queue` puts onto the stream, leaves claims in the bucket, and keeps dead letters under its own name."""
    intake = Environment(VARIABLES["ingest_queue"], CLIENTS).ingest_queue().intake
    assert isinstance(intake.stream, KinesisSink)
    assert KinesisStream(CLIENTS.kinesis, "events") == intake.stream.stream
    assert (ClaimsBucket(CLIENTS.s3, "claims"), "claims") == (intake.stream.claims, intake.rules.claims_bucket)
    assert DeadLetterBucket(CLIENTS.s3, "dead", "ingest_queue") == intake.dead_letters
    assert intake.rules.routes.keys() == intake.rules.validators.keys()


def test_ingest_async() -> None:
    """`ingest_async` knows the sources that may invoke it."""
    assert {"aws:sns", "aws.eventbridge", "aws:s3", "continue"} == Environment(
        VARIABLES["ingest_async"], CLIENTS
    ).ingest_async().takers.keys()


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(("function", "name"), [(each, name) for each, names in VARIABLES.items() for name in names])
def test_missing_variable(function: str, name: str, value: str | None) -> None:
    """A variable that is not set, or empty, is named when the function starts."""
    variables = {each: given for each, given in VARIABLES[function].items() if each != name}
    environment = Environment(variables if value is None else {**variables, name: value}, CLIENTS)
    with pytest.raises(Misconfiguration, match=f"environment variable {name} is not set"):
        getattr(environment, function)()


def test_from_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables are those of this process."""
    monkeypatch.setenv("RESULTS_TABLE", "here")
    assert ("here", SCHEMAS) == (from_env().variables["RESULTS_TABLE"], from_env().schemas)


def test_read_schemas(tmp_path: Path) -> None:
    """A schema's type is its file's name; other files are none."""
    (tmp_path / "log.v1.json").write_text('{"type": "object"}')
    (tmp_path / "README.md").write_text("not a schema")
    assert {"log.v1": {"type": "object"}} == read_schemas(tmp_path)


def test_no_schemas(tmp_path: Path) -> None:
    """A package without schemas is a misconfiguration, not a flood of unknown types."""
    with pytest.raises(Misconfiguration, match="no schemas in "):
        Environment(VARIABLES["process"], CLIENTS, tmp_path).process()
