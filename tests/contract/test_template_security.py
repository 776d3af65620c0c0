"""What must hold of every resource, whatever it is for: encrypted, private, finite, kept. Each rule is seen to fail.

A rule reads all resources of a type, so it holds for those that are added later, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.redelivery import hidden_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.aws.cloudformation.template import Template

RETRIES_AT_MOST = 1000
DYNAMODB_STREAMS_HOURS = 24
# Lambda's limits of asynchronous invocation and of batches of a FIFO queue, SQS's of retention.
RETRIES_OF_AN_EVENT = 2
EVENT_SECONDS_AT_MOST = 21_600
FIFO_BATCH_AT_MOST = 10
QUEUE_DAYS_AT_MOST = 14
# What the doors outlast, as the mappings of streams do.
OUTAGE_HOURS = 12
ASYNCHRONOUS = {"events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"}
# What has a policy: where it names its owner, and what it denies.
POLICIES = {
    "AWS::S3::Bucket": ("Bucket", "s3:*"),
    "AWS::SQS::Queue": ("Queues", "sqs:*"),
    "AWS::SNS::Topic": ("Topics", "sns:Publish"),
}
CARRIERS = {"AWS::Kinesis::Stream", "AWS::SQS::Queue"}
HOLDERS = {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}
PRIVATE = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
PHYSICAL_NAMES = {
    "BucketName",
    "FunctionName",
    "LogGroupName",
    "Name",
    "QueueName",
    "RoleName",
    "TableName",
    "TopicName",
}


def of_type(resources: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources of one type: logical id and properties."""
    return ((name, each.get("Properties", {})) for name, each in resources.items() if each["Type"] == kind)


def place(value: object) -> str:
    """The logical id that a reference leads to."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return str(name)
    return ""


def streams(resources: Mapping[str, Any]) -> Iterator[str]:
    """Kinesis streams are encrypted and remember three days."""
    for name, each in of_type(resources, "AWS::Kinesis::Stream"):
        if each.get("StreamEncryption", {}).get("EncryptionType") != "KMS":
            yield f"{name}: not encrypted"
        if each.get("RetentionPeriodHours", 24) < 72:
            yield f"{name}: remembers less than 72 hours"


def tables(resources: Mapping[str, Any]) -> Iterator[str]:
    """Tables are encrypted and can be restored to any second of the last weeks."""
    for name, each in of_type(resources, "AWS::DynamoDB::Table"):
        if each.get("SSESpecification") != {"SSEEnabled": True}:
            yield f"{name}: not encrypted"
        if each.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            yield f"{name}: no point-in-time recovery"


def buckets(resources: Mapping[str, Any]) -> Iterator[str]:
    """Buckets are encrypted, private, versioned, owned by their owner, and forget old versions."""
    for name, each in of_type(resources, "AWS::S3::Bucket"):
        rules = each.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if not any(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"} for rule in rules):
            yield f"{name}: not encrypted"
        if each.get("PublicAccessBlockConfiguration") != dict.fromkeys(PRIVATE, True):
            yield f"{name}: not private"
        if each.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{name}: not versioned"
        if each.get("OwnershipControls") != {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}:
            yield f"{name}: objects may belong to others"
        lifecycle = each.get("LifecycleConfiguration", {}).get("Rules", [])
        if not any("NoncurrentVersionExpiration" in rule for rule in lifecycle if rule["Status"] == "Enabled"):
            yield f"{name}: keeps old versions for ever"


def tls(resources: Mapping[str, Any]) -> Iterator[str]:
    """Every bucket, queue and topic has a policy that denies everything over anything but TLS, to everybody."""
    for kind, (list_name, action) in POLICIES.items():
        policies = {
            place(owner): each
            for _, each in of_type(resources, f"{kind}Policy")
            for owner in (each[list_name] if isinstance(each[list_name], list) else [each[list_name]])
        }
        for name, _ in of_type(resources, kind):
            denied = {
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": action,
                "Resource": _all_of(kind, name),
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
            if denied not in policies.get(name, {}).get("PolicyDocument", {}).get("Statement", []):
                yield f"{name}: may be used without TLS"


def _all_of(kind: str, name: str) -> Any:  # noqa: ANN401 - JSON
    if kind == "AWS::SNS::Topic":
        return {"Ref": name}
    arn = {"Fn::GetAtt": [name, "Arn"]}
    return [arn, {"Fn::Sub": f"${{{name}.Arn}}/*"}] if kind == "AWS::S3::Bucket" else arn


def guests(resources: Mapping[str, Any]) -> Iterator[str]:
    """A queue or topic lets others in by name only: a service, for one resource, to send."""
    for kind in ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"):
        for name, each in of_type(resources, kind):
            for statement in each["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow" and (
                    not statement["Principal"]["Service"].endswith(".amazonaws.com")
                    or statement["Action"] != "sqs:SendMessage"
                    or "aws:SourceArn" not in statement.get("Condition", {}).get("ArnEquals", {})
                ):
                    yield f"{name}: lets others in"


def unconsumed(resources: Mapping[str, Any]) -> set[str]:
    """The queues that no function takes from: what lies there, stays."""
    taken = {place(each["EventSourceArn"]) for _, each in of_type(resources, "AWS::Lambda::EventSourceMapping")}
    return {name for name, _ in of_type(resources, "AWS::SQS::Queue")} - taken


def queues(resources: Mapping[str, Any]) -> Iterator[str]:
    """Queues are encrypted and keep for two weeks; what one gives up goes to another of its kind, that is nobody's."""
    found = dict(of_type(resources, "AWS::SQS::Queue"))
    idle = unconsumed(resources)
    for name, each in found.items():
        if each.get("SqsManagedSseEnabled") is not True:
            yield f"{name}: not encrypted"
        if each.get("MessageRetentionPeriod") != QUEUE_DAYS_AT_MOST * 86_400:
            yield f"{name}: forgets in less than 14 days"
        if each.get("ContentBasedDeduplication"):
            yield f"{name}: takes two messages that say the same for one"
        redrive = each.get("RedrivePolicy")
        if name not in idle and redrive is None:
            yield f"{name}: tries for ever"
        if redrive is None:
            continue
        tries = range(1, redrive["maxReceiveCount"] + 1)
        hidden = [hidden_seconds(number, 0.0) or each["VisibilityTimeout"] for number in tries]
        if sum(hidden) < OUTAGE_HOURS * 3600:
            yield f"{name}: gives up in an outage of half a day"
        target = place(redrive["deadLetterTargetArn"])
        if target not in idle or found.get(target, {}).get("FifoQueue") != each.get("FifoQueue"):
            yield f"{name}: what it gives up is lost"


def topics(resources: Mapping[str, Any]) -> Iterator[str]:
    """Topics are encrypted, and what a subscription cannot hand over is kept."""
    for name, each in of_type(resources, "AWS::SNS::Topic"):
        if not each.get("KmsMasterKeyId"):
            yield f"{name}: not encrypted"
    for name, each in of_type(resources, "AWS::SNS::Subscription"):
        if not _is_standard_queue(resources, each.get("RedrivePolicy", {}).get("deadLetterTargetArn")):
            yield f"{name}: what it cannot hand over is lost"


def rules(resources: Mapping[str, Any]) -> Iterator[str]:
    """What a rule cannot hand over is kept, after finite tries, and its events are of this account."""
    for name, each in of_type(resources, "AWS::Events::Rule"):
        if "EventPattern" in each and each["EventPattern"].get("account") != [{"Ref": "AWS::AccountId"}]:
            yield f"{name}: takes events of other accounts"
        for target in each["Targets"]:
            policy = target.get("RetryPolicy", {})
            if not policy.get("MaximumRetryAttempts") or not policy.get("MaximumEventAgeInSeconds"):
                yield f"{name}: leaves its tries to a default"
            if not _is_standard_queue(resources, target.get("DeadLetterConfig", {}).get("Arn")):
                yield f"{name}: what it cannot hand over is lost"


def invocations(resources: Mapping[str, Any]) -> Iterator[str]:
    """What a service invokes without waiting is tried again, for a time, and kept when that fails."""
    configured = {place(each["FunctionName"]): each for _, each in of_type(resources, "AWS::Lambda::EventInvokeConfig")}
    for _, permission in of_type(resources, "AWS::Lambda::Permission"):
        name = place(permission["FunctionName"])
        if permission["Principal"] not in ASYNCHRONOUS:
            continue
        each = configured.get(name, {})
        if each.get("MaximumRetryAttempts") != RETRIES_OF_AN_EVENT:
            yield f"{name}: is not tried again"
        if not 60 <= each.get("MaximumEventAgeInSeconds", 0) <= EVENT_SECONDS_AT_MOST:
            yield f"{name}: leaves the age of its events to a default"
        destination = each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if not _is_standard_queue(resources, destination):
            yield f"{name}: what it gives up is lost"


def permissions(resources: Mapping[str, Any]) -> Iterator[str]:
    """A service may invoke a function for one resource of this account, and for nobody else's."""
    for name, each in of_type(resources, "AWS::Lambda::Permission"):
        source = each.get("SourceArn")
        if source is None or (each["Principal"] == "s3.amazonaws.com" and "SourceAccount" not in each):
            yield f"{name}: lets in whoever finds it"


def _is_standard_queue(resources: Mapping[str, Any], value: object) -> bool:
    queue = resources.get(place(value), {})
    return queue.get("Type") == "AWS::SQS::Queue" and not queue["Properties"].get("FifoQueue")


def queue_mappings(resources: Mapping[str, Any]) -> Iterator[str]:
    """A queue's batch is bounded, answered in part, and hidden for as long as it can take."""
    found = dict(of_type(resources, "AWS::SQS::Queue"))
    functions = dict(of_type(resources, "AWS::Lambda::Function"))
    for name, each in of_type(resources, "AWS::Lambda::EventSourceMapping"):
        queue = found.get(place(each["EventSourceArn"]))
        if queue is None:
            continue
        if each.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: ignores partial batch responses"
        window = each.get("MaximumBatchingWindowInSeconds", 0)
        if queue.get("FifoQueue") and (each["BatchSize"] > FIFO_BATCH_AT_MOST or window):
            yield f"{name}: is larger than a FIFO queue allows"
        if each["BatchSize"] > FIFO_BATCH_AT_MOST and window < 1:
            yield f"{name}: has no window for its size"
        if queue.get("VisibilityTimeout", 30) < 6 * functions[place(each["FunctionName"])]["Timeout"] + window:
            yield f"{name}: takes what is still being worked on"


def stream_mappings(resources: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The event source mappings that are not of a queue."""
    found = dict(of_type(resources, "AWS::SQS::Queue"))
    every = of_type(resources, "AWS::Lambda::EventSourceMapping")
    return ((name, each) for name, each in every if place(each["EventSourceArn"]) not in found)


def mappings(resources: Mapping[str, Any]) -> Iterator[str]:
    """No event source mapping can lose a record, hold a shard for ever, or feed on its own results."""
    for name, each in stream_mappings(resources):
        if each.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: ignores partial batch responses"
        if each.get("BisectBatchOnFunctionError") is not True:
            yield f"{name}: does not bisect"
        if each.get("StartingPosition") != "TRIM_HORIZON":
            yield f"{name}: may miss records"
        if not 0 <= each.get("MaximumRetryAttempts", -1) <= RETRIES_AT_MOST:
            yield f"{name}: retries without end"
        if not 60 <= each.get("MaximumRecordAgeInSeconds", -1) < DYNAMODB_STREAMS_HOURS * 3600:
            yield f"{name}: tries until the stream has forgotten the record"
        destination = each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", {})
        if resources.get(destination.get("Fn::GetAtt", [""])[0], {}).get("Type") != "AWS::S3::Bucket":
            yield f"{name}: what it gives up is lost"
        if each["EventSourceArn"] == {"Fn::GetAtt": ["ResultsTable", "StreamArn"]}:
            yield f"{name}: feeds on the results"


def logs(resources: Mapping[str, Any]) -> Iterator[str]:
    """Each function logs to a group of the template, which forgets."""
    groups = {str(each.get("LogGroupName")): each for _, each in of_type(resources, "AWS::Logs::LogGroup")}
    for name, each in of_type(resources, "AWS::Lambda::Function"):
        wanted = {"Fn::Sub": f"/aws/lambda/{each['FunctionName']['Fn::Sub']}"}
        if "RetentionInDays" not in groups.get(str(wanted), {}):
            yield f"{name}: its log group is made by Lambda and never forgets"


def watched(resources: Mapping[str, Any]) -> Iterator[str]:
    """What lies in a queue that nobody consumes sets off an alarm."""
    found = {
        place(dimension["Value"])
        for _, each in of_type(resources, "AWS::CloudWatch::Alarm")
        for dimension in each["Dimensions"]
        if (each["Namespace"], dimension["Name"]) == ("AWS/SQS", "QueueName")
    }
    for name in sorted(unconsumed(resources) - found):
        yield f"{name}: nobody hears of what lies there"


def kept(resources: Mapping[str, Any]) -> Iterator[str]:
    """What holds data outlives its stack, and nothing is left to a default."""
    for name, each in resources.items():
        if each["Type"] in HOLDERS or name in unconsumed(resources):
            if (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")) != ("RetainExceptOnCreate", "Retain"):
                yield f"{name}: goes with its stack"
        elif each["Type"] in CARRIERS and each.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: a replacement takes unread records along"


def names(resources: Mapping[str, Any]) -> Iterator[str]:
    """No name is fixed: two stacks live side by side."""
    for name, each in resources.items():
        for key in PHYSICAL_NAMES & each.get("Properties", {}).keys():
            value = each["Properties"][key]
            if "Ref" not in value and "${AWS::StackName}" not in str(value):
                yield f"{name}: {key} is the same for every stack"


def apis(resources: Mapping[str, Any]) -> Iterator[str]:
    """Every method of an API asks for what the parameter says, and no page of another site may call one."""
    for name, each in of_type(resources, "AWS::ApiGateway::RestApi"):
        for path, methods in each["Body"]["paths"].items():
            for method, operation in methods.items():
                if operation.get("x-amazon-apigateway-auth") != {"type": {"Fn::If": ["WithIam", "AWS_IAM", "NONE"]}}:
                    yield f"{name}: {method} {path} asks for no signature"
                if operation.get("security") != {"Fn::If": ["WithApiKey", [{"api_key": []}], []]}:
                    yield f"{name}: {method} {path} asks for no key"
                if method == "options" or "mock" in str(operation["x-amazon-apigateway-integration"]["type"]):
                    yield f"{name}: {method} {path} lets other sites in"


def stages(resources: Mapping[str, Any]) -> Iterator[str]:
    """Every stage is throttled and tells who called, and no log of it holds a body."""
    for name, each in of_type(resources, "AWS::ApiGateway::Stage"):
        (settings,) = each.get("MethodSettings", [{}])
        if (settings.get("ResourcePath"), settings.get("HttpMethod")) != ("/*", "*"):
            yield f"{name}: has methods without settings"
        if not settings.get("ThrottlingRateLimit") or not settings.get("ThrottlingBurstLimit"):
            yield f"{name}: is not throttled"
        if settings.get("DataTraceEnabled") is not False or settings.get("LoggingLevel") != "OFF":
            yield f"{name}: logs bodies"
        access = each.get("AccessLogSetting", {})
        if "$context.requestId" not in access.get("Format", "") or "Fn::GetAtt" not in access["DestinationArn"]:
            yield f"{name}: keeps no account of requests"


RULES = [
    streams,
    tables,
    buckets,
    queues,
    topics,
    rules,
    invocations,
    permissions,
    tls,
    guests,
    mappings,
    queue_mappings,
    logs,
    kept,
    watched,
    names,
    apis,
    stages,
]


@pytest.mark.parametrize("rule", RULES)
def test_rules_hold(rule: Callable[[Mapping[str, Any]], Iterator[str]], resources: Mapping[str, Any]) -> None:
    """The template breaks no rule."""
    assert [] == list(rule(resources))


MAPPING = ("ProcessFunction", "Properties", "Events", "Records", "Properties")
ANY = "x-amazon-apigateway-any-method"
HEALTH = ("Api", "Properties", "DefinitionBody", "paths", "/health", ANY)
SETTINGS = ("Api", "Properties", "MethodSettings", 0)
GONE = object()
QUEUED = ("IngestQueueFunction", "Properties", "Events")
STANDARD = (*QUEUED, "Messages", "Properties")
FIFO = (*QUEUED, "FifoMessages", "Properties")
TARGET = ("BusRule", "Properties", "Targets", 0)
INVOKED = ("IngestAsyncFunction", "Properties", "EventInvokeConfig")
FIFO_ARN = {"Fn::GetAtt": ["UndeliveredFifoQueue", "Arn"]}


@pytest.mark.parametrize(
    ("rule", "path", "value", "complaint"),
    [
        (streams, ("Stream", "Properties", "StreamEncryption"), GONE, "Stream: not encrypted"),
        (streams, ("Stream", "Properties", "RetentionPeriodHours"), 71, "Stream: remembers less than 72 hours"),
        (tables, ("ResultsTable", "Properties", "SSESpecification"), GONE, "ResultsTable: not encrypted"),
        (
            tables,
            ("OrdersTable", "Properties", "PointInTimeRecoverySpecification"),
            GONE,
            "OrdersTable: no point-in-time recovery",
        ),
        (buckets, ("ArchiveBucket", "Properties", "BucketEncryption"), GONE, "ArchiveBucket: not encrypted"),
        (
            buckets,
            ("ArchiveBucket", "Properties", "PublicAccessBlockConfiguration", "IgnorePublicAcls"),
            GONE,
            "ArchiveBucket: not private",
        ),
        (buckets, ("ArchiveBucket", "Properties", "VersioningConfiguration"), GONE, "ArchiveBucket: not versioned"),
        (
            buckets,
            ("ArchiveBucket", "Properties", "OwnershipControls"),
            GONE,
            "ArchiveBucket: objects may belong to others",
        ),
        (
            buckets,
            ("DeadLetterBucket", "Properties", "LifecycleConfiguration"),
            GONE,
            "DeadLetterBucket: keeps old versions for ever",
        ),
        (tls, ("DeadLetterBucketPolicy",), GONE, "DeadLetterBucket: may be used without TLS"),
        (tls, ("QueuePolicy",), GONE, "Queue: may be used without TLS"),
        (tls, ("TopicPolicy",), GONE, "Topic: may be used without TLS"),
        (
            guests,
            ("UndeliveredQueuePolicy", "Properties", "PolicyDocument", "Statement", 1, "Condition"),
            GONE,
            "UndeliveredQueuePolicy: lets others in",
        ),
        (queues, ("FifoQueue", "Properties", "SqsManagedSseEnabled"), GONE, "FifoQueue: not encrypted"),
        (
            queues,
            ("UndeliveredQueue", "Properties", "MessageRetentionPeriod"),
            345_600,
            "UndeliveredQueue: forgets in less than 14 days",
        ),
        (
            queues,
            ("FifoQueue", "Properties", "ContentBasedDeduplication"),
            True,
            "FifoQueue: takes two messages that say the same for one",
        ),
        (queues, ("Queue", "Properties", "RedrivePolicy"), GONE, "Queue: tries for ever"),
        (
            queues,
            ("Queue", "Properties", "RedrivePolicy", "maxReceiveCount"),
            115,
            "Queue: gives up in an outage of half a day",
        ),
        (
            queues,
            ("Queue", "Properties", "RedrivePolicy", "deadLetterTargetArn"),
            FIFO_ARN,
            "Queue: what it gives up is lost",
        ),
        (topics, ("Topic", "Properties", "KmsMasterKeyId"), GONE, "Topic: not encrypted"),
        (
            topics,
            ("TopicSubscription", "Properties", "RedrivePolicy"),
            GONE,
            "TopicSubscription: what it cannot hand over is lost",
        ),
        (
            rules,
            ("BusRule", "Properties", "EventPattern"),
            {"source": [{"prefix": ""}]},
            "BusRule: takes events of other accounts",
        ),
        (rules, (*TARGET, "RetryPolicy"), GONE, "BusRule: leaves its tries to a default"),
        (rules, (*TARGET, "DeadLetterConfig", "Arn"), FIFO_ARN, "BusRule: what it cannot hand over is lost"),
        (
            permissions,
            ("TopicPermission", "Properties", "SourceArn"),
            GONE,
            "TopicPermission: lets in whoever finds it",
        ),
        (
            permissions,
            ("TopicPermission", "Properties", "Principal"),
            "s3.amazonaws.com",
            "TopicPermission: lets in whoever finds it",
        ),
        (
            queue_mappings,
            (*FIFO, "FunctionResponseTypes"),
            GONE,
            "IngestQueueFunctionFifoMessages: ignores partial batch responses",
        ),
        (
            queue_mappings,
            (*FIFO, "MaximumBatchingWindowInSeconds"),
            1,
            "IngestQueueFunctionFifoMessages: is larger than a FIFO queue allows",
        ),
        (
            queue_mappings,
            (*STANDARD, "MaximumBatchingWindowInSeconds"),
            GONE,
            "IngestQueueFunctionMessages: has no window for its size",
        ),
        (
            queue_mappings,
            ("Queue", "Properties", "VisibilityTimeout"),
            180,
            "IngestQueueFunctionMessages: takes what is still being worked on",
        ),
        (
            mappings,
            (*MAPPING, "FunctionResponseTypes"),
            GONE,
            "ProcessFunctionRecords: ignores partial batch responses",
        ),
        (mappings, (*MAPPING, "BisectBatchOnFunctionError"), GONE, "ProcessFunctionRecords: does not bisect"),
        (mappings, (*MAPPING, "StartingPosition"), "LATEST", "ProcessFunctionRecords: may miss records"),
        (mappings, (*MAPPING, "MaximumRetryAttempts"), GONE, "ProcessFunctionRecords: retries without end"),
        (
            mappings,
            (*MAPPING, "MaximumRecordAgeInSeconds"),
            -1,
            "ProcessFunctionRecords: tries until the stream has forgotten the record",
        ),
        (mappings, (*MAPPING, "DestinationConfig"), GONE, "ProcessFunctionRecords: what it gives up is lost"),
        (
            mappings,
            (*MAPPING, "Stream"),
            {"Fn::GetAtt": ["ResultsTable", "StreamArn"]},
            "ProcessFunctionRecords: feeds on the results",
        ),
        (
            logs,
            ("RelayChangesLogs", "Properties", "LogGroupName"),
            {"Fn::Sub": "/aws/lambda/${AWS::StackName}-other"},
            "RelayChangesFunction: its log group is made by Lambda and never forgets",
        ),
        (kept, ("ArchiveBucket", "DeletionPolicy"), "Delete", "ArchiveBucket: goes with its stack"),
        (kept, ("UndeliveredQueue", "DeletionPolicy"), "Delete", "UndeliveredQueue: goes with its stack"),
        (watched, ("UndeliveredAlarm",), GONE, "UndeliveredQueue: nobody hears of what lies there"),
        (kept, ("Stream", "UpdateReplacePolicy"), GONE, "Stream: a replacement takes unread records along"),
        (kept, ("Queue", "UpdateReplacePolicy"), GONE, "Queue: a replacement takes unread records along"),
        (names, ("Queue", "Properties", "QueueName"), "events", "Queue: QueueName is the same for every stack"),
        (names, ("Stream", "Properties", "Name"), "events", "Stream: Name is the same for every stack"),
        (apis, (*HEALTH, "x-amazon-apigateway-auth"), GONE, f"Api: {ANY} /health asks for no signature"),
        (apis, (*HEALTH, "security"), GONE, f"Api: {ANY} /health asks for no key"),
        (
            apis,
            (*HEALTH, "x-amazon-apigateway-integration", "type"),
            "mock",
            f"Api: {ANY} /health lets other sites in",
        ),
        (stages, (*SETTINGS, "HttpMethod"), "GET", "Apiv1Stage: has methods without settings"),
        (stages, (*SETTINGS, "ThrottlingBurstLimit"), GONE, "Apiv1Stage: is not throttled"),
        (stages, (*SETTINGS, "DataTraceEnabled"), True, "Apiv1Stage: logs bodies"),
        (
            stages,
            ("Api", "Properties", "AccessLogSetting", "Format"),
            "$context.path",
            "Apiv1Stage: keeps no account of requests",
        ),
    ],
)
def test_a_rule_that_is_broken_is_seen(
    rule: Callable[[Mapping[str, Any]], Iterator[str]],
    path: tuple[str | int, ...],
    value: object,
    complaint: str,
    template: Template,
    translate: Callable[[Template], Mapping[str, Any]],
) -> None:
    """Each rule notices the one thing that is wrong."""
    inner: Any = template["Resources"]
    for name in path[:-1]:
        inner = inner[name]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value

    assert [complaint] == list(rule(translate(template)["Resources"]))


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("MaximumRetryAttempts",), 0, "is not tried again"),
        (("MaximumEventAgeInSeconds",), GONE, "leaves the age of its events to a default"),
        (("DestinationConfig",), GONE, "what it gives up is lost"),
    ],
)
def test_an_invocation_that_can_be_lost_is_seen(
    path: tuple[str, ...],
    value: object,
    complaint: str,
    template: Template,
    translate: Callable[[Template], Mapping[str, Any]],
) -> None:
    """Whatever invokes a function without waiting, what becomes of a failure is said once for all of it."""
    inner: Any = template["Resources"]
    for name in INVOKED:
        inner = inner[name]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value

    assert {f"IngestAsyncFunction: {complaint}"} == set(invocations(translate(template)["Resources"]))
