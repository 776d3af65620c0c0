"""What must hold of every resource, whatever it is for: encrypted, private, finite, kept. Each rule is seen to fail.

A rule reads all resources of a type, so it holds for those that are added later, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.aws.cloudformation.template import Template

RETRIES_AT_MOST = 1000
DYNAMODB_STREAMS_HOURS = 24
HOLDERS = {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}
PRIVATE = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
PHYSICAL_NAMES = {"BucketName", "FunctionName", "LogGroupName", "Name", "RoleName", "TableName"}


def of_type(resources: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The resources of one type: logical id and properties."""
    return ((name, each.get("Properties", {})) for name, each in resources.items() if each["Type"] == kind)


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
    """Every bucket has a policy that denies everything over anything but TLS, to everybody."""
    policies = {each["Bucket"]["Ref"]: each for _, each in of_type(resources, "AWS::S3::BucketPolicy")}
    for name, _ in of_type(resources, "AWS::S3::Bucket"):
        denied = {
            "Sid": "OnlyOverTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}/*"}],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        if denied not in policies.get(name, {}).get("PolicyDocument", {}).get("Statement", []):
            yield f"{name}: may be used without TLS"


def mappings(resources: Mapping[str, Any]) -> Iterator[str]:
    """No event source mapping can lose a record, hold a shard for ever, or feed on its own results."""
    for name, each in of_type(resources, "AWS::Lambda::EventSourceMapping"):
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


def kept(resources: Mapping[str, Any]) -> Iterator[str]:
    """What holds data outlives its stack, and nothing is left to a default."""
    for name, each in resources.items():
        if each["Type"] in HOLDERS:
            if (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")) != ("RetainExceptOnCreate", "Retain"):
                yield f"{name}: goes with its stack"
        elif each["Type"] == "AWS::Kinesis::Stream" and each.get("UpdateReplacePolicy") != "Retain":
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


RULES = [streams, tables, buckets, tls, mappings, logs, kept, names, apis, stages]


@pytest.mark.parametrize("rule", RULES)
def test_rules_hold(rule: Callable[[Mapping[str, Any]], Iterator[str]], resources: Mapping[str, Any]) -> None:
    """The template breaks no rule."""
    assert [] == list(rule(resources))


MAPPING = ("ProcessFunction", "Properties", "Events", "Records", "Properties")
ANY = "x-amazon-apigateway-any-method"
HEALTH = ("Api", "Properties", "DefinitionBody", "paths", "/health", ANY)
SETTINGS = ("Api", "Properties", "MethodSettings", 0)
GONE = object()


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
        (kept, ("Stream", "UpdateReplacePolicy"), GONE, "Stream: a replacement takes unread records along"),
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
