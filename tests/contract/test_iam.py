"""Least privilege: what is granted is what is declared, and what is declared is what is used.

The template's roles are read back and compared with the topology, both ways. Then each function runs on a batch that
takes all its ways, with AWS answering from here, and the calls it makes are compared with what it may do.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

import orjson
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from pipeline import routes, topology
from pipeline.aws.clients import Clients
from pipeline.aws.patience import PROMPT
from pipeline.core.claim import leave
from pipeline.environment import Environment, read_schemas
from pipeline.lookups import geoip, object_row, pseudonymised, reference
from pipeline.project import SCHEMAS
from pipeline.testing.api_events import api_event
from pipeline.testing.arrivals import fifo_event, sns_event, sqs_event
from pipeline.testing.lambda_events import dynamodb_event, dynamodb_record, kinesis_event, log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from pipeline.aws.cloudformation.template import Template
    from pipeline.sources.arrivals import Arrivals
    from pipeline.topology.kinds import AnyFunction, Function

type Grants = dict[str, set[str]]

# What Lambda itself does with the role of a function: none of it shows in the function's own calls.
BY_LAMBDA = {"logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket"} | {
    f"sqs:{each}" for each in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage")
}
IN_THIS_ACCOUNT = "${AWS::Region}:${AWS::AccountId}"
SECRETS = {
    f"arn:${{AWS::Partition}}:secretsmanager:{IN_THIS_ACCOUNT}:secret:${{AWS::StackName}}/*": "Secrets/stack/*",
    f"arn:${{AWS::Partition}}:ssm:{IN_THIS_ACCOUNT}:parameter/${{AWS::StackName}}/*": "Parameters/stack/*",
}
GIVEN_UP = "DeadLetterBucket/aws/lambda/*"
FUNCTIONS: list[AnyFunction] = [*topology.ALL_FUNCTIONS]
# The one role beside those of functions: the account's, with which API Gateway writes logs.
LOGS_ROLE = "ApiLogsRole"


def place(value: Any) -> str:  # noqa: ANN401 - JSON
    """A resource of a statement as the topology names it."""
    match value:
        case {"Fn::GetAtt": [name, "StreamArn"]}:
            return f"{name}/stream"
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name}:
            return str(name)
        case {"Fn::Sub": str(text)} if ":function:" in text:
            name = text.rpartition(":function:${AWS::StackName}-")[2]
            return next(each.resource for each in FUNCTIONS if each.name == name)
        case {"Fn::Sub": str(text)} if text.startswith("arn:${AWS::Partition}:s"):
            return SECRETS.get(text, text)
        case {"Fn::Sub": text}:
            return str(text).replace("${", "").replace(".Arn}", "")
    return json.dumps(value)


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """IAM lets a list of one be written without the list."""
    return value if isinstance(value, list) else [value]


def granted(resources: Mapping[str, Any], function: str) -> Grants:
    """What the role of a function allows, by resource."""
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    grants: defaultdict[str, set[str]] = defaultdict(set)
    for policy in resources[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert "Allow" == statement["Effect"]
            assert statement.keys() <= {"Sid", "Effect", "Action", "Resource"}
            for resource in listed(statement["Resource"]):
                grants[place(resource)] |= set(listed(statement["Action"]))
    return dict(grants)


def declared(function: AnyFunction) -> Grants:
    """What the topology grants, by resource."""
    grants: defaultdict[str, set[str]] = defaultdict(set)
    for grant in function.grants:
        grants[grant.resource] |= grant.actions
    return dict(grants)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.name)
def test_granted_is_declared(function: AnyFunction, resources: Mapping[str, Any]) -> None:
    """A role allows what is declared, nothing more and nothing less."""
    assert declared(function) == granted(resources, function.resource)


def test_each_function_has_a_role_of_its_own(resources: Mapping[str, Any]) -> None:
    """No two functions share a role, one role is beside, for logs, and a function's has no other policies."""
    used = [
        each["Properties"]["Role"]["Fn::GetAtt"][0]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Function"
    ]
    roles = {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}

    logs = roles.pop(LOGS_ROLE)
    (policy,) = logs.pop("ManagedPolicyArns")
    assert policy["Fn::Sub"].endswith(":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    assert "Policies" not in logs
    assert sorted(roles) == sorted(used)
    assert all("ManagedPolicyArns" not in role for role in roles.values())
    assert [] == [name for name, each in resources.items() if "Policy" in each["Type"] and "IAM" in each["Type"]]


def test_only_lambda_may_take_a_role(resources: Mapping[str, Any]) -> None:
    """A role trusts Lambda and nobody else; the one for logs trusts API Gateway."""
    for name, each in resources.items():
        if each["Type"] == "AWS::IAM::Role":
            service = "apigateway.amazonaws.com" if name == LOGS_ROLE else "lambda.amazonaws.com"
            trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
            assert [trust] == each["Properties"]["AssumeRolePolicyDocument"]["Statement"]


def test_nothing_is_granted_by_wildcard() -> None:
    """No action is a pattern and no resource is everything; a `*` stands behind a prefix of a bucket only.

    What is dropped has whatever key its owner gives it.
    """
    for function in FUNCTIONS:
        for grant in function.grants:
            assert not any("*" in action for action in grant.actions)
            bucket, _, prefix = grant.resource.partition("/")
            assert "*" not in bucket
            assert "*" not in prefix.removesuffix("/*") or (bucket, prefix) == (topology.DROP.resource, "*")


def test_nothing_writes_to_the_drop_bucket() -> None:
    """It would be read, and written again, without end. Only the function that reads it is told its name."""
    granted = [
        grant for each in FUNCTIONS for grant in each.grants if grant.resource.startswith(topology.DROP.resource)
    ]

    assert {"s3:GetObjectVersion", "s3:ListBucket"} == {action for grant in granted for action in grant.actions}
    named = [each.name for each in FUNCTIONS if f"${{{topology.DROP.resource}}}" in each.environment.values()]
    assert [topology.INGEST_ASYNC.name] == named
    assert topology.DROP.resource not in {source.given_up for each in topology.FUNCTIONS for source in each.sources}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:DeleteItem", {"Fn::GetAtt": ["ResultsTable", "Arn"]}),
        ("dynamodb:PutItem", {"Fn::GetAtt": ["OrdersTable", "Arn"]}),
        ("s3:PutObject", {"Fn::Sub": "${ArchiveBucket.Arn}/*"}),
        ("s3:PutObject", "*"),
        ("s3:*", {"Fn::Sub": "${ArchiveBucket.Arn}/archive/*"}),
    ],
)
def test_a_grant_more_is_seen(
    template: Template, translate: Callable[[Template], Mapping[str, Any]], action: str, resource: object
) -> None:
    """A statement that only the template has makes the two differ."""
    policy = template["Resources"]["ProcessRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Effect": "Allow", "Action": action, "Resource": resource})

    assert declared(topology.PROCESS) != granted(translate(template)["Resources"], "ProcessFunction")


def test_a_grant_less_is_seen(template: Template, translate: Callable[[Template], Mapping[str, Any]]) -> None:
    """A statement that the template lacks makes the two differ."""
    template["Resources"]["ProcessRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].pop()

    assert declared(topology.PROCESS) != granted(translate(template)["Resources"], "ProcessFunction")


class Calls:
    """AWS, answering from here: every call is carried out, and noted as the grant that it needs."""

    def __init__(self) -> None:
        """No call yet."""
        self.needed: defaultdict[str, set[str]] = defaultdict(set)
        self.is_throttled = False

    def attach(self, clients: Clients) -> Clients:
        """Answer all calls of these clients."""
        given = (clients.dynamodb, clients.s3, clients.kinesis, clients.functions)
        secrets = (clients.secretsmanager, clients.ssm)
        for client in (*given, *secrets, clients.events, clients.sns, clients.sqs):
            client.meta.events.register("before-send", self._answer)  # type: ignore[arg-type] # what it returns is sent back
        return clients

    def _answer(self, request: AWSPreparedRequest, event_name: str, **_rest: object) -> AWSResponse:
        _, service, operation = event_name.split(".")
        body: bytes = getattr(self, f"{service.replace('-', '_')}_")(operation, request)
        return _Answer(request.url, body)

    def dynamodb_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note a call to a table; every item is written."""
        asked = orjson.loads(cast("bytes", request.body))
        for table in asked.get("RequestItems") or [asked["TableName"]]:
            self.needed[_with_index(table, asked)].add(f"dynamodb:{operation}")
        return b'{"UnprocessedItems": {}, "Items": []}'

    def s3_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note a call to an object, by the first part of its key; what was dropped has a large line and a small one."""
        bucket, prefix = request.url.split("/")[3:5]
        if bucket == topology.DROP.resource:
            assert "versionId=" in prefix
            self.needed[f"{bucket}/*"].add(f"s3:{operation}Version")
            return b"a" * 500_000 + b"\nb\n"
        self.needed[f"{bucket}/{prefix}/*"].add(f"s3:{operation}")
        return b"body\n" if prefix == "reference" else b""

    def eventbridge_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note a call to a bus; every event is taken."""
        entries = orjson.loads(cast("bytes", request.body))["Entries"]
        self.needed[entries[0]["EventBusName"]].add(f"events:{operation}")
        return orjson.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in entries]})

    def sns_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note a call to a topic, which a batch needs no other right for; its one message is taken."""
        asked = parse_qs(cast("str", request.body))
        self.needed[asked["TopicArn"][0]].add(f"sns:{operation.removesuffix('Batch')}")
        answer = "<PublishBatchResult><Successful><member><Id>0</Id></member></Successful></PublishBatchResult>"
        return f"<PublishBatchResponse>{answer}</PublishBatchResponse>".encode()

    def secrets_manager_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note that a secret is read."""
        assert orjson.loads(cast("bytes", request.body))["SecretId"].startswith("AWS::StackName/")
        self.needed["Secrets/stack/*"].add(f"secretsmanager:{operation}")
        return orjson.dumps({"SecretString": KEYS})

    def ssm_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note that a parameter is read."""
        assert orjson.loads(cast("bytes", request.body))["Name"].startswith("/AWS::StackName/")
        self.needed["Parameters/stack/*"].add(f"ssm:{operation}")
        return orjson.dumps({"Parameter": {"Value": KEYS}})

    def lambda_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note that a function is invoked."""
        self.needed[request.url.split("/")[5]].add(f"lambda:{operation}Function")
        return b""

    def kinesis_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note a call to a stream; every record is accepted, or none."""
        asked = orjson.loads(cast("bytes", request.body))
        self.needed[asked["StreamName"]].add(f"kinesis:{operation}")
        outcome = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
        if self.is_throttled:
            outcome = {"ErrorCode": "ProvisionedThroughputExceededException"}
        return orjson.dumps({"FailedRecordCount": 0, "Records": [outcome] * len(asked["Records"])})

    def sqs_(self, operation: str, request: AWSPreparedRequest) -> bytes:
        """Note a call to a queue; the right to do something to a message is the right to do it to several at once."""
        asked = orjson.loads(cast("bytes", request.body))
        queue = asked["QueueUrl"].rpartition("/")[2].removesuffix(".fifo")
        self.needed[queue].add(f"sqs:{operation.removesuffix('Batch')}")
        return orjson.dumps({"Successful": [{"Id": each["Id"]} for each in asked["Entries"]], "Failed": []})


def _with_index(table: str, asked: Mapping[str, Any]) -> str:
    return f"{table}/index/{asked['IndexName']}" if "IndexName" in asked else table


class _Answer(AWSResponse):
    """A response that was never on a wire."""

    def __init__(self, url: str, content: bytes) -> None:
        headers = HTTPHeaders()
        headers["Content-Range"] = f"bytes 0-{len(content)}/{len(content)}"
        headers["ETag"], headers["Last-Modified"] = '"x"', "Mon, 23 Nov 2026 10:00:00 GMT"
        super().__init__(url, 200, headers, BytesIO(content))
        self._content = content


def deployed(function: AnyFunction) -> Mapping[str, str]:
    """The environment of a function in a stack where each resource is called by its logical id."""
    return {name: value.removeprefix("${").removesuffix("}") for name, value in function.environment.items()}


KEYS = orjson.dumps({"keys": {"k1": base64.b64encode(bytes(32)).decode()}}).decode()
# One of each kind that calls anything; what is out of reach here is marked.
LOOKUPS = (
    reference("/body", table="owners", into="/owner", optional=True),
    object_row("/body", name="owners.csv", by="body", into="/row", optional=True),
    geoip("/body", optional=True),
    pseudonymised("/body", keys="pseudonyms"),
    pseudonymised("/body", keys="ssm:pseudonyms"),
)
FINDING, OBJECT = (read_schemas(SCHEMAS)[name]["examples"][0] for name in ("guardduty_finding.v1", "s3_object.v1"))


def calls_of_process() -> Grants:
    """A batch that ends everywhere it can: an event, a change of an entity, a dead letter, a claim, outlets."""
    calls = Calls()
    declared = {**routes.PROCESS, "log.v1": replace(routes.PROCESS["log.v1"], lookups=LOOKUPS)}
    variables = {**deployed(topology.PROCESS), "LOOKUP_SECONDS": "60"}
    consumer = Environment(variables, calls.attach(Clients(local=True)), routes=declared).process()
    change = {
        **log_event("c-1", key="orders/1"),
        "type": "change.v1",
        "data": {
            "op": "c",
            "before": None,
            "after": {"order_id": "1"},
            "key": {"order_id": "1"},
            "source": {"table": "orders", "event_id": "x", "sequence_number": "100000000000000000001"},
        },
    }
    claimed = leave(log_event("l-1"), "ClaimsBucket").envelope
    told = [
        {**log_event(f"o-{name}"), "type": name, "data": example}
        for name, example in (("guardduty_finding.v1", {**FINDING, "severity": 7}), ("s3_object.v1", OBJECT))
    ]
    answer = consumer.consume(
        kinesis_event(log_event(body="1.1.1.1"), change, b"not JSON", claimed, *told), lambda: 60.0
    )
    assert {"batchItemFailures": []} == answer
    return dict(calls.needed)


def calls_of_relay_changes() -> Grants:
    """A change, a large one, and a record that can never become one."""
    calls = Calls()
    consumer = Environment(deployed(topology.RELAY_CHANGES), calls.attach(Clients(local=True))).relay_changes()
    good = dynamodb_record({"order_id": {"S": "1"}}, after={"order_id": {"S": "1"}})
    bad = dynamodb_record({"order_id": {"??": "1"}}, after={"order_id": {"??": "1"}}, sequence_number=10**21)
    large = {"order_id": {"S": "2"}, "note": {"S": "x" * 300_000}}
    other = dynamodb_record({"order_id": {"S": "2"}}, after=large, sequence_number=10**21 + 1)
    answer = consumer.consume(dynamodb_event(good, bad, other), lambda: 60.0)
    assert {"batchItemFailures": []} == answer
    return dict(calls.needed)


def own(function: Function) -> Grants:
    """What is declared for the function's own calls: without reading its sources, which Lambda does."""
    by_lambda = BY_LAMBDA - {"sqs:SendMessage"}  # of batches, Lambda gives up to the bucket
    places = {name: actions - by_lambda for name, actions in declared(function).items() if name != GIVEN_UP}
    read = {source.resource for source in function.sources}
    return {name: actions for name, actions in places.items() if actions and name not in read}


def calls_of_ingest_api() -> Grants:
    """Two events that are accepted; one leaves its data in S3."""
    calls = Calls()
    clients = calls.attach(Clients(local=True, patience=PROMPT))
    endpoint = Environment(deployed(topology.INGEST_API), clients).ingest_api()
    headers = {"Content-Type": "application/cloudevents+json"}
    for body in ("x", "x" * 500_000):
        event = api_event("POST", "/events", headers=headers, body=orjson.dumps(log_event(body=body)))
        assert 202 == endpoint.answer(event, lambda: 27.0)["statusCode"]
    return dict(calls.needed)


def calls_of_ingest_async() -> Grants:
    """A notification that is put, one that leaves its data in S3, one that can never be put, and a dropped object."""
    calls = Calls()
    arrivals = arrivals_of(calls)
    for text in ("started", "x" * 500_000, '{"specversion": "1.0"}'):
        arrivals.take(sns_event(text), lambda: 900.0)
    arrivals.take(DROPPED, partial(next, chain([900.0], repeat(20.0))))
    return dict(calls.needed)


# There is no time for more than its first line.
DROPPED = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {
        "bucket": {"name": topology.DROP.resource},
        "object": {"key": "x", "version-id": "1", "etag": "x"},
    },
}


def arrivals_of(calls: Calls) -> Arrivals:
    """What `ingest_async` does, where these calls answer."""
    variables = {**deployed(topology.INGEST_ASYNC), "AWS_LAMBDA_FUNCTION_NAME": topology.INGEST_ASYNC.resource}
    return Environment(variables, calls.attach(Clients(local=True))).ingest_async()


def test_a_dropped_line_may_leave_its_data() -> None:
    """What is too large goes to the claims bucket, by the grant that messages have too."""
    calls = Calls()
    arrivals_of(calls).take(DROPPED, lambda: 900.0)

    assert {"s3:PutObject"} == calls.needed["ClaimsBucket/claims/*"]


def calls_of_ingest_queue() -> Grants:
    """Of each queue a message that is put, one that leaves its data in S3, one that can never be; and a throttle."""
    calls = Calls()
    clients = calls.attach(Clients(local=True, patience=PROMPT))
    batches = Environment(deployed(topology.INGEST_QUEUE), clients).ingest_queue()
    for queue, batch in (("Queue", sqs_event), ("FifoQueue.fifo", fifo_event)):
        records = batch("started", "x" * 500_000, '{"specversion": "1.0"}')["Records"]
        event = {"Records": [{**each, "eventSourceARN": f"arn:aws:sqs:us-east-1:0:{queue}"} for each in records]}
        calls.is_throttled = False
        assert {"batchItemFailures": []} == batches.answer(event, lambda: 60.0)
        calls.is_throttled = True
        assert batches.answer(event, lambda: 30.0)["batchItemFailures"]
    return dict(calls.needed)


def calls_of_collect() -> Grants:
    """A canary, and one look for it."""
    calls = Calls()
    variables = {**deployed(topology.COLLECT), "PING_TARGETS": "", "CANARY_ENABLED": "true"}
    collect = Environment(variables, calls.attach(Clients(local=True))).collect()
    collect.run({"time": "2026-11-24T10:00:00Z"}, lambda: 2.0)
    return dict(calls.needed)


def calls_of_query_api() -> Grants:
    """One item, and a list by the index."""
    calls = Calls()
    endpoint = Environment(deployed(topology.QUERY_API), calls.attach(Clients(local=True))).query_api()
    one = api_event("GET", "/state/{table}/{key}", {"table": "orders", "key": "1"})
    assert 404 == endpoint.answer(one, lambda: 27.0)["statusCode"]
    assert 200 == endpoint.answer(api_event("GET", "/events", query={"key": ["k"]}), lambda: 27.0)["statusCode"]
    return dict(calls.needed)


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (topology.INGEST_API, calls_of_ingest_api),
        (topology.QUERY_API, calls_of_query_api),
        (topology.INGEST_ASYNC, calls_of_ingest_async),
        (topology.INGEST_QUEUE, calls_of_ingest_queue),
        (topology.COLLECT, calls_of_collect),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_a_function_uses_what_it_is_granted(function: AnyFunction, calls: Callable[[], Grants]) -> None:
    """Every grant of a function is used, and it calls nothing that is not granted."""
    grants = {name: actions - BY_LAMBDA for name, actions in declared(function).items()}
    assert {name: actions for name, actions in grants.items() if actions} == calls()


def test_process_uses_what_it_is_granted() -> None:
    """Every grant of `process` is used, and it calls nothing that is not granted."""
    assert own(topology.PROCESS) == calls_of_process()


def test_relay_changes_uses_what_it_is_granted() -> None:
    """Every grant of `relay_changes` is used, and it calls nothing that is not granted."""
    assert own(topology.RELAY_CHANGES) == calls_of_relay_changes()
