"""The template says what the topology says: it is read back into the topology's own nouns, and they are equal.

Equality holds both ways: what only one of the two knows makes them differ.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import topology
from pipeline.api.operations import INGEST, QUERY
from pipeline.topology.kinds import (
    ApiFunction,
    AsyncFunction,
    Bucket,
    Bus,
    Function,
    Index,
    Queue,
    QueueFunction,
    QueueSource,
    Rule,
    Source,
    Stream,
    Table,
    Topic,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.aws.cloudformation.template import Template
    from pipeline.topology.kinds import AnyFunction


# What API Gateway's extension calls every method that is not named.
METHODS = {"x-amazon-apigateway-any-method": "ANY"}
# What CloudFormation knows by itself.
PSEUDO_PARAMETERS = {"AWS::AccountId", "AWS::StackName"}


def of_type(resources: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources of one type: logical id and properties."""
    return ((name, each.get("Properties", {})) for name, each in resources.items() if each["Type"] == kind)


def reference(value: object) -> str:
    """A value as the topology writes it: `${Stream}`, `${Stream.Arn}`, or itself."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": text}:
            return str(text)
        case _:
            return str(value)


def place(value: object) -> str:
    """A resource as the topology names it: `Stream`, `OrdersTable/stream`."""
    name, _, attribute = reference(value).strip("${}").partition(".")
    return f"{name}/stream" if attribute == "StreamArn" else name


def key(schema: list[Mapping[str, str]]) -> tuple[str, ...]:
    """Partition key first."""
    return tuple(each["AttributeName"] for each in sorted(schema, key=lambda each: each["KeyType"]))


def read_streams(resources: Mapping[str, Any]) -> set[Stream]:
    """The Kinesis streams."""
    return {Stream(name, each["RetentionPeriodHours"]) for name, each in of_type(resources, "AWS::Kinesis::Stream")}


def read_tables(resources: Mapping[str, Any]) -> set[Table]:
    """The DynamoDB tables."""
    return {
        Table(
            name,
            key=key(each["KeySchema"]),
            stream_view=each.get("StreamSpecification", {}).get("StreamViewType"),
            expires=each["TimeToLiveSpecification"]["AttributeName"],
            indexes=tuple(
                Index(index["IndexName"], key(index["KeySchema"])) for index in each.get("GlobalSecondaryIndexes", ())
            ),
        )
        for name, each in of_type(resources, "AWS::DynamoDB::Table")
    }


def read_buckets(resources: Mapping[str, Any]) -> set[Bucket]:
    """The S3 buckets."""
    return {
        Bucket(
            name,
            next(
                (
                    rule["ExpirationInDays"]
                    for rule in each["LifecycleConfiguration"]["Rules"]
                    if "ExpirationInDays" in rule
                ),
                None,
            ),
        )
        for name, each in of_type(resources, "AWS::S3::Bucket")
    }


def read_queues(resources: Mapping[str, Any]) -> set[Queue]:
    """The SQS queues."""
    found = set()
    for name, each in of_type(resources, "AWS::SQS::Queue"):
        redrive = each.get("RedrivePolicy")
        found.add(
            Queue(
                name,
                keep_days=each["MessageRetentionPeriod"] / 86_400,
                hidden_seconds=each.get("VisibilityTimeout", 30),
                is_fifo=each.get("FifoQueue", False),
                attempts=redrive and redrive["maxReceiveCount"],
                given_up=redrive and place(redrive["deadLetterTargetArn"]),
                is_kept=resources[name].get("DeletionPolicy") == "RetainExceptOnCreate",
            )
        )
    return found


def read_topics(resources: Mapping[str, Any]) -> list[Topic]:
    """The SNS topics: each has one subscription, of a function, or none of the stack's."""
    subscribed = [
        Topic(place(each["TopicArn"]), place(each["Endpoint"]), place(each["RedrivePolicy"]["deadLetterTargetArn"]))
        for _, each in of_type(resources, "AWS::SNS::Subscription")
    ]
    names = {each.resource for each in subscribed}
    others = [Topic(name) for name, _ in of_type(resources, "AWS::SNS::Topic") if name not in names]
    return sorted((*subscribed, *others), key=lambda each: each.resource)


def read_buses(resources: Mapping[str, Any]) -> set[Bus]:
    """The EventBridge buses."""
    return {
        Bus(name, each["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}-"))
        for name, each in of_type(resources, "AWS::Events::EventBus")
    }


def read_rules(resources: Mapping[str, Any]) -> set[Rule]:
    """The EventBridge rules that take all events of a bus, or the new objects of a bucket, with their one target."""
    found = set()
    account = {"account": [{"Ref": "AWS::AccountId"}]}
    for name, each in of_type(resources, "AWS::Events::Rule"):
        pattern = each.get("EventPattern", {})
        bucket = pattern.get("detail", {}).get("bucket", {}).get("name", [{}])[0].get("Ref")
        about = {"bucket": {"name": [{"Ref": bucket}]}}
        created = {**account, "source": ["aws.s3"], "detail-type": ["Object Created"], "detail": about}
        if pattern == (created if bucket else account):
            (target,) = each["Targets"]
            found.add(
                Rule(
                    name,
                    place(each["EventBusName"]) if "EventBusName" in each else None,
                    place(target["Arn"]),
                    retries=target["RetryPolicy"]["MaximumRetryAttempts"],
                    age_seconds=target["RetryPolicy"]["MaximumEventAgeInSeconds"],
                    given_up=place(target["DeadLetterConfig"]["Arn"]),
                    bucket=bucket,
                )
            )
    return found


def mappings(resources: Mapping[str, Any], *, of_queues: bool) -> Mapping[str, list[Mapping[str, Any]]]:
    """The event source mappings of each function that has some, of queues or of streams."""
    queues = {name for name, _ in of_type(resources, "AWS::SQS::Queue")}
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for _, each in of_type(resources, "AWS::Lambda::EventSourceMapping"):
        if (place(each["EventSourceArn"]) in queues) is of_queues:
            found[place(each["FunctionName"])].append(each)
    return found


def read_functions(resources: Mapping[str, Any]) -> list[Function]:
    """The functions of streams, without what they may do, which is compared on its own."""
    sources = mappings(resources, of_queues=False)
    return [
        Function(**read_function(name, each), sources=tuple(map(read_source, sources[name])))
        for name, each in of_type(resources, "AWS::Lambda::Function")
        if name in sources
    ]


def read_queue_functions(resources: Mapping[str, Any]) -> list[QueueFunction]:
    """The functions of queues."""
    sources = mappings(resources, of_queues=True)
    return [
        QueueFunction(
            **read_function(name, each),
            sources=frozenset(
                QueueSource(
                    place(mapping["EventSourceArn"]),
                    mapping["BatchSize"],
                    mapping.get("MaximumBatchingWindowInSeconds", 0),
                )
                for mapping in sources[name]
            ),
        )
        for name, each in of_type(resources, "AWS::Lambda::Function")
        if name in sources
    ]


def read_async_functions(resources: Mapping[str, Any]) -> list[AsyncFunction]:
    """The functions that Lambda keeps events for, and tries again."""
    configured = {place(each["FunctionName"]): each for _, each in of_type(resources, "AWS::Lambda::EventInvokeConfig")}
    return [
        AsyncFunction(
            **read_function(name, each),
            callers=frozenset(
                place(permission["SourceArn"])
                for _, permission in of_type(resources, "AWS::Lambda::Permission")
                if place(permission["FunctionName"]) == name
            ),
            retries=configured[name]["MaximumRetryAttempts"],
            age_seconds=configured[name]["MaximumEventAgeInSeconds"],
            given_up=place(configured[name]["DestinationConfig"]["OnFailure"]["Destination"]),
        )
        for name, each in of_type(resources, "AWS::Lambda::Function")
        if name in configured
    ]


def read_api_functions(resources: Mapping[str, Any]) -> list[ApiFunction]:
    """The functions that API Gateway asks, with what it asks of them."""
    operations = read_operations(resources)
    return [
        ApiFunction(**read_function(name, each), operations=frozenset(operations[name]))
        for name, each in of_type(resources, "AWS::Lambda::Function")
        if name in operations
    ]


def read_function(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What all functions have."""
    return {
        "resource": name,
        "name": properties["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}-"),
        "handler": properties["Handler"],
        "environment": {key: reference(value) for key, value in properties["Environment"]["Variables"].items()},
        "grants": (),
        "timeout_seconds": properties["Timeout"],
        "memory_mb": properties["MemorySize"],
    }


def read_operations(resources: Mapping[str, Any]) -> Mapping[str, set[tuple[str, str]]]:
    """Method and path of what API Gateway asks of each function."""
    operations: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for _, api in of_type(resources, "AWS::ApiGateway::RestApi"):
        for path, methods in api["Body"]["paths"].items():
            for method, each in methods.items():
                uri = each["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                name = uri.rpartition("${")[2].removesuffix(".Arn}/invocations")
                operations[name].add((METHODS.get(method, method.upper()), path))
    return operations


def read_source(mapping: Mapping[str, Any]) -> Source:
    """An event source mapping."""
    return Source(
        place(mapping["EventSourceArn"]),
        batch_size=mapping["BatchSize"],
        window_seconds=mapping["MaximumBatchingWindowInSeconds"],
        batches_per_shard=mapping["ParallelizationFactor"],
        retries=mapping["MaximumRetryAttempts"],
        age_seconds=mapping["MaximumRecordAgeInSeconds"],
        given_up=place(mapping["DestinationConfig"]["OnFailure"]["Destination"]),
    )


def without_grants[F: AnyFunction](functions: tuple[F, ...]) -> list[F]:
    """What `read_functions` and `read_api_functions` read."""
    return [replace(each, grants=()) for each in functions]


def test_streams_tables_and_buckets_are_the_declared_ones(resources: Mapping[str, Any]) -> None:
    """The template makes the declared streams, tables and buckets and no others."""
    assert set(topology.STREAMS) == read_streams(resources)
    assert set(topology.TABLES) == read_tables(resources)
    assert set(topology.BUCKETS) == read_buckets(resources)


def test_queues_topics_and_buses_are_the_declared_ones(resources: Mapping[str, Any]) -> None:
    """The template makes the declared doors and no others, and each leads where it is declared to."""
    assert set(topology.QUEUES) == read_queues(resources)
    assert list(topology.TOPICS) == read_topics(resources)
    assert set(topology.BUSES) == read_buses(resources)
    assert set(topology.RULES) == read_rules(resources)


def test_functions_are_the_declared_ones(resources: Mapping[str, Any]) -> None:
    """Handlers, environment, sources and batch settings are the declared ones, of all functions and no others."""
    assert without_grants(topology.FUNCTIONS) == read_functions(resources)
    assert without_grants(topology.API_FUNCTIONS) == read_api_functions(resources)
    assert without_grants(topology.ASYNC_FUNCTIONS) == read_async_functions(resources)
    assert without_grants(topology.QUEUE_FUNCTIONS) == read_queue_functions(resources)
    made = {name for name, _ in of_type(resources, "AWS::Lambda::Function")}
    assert {each.resource for each in topology.ALL_FUNCTIONS} == made


def test_the_api_leads_to_the_operations() -> None:
    """API Gateway asks each function for all that it answers; what nobody answers goes to `query_api`."""
    asked = {each.resource: each.operations for each in topology.API_FUNCTIONS}
    assert INGEST.keys() == asked["IngestApiFunction"]
    nobodys = {("ANY", "/"), ("ANY", "/{proxy+}")}
    assert {("ANY", path) for _, path in (*INGEST, *QUERY)} | nobodys == asked["QueryApiFunction"]


def test_another_authorization_is_another_deployment(
    template: Template, translate: Callable[[Template], Mapping[str, Any]]
) -> None:
    """A stage shows what was deployed: a parameter that changes who may call must make a new deployment."""
    deployments = set()
    for authorization in template["Parameters"]["ApiAuthorization"]["AllowedValues"]:
        template["Parameters"]["ApiAuthorization"]["Default"] = authorization
        deployments |= {name for name, _ in of_type(translate(template)["Resources"], "AWS::ApiGateway::Deployment")}

    assert 3 == len(deployments)


@pytest.mark.parametrize("path", ["/events", "/health"])
def test_an_operation_that_differs_is_seen(
    template: Template, translate: Callable[[Template], Mapping[str, Any]], path: str
) -> None:
    """A path that only one of the two knows, or a method that another function answers, makes the two differ."""
    paths = template["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    if path == "/events":
        del paths[path]["post"]
    else:
        paths["/more"] = paths.pop(path)

    assert without_grants(topology.API_FUNCTIONS) != read_api_functions(translate(template)["Resources"])


def test_every_mapping_belongs_to_a_declared_function(resources: Mapping[str, Any]) -> None:
    """A function has a mapping for each of its sources, and there is no mapping beside those."""
    mapped = [place(each["FunctionName"]) for _, each in of_type(resources, "AWS::Lambda::EventSourceMapping")]
    declared = [each.resource for each in topology.FUNCTIONS for _ in each.sources]
    declared += [each.resource for each in topology.QUEUE_FUNCTIONS for _ in each.sources]

    assert sorted(declared) == sorted(mapped)


def test_outputs_are_the_declared_ones(template: Template) -> None:
    """The stack tells the declared names and no others."""
    assert topology.OUTPUTS == {name: reference(each["Value"]) for name, each in template["Outputs"].items()}


def test_references_lead_somewhere(template: Template) -> None:
    """What functions consume, give up into, and are told about is declared; so is what the doors lead to."""
    held = (*topology.STREAMS, *topology.TABLES, *topology.BUCKETS, *topology.QUEUES)
    doors: list[Topic | Rule] = [*(each for each in topology.TOPICS if each.function), *topology.RULES]
    told = {
        value.strip("${}")
        for each in topology.ALL_FUNCTIONS
        for value in each.environment.values()
        if value.startswith("${")
    }
    sources = [source for each in topology.FUNCTIONS for source in each.sources]
    consumed = {source.resource.partition("/")[0] for source in sources}
    consumed |= {source.resource for each in topology.QUEUE_FUNCTIONS for source in each.sources}
    given_up = {source.given_up for source in sources}
    given_up |= {each.given_up for each in topology.ASYNC_FUNCTIONS} | {str(each.given_up) for each in doors}
    given_up |= {each.given_up for each in topology.QUEUES if each.given_up}

    known = {each.resource for each in held}
    outlets = {each.resource for each in topology.OUTLETS}
    assert told <= known | outlets | template["Parameters"].keys() | PSEUDO_PARAMETERS
    assert consumed | given_up <= known
    called = {each.resource: each.callers for each in topology.ASYNC_FUNCTIONS}
    assert all(each.resource in called[each.function or ""] for each in doors)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("Properties", "Handler"), "pipeline.functions.process.other"),
        (("Properties", "FunctionName"), {"Fn::Sub": "${AWS::StackName}-other"}),
        (("Properties", "Timeout"), 59),
        (("Properties", "MemorySize"), 128),
        (("Properties", "Environment", "Variables", "RESULTS_TABLE"), {"Ref": "OrdersTable"}),
        (("Properties", "Environment", "Variables", "ANOTHER"), "x"),
        (("Properties", "Events", "Records", "Properties", "BatchSize"), 100),
        (("Properties", "Events", "Records", "Properties", "MaximumBatchingWindowInSeconds"), 2),
        (("Properties", "Events", "Records", "Properties", "ParallelizationFactor"), 10),
        (("Properties", "Events", "Records", "Properties", "MaximumRetryAttempts"), 5),
        (("Properties", "Events", "Records", "Properties", "MaximumRecordAgeInSeconds"), 60),
        (("Properties", "Events", "Records", "Properties", "Stream"), {"Fn::GetAtt": ["ResultsTable", "StreamArn"]}),
    ],
)
def test_a_function_that_differs_is_seen(
    template: Template, translate: Callable[[Template], Mapping[str, Any]], path: tuple[str, ...], value: object
) -> None:
    """Any setting of a function that is changed on one side only makes the two differ."""
    inner: Any = template["Resources"]["ProcessFunction"]
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value

    assert without_grants(topology.FUNCTIONS) != read_functions(translate(template)["Resources"])


def test_a_resource_more_is_seen(template: Template, translate: Callable[[Template], Mapping[str, Any]]) -> None:
    """A table, bucket, stream or function that only the template knows makes the two differ."""
    for name in ("Stream", "OrdersTable", "ArchiveBucket", "RelayChangesFunction"):
        template["Resources"][f"{name}Too"] = template["Resources"][name]
    found = translate(template)["Resources"]

    assert set(topology.STREAMS) < read_streams(found)
    assert set(topology.TABLES) < read_tables(found)
    assert set(topology.BUCKETS) < read_buckets(found)
    assert len(topology.FUNCTIONS) < len(read_functions(found))


DOORS = {
    "Queue": ("Properties", "VisibilityTimeout"),
    "FifoQueue": ("Properties", "RedrivePolicy", "maxReceiveCount"),
    "TopicSubscription": ("Properties", "RedrivePolicy", "deadLetterTargetArn"),
    "Bus": ("Properties", "Name"),
    "BusRule": ("Properties", "Targets", 0, "RetryPolicy", "MaximumRetryAttempts"),
    "IngestAsyncFunction": ("Properties", "EventInvokeConfig", "MaximumEventAgeInSeconds"),
    "IngestQueueFunction": ("Properties", "Events", "Messages", "Properties", "BatchSize"),
    "TopicPermission": ("Properties", "SourceArn"),
}


@pytest.mark.parametrize(("name", "path"), DOORS.items(), ids=DOORS)
def test_a_door_that_differs_is_seen(
    template: Template,
    translate: Callable[[Template], Mapping[str, Any]],
    name: str,
    path: tuple[str | int, ...],
) -> None:
    """Any setting of a door that is changed on one side only makes the two differ."""
    inner: Any = template["Resources"][name]
    for part in path[:-1]:
        inner = inner[part]
    other = {"Fn::GetAtt": ["FifoQueue", "Arn"]} if "Arn" in str(path[-1]) else 61
    inner[path[-1]] = {"Fn::Sub": "${AWS::StackName}-other"} if path[-1] == "Name" else other
    found = translate(template)["Resources"]

    assert (
        set(topology.QUEUES),
        list(topology.TOPICS),
        set(topology.BUSES),
        set(topology.RULES),
        without_grants(topology.ASYNC_FUNCTIONS),
        without_grants(topology.QUEUE_FUNCTIONS),
    ) != (
        read_queues(found),
        read_topics(found),
        read_buses(found),
        read_rules(found),
        read_async_functions(found),
        read_queue_functions(found),
    )
