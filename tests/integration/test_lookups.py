"""Enrichment on LocalStack: rows of the deployed table, objects and a GeoIP database of the deployed bucket.

The consumer of `process` runs here, with the variables that its function was deployed with and a route that looks up
something of every kind; facts are asked for anew each second.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.aws.clients import Clients
from pipeline.aws.lookups.together import Together
from pipeline.aws.results import Results
from pipeline.environment import Environment, read_schemas
from pipeline.errors import Misconfiguration
from pipeline.lookups import default, deployment, geoip, object_row, pseudonymised, reference
from pipeline.project import SCHEMAS
from pipeline.routes import PROCESS
from pipeline.testing.lambda_events import kinesis_event, log_event
from pipeline.transforms.pseudonymise import pseudonym
from tests.integration.waiting import eventually
from tests.unit.aws.lookups.databases import cities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.consumer import Consumer
    from pipeline.ports import Enrichment

pytestmark = pytest.mark.integration

LOOKUPS = (
    reference("/attributes/id", table="customers", into="/attributes/customer", missing=default({"tier": "none"})),
    object_row("/attributes/to", name="countries.csv", by="code", into="/attributes/country"),
    object_row("/attributes/to", name="regions.ndjson.gz", by="code", into="/attributes/region", optional=True),
    geoip("/attributes/ip", optional=True),
    deployment(into="/attributes/by"),
)
OPTIONAL = reference("/attributes/id", table="customers", into="/attributes/customer", optional=True)
COUNTRIES = b"code,name\nDE,Germany\nFR,France\n"


class Deployed:
    """The deployed stack, and the consumer of `process` with another route for logs."""

    def __init__(self, clients: Clients, outputs: Mapping[str, str]) -> None:
        self.clients, self.outputs = clients, outputs
        name = outputs["ProcessFunctionName"]
        answer: Any = clients.functions.get_function_configuration(FunctionName=name)
        self.variables = {**answer["Environment"]["Variables"], "LOOKUP_SECONDS": "1", "AWS_REGION": "us-east-1"}
        self.consumer = self.process()
        self.results = Results(clients.dynamodb, outputs["ResultsTableName"])

    def process(self, clients: Clients | None = None, lookups: Sequence[Enrichment] = LOOKUPS) -> Consumer:
        """A consumer that was just started; its table may be asked elsewhere."""
        routes = {**PROCESS, "log.v1": dataclasses.replace(PROCESS["log.v1"], transforms=(), lookups=lookups)}
        made = Environment(self.variables, self.clients, routes=routes).process()
        if clients is not None:
            assert isinstance(made.lookup, Together)
            table: Any = made.lookup.kinds["table"]
            table.client = clients.dynamodb
        return made

    def enriched(self, consumer: Consumer | None = None, **attributes: Any) -> Any:  # noqa: ANN401 - JSON
        """What is stored of the attributes of an event, or the answer when it is to come again."""
        event = log_event(uuid.uuid4().hex, key=uuid.uuid4().hex, attributes=attributes)
        until = time.monotonic() + 20
        batch = kinesis_event(event)
        answer = (consumer or self.consumer).consume(batch, lambda: until - time.monotonic())
        if answer["batchItemFailures"]:
            assert self.results.event(event["id"]) is None
            return "retried"
        stored: Any = self.results.event(event["id"])
        return stored["data"]["attributes"]

    def put(self, name: str, content: bytes) -> None:
        bucket = self.outputs["ReferenceBucketName"]
        self.clients.s3.put_object(Bucket=bucket, Key=f"reference/{name}", Body=content)

    def put_row(self, key: str, **attributes: Any) -> None:  # noqa: ANN401 - AttributeValues
        item = {"lookup": {"S": "customers"}, "key": {"S": key}, **attributes}
        self.clients.dynamodb.put_item(TableName=self.outputs["ReferenceTableName"], Item=item)


@pytest.fixture(scope="module")
def deployed(localstack: Clients, stack: Mapping[str, str]) -> Deployed:
    """With rows, countries and a database, and no regions."""
    made = Deployed(localstack, stack)
    made.put_row("42", tier={"S": "gold"}, since={"N": "2019"})
    made.put("countries.csv", COUNTRIES)
    made.put("geoip.mmdb", cities())
    return made


def test_every_kind(deployed: Deployed) -> None:
    """A record is enriched with all that is known of it; what is not there as declared, or with a mark."""
    by = {"stage": deployed.variables["STACK_NAME"], "region": "us-east-1", "account": "000000000000"}
    assert {
        "id": 42,
        "to": "DE",
        "ip": "81.2.69.142",
        "customer": {"tier": "gold", "since": 2019},
        "country": {"code": "DE", "name": "Germany"},
        "region": {"unavailable": "regions.ndjson.gz#code"},
        "geo.country.iso_code": "GB",
        "geo.locality.name": "London",
        "geo.location.lat": 51.5,
        "by": by,
    } == deployed.enriched(id=42, to="DE", ip="81.2.69.142")
    assert {"id": "7", "ip": "10.0.0.1", "customer": {"tier": "none"}, "by": by} == deployed.enriched(
        id="7", ip="10.0.0.1"
    )


def test_the_deployed_function(deployed: Deployed) -> None:
    """An access log that was put onto the stream has the place of its client, by the library in the package."""
    (example, *_) = read_schemas(SCHEMAS)["access_log.v1"]["examples"]
    data = {**example, "attributes": {**example["attributes"], "client.address": "81.2.69.142"}}
    event = {**log_event(uuid.uuid4().hex), "type": "access_log.v1", "data": data}
    stream = deployed.outputs["StreamName"]
    deployed.clients.kinesis.put_record(StreamName=stream, PartitionKey="a", Data=orjson.dumps(event))
    stored: Any = eventually(lambda: deployed.results.event(event["id"]), lambda seen: seen is not None)

    attributes = stored["data"]["attributes"]
    assert ("GB", "London") == (attributes["geo.country.iso_code"], attributes["geo.locality.name"])
    assert "81.2.69.0" == attributes["client.address"]


def test_an_object_written_anew(deployed: Deployed) -> None:
    """New facts within their time; a broken object keeps the ones before, and there is never a record without."""
    seen = []

    def country() -> str:
        seen.append(deployed.enriched(to="DE")["country"]["name"])
        return str(seen[-1])

    assert "Germany" == country()
    deployed.put("countries.csv", b"code,name\nDE")
    time.sleep(1.1)  # the time of a fact
    assert "Germany" == country()
    deployed.put("countries.csv", gzip.compress(COUNTRIES.replace(b"Germany", b"Deutschland")))
    assert "Deutschland" == eventually(country, lambda name: name == "Deutschland", 15)
    assert {"Germany", "Deutschland"} == set(seen)


def test_a_row_written_anew(deployed: Deployed) -> None:
    """A row that was not there, and one that was another, are known once their time is over."""
    key = uuid.uuid4().hex
    assert {"tier": "none"} == deployed.enriched(id=key)["customer"]
    for tier in ("silver", "gold"):
        deployed.put_row(key, tier={"S": tier})
        seen = eventually(lambda: deployed.enriched(id=key)["customer"], lambda row, t=tier: row == {"tier": t}, 15)  # type: ignore[misc] # t is bound
        assert {"tier": tier} == seen


def test_the_table_is_away(deployed: Deployed) -> None:
    """A record that cannot be without its row comes again, with nothing written; one that can has a mark."""
    nowhere = Clients("http://127.0.0.1:9", local=True)
    assert "retried" == deployed.enriched(deployed.process(nowhere), id=42)
    marked = deployed.enriched(deployed.process(nowhere, (OPTIONAL,)), id=42)
    assert {"unavailable": "customers"} == marked["customer"]


def test_pseudonyms(deployed: Deployed) -> None:
    """Keys of Secrets Manager and of SSM make pseudonyms; one that is not there stops the function, loudly."""
    name, stack = uuid.uuid4().hex, deployed.variables["STACK_NAME"]
    keys = orjson.dumps({"keys": {"k1": base64.b64encode(bytes(32)).decode()}}).decode()
    deployed.clients.secretsmanager.create_secret(Name=f"{stack}/{name}", SecretString=keys)
    deployed.clients.ssm.put_parameter(Name=f"/{stack}/{name}", Value=keys, Type="SecureString")
    expected = pseudonym("ada", "k1", bytes(32))
    for secret in (name, f"ssm:{name}"):
        consumer = deployed.process(lookups=(pseudonymised("/attributes/user", keys=secret),))
        assert {"user": expected} == deployed.enriched(consumer, user="ada")
    for secret in ("none", "ssm:none"):
        consumer = deployed.process(lookups=(pseudonymised("/attributes/user", keys=secret),))
        with pytest.raises(Misconfiguration, match=f"{stack}/none|NotFound"):
            deployed.enriched(consumer, user="ada")


def test_more_than_a_call_holds(deployed: Deployed) -> None:
    """A batch of 250 keys is looked up as a whole."""
    run = uuid.uuid4().hex
    for number in range(250):
        deployed.put_row(f"{run}-{number}", n={"N": str(number)})
    events = [log_event(f"{run}-{n}", key=run, attributes={"id": f"{run}-{n}"}) for n in range(250)]
    until = time.monotonic() + 60
    answer = deployed.process().consume(kinesis_event(*events), lambda: until - time.monotonic())

    assert {"batchItemFailures": []} == answer
    stored: list[Any] = [deployed.results.event(f"{run}-{n}") for n in range(0, 250, 50)]
    assert [{"n": n} for n in range(0, 250, 50)] == [each["data"]["attributes"]["customer"] for each in stored]
