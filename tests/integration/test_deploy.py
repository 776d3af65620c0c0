"""The template on LocalStack: created, left alone, looked at, removed; a failure and its way back; the package."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import topology
from pipeline.aws.artifacts import ArtifactBucket
from pipeline.aws.cloudformation import find, outputs
from pipeline.aws.cloudformation.deployment import Deployment
from pipeline.aws.deploy import Options, delete, deploy, pace, prepare
from pipeline.build import build, dependencies, sources
from pipeline.build.target import ARM64, on_lambda, on_this_machine
from pipeline.errors import DeployFailed, NotDeployed
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.progress import Step
    from pipeline.topology.kinds import AnyFunction

pytestmark = pytest.mark.integration

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
# What the runtime of a function has beside the package.
RUNTIME = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
# botocore takes its certificates where it is, and has some of its own where it is not.
WELCOME = {"certifi"}


@pytest.fixture
def name() -> str:
    """A name for a stack."""
    return f"deploy-{uuid.uuid4().hex[:8]}"


def quiet(_: object) -> None:
    """Tell nobody."""


def pipeline(clients: Clients, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command against this LocalStack."""
    command = str(Path(sys.executable).with_name("pipeline"))
    place = ["--endpoint-url", str(clients.endpoint_url), "--region", "us-east-1"]
    return subprocess.run(
        [command, *arguments, *place],
        env={**CREDENTIALS, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def settings(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """What the topology says about an event source mapping, as Lambda has it."""
    names = ["BatchSize", "MaximumBatchingWindowInSeconds", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds"]
    return {key: mapping[key] for key in [*names, "ParallelizationFactor"]}


def test_the_life_of_a_stack(localstack: Clients, name: str) -> None:
    """`pipeline deploy` makes what is declared; again, or a look, changes nothing; a removal leaves nothing."""
    done = pipeline(localstack, "deploy", "--stack", name, "--json")

    assert (0, "") == (done.returncode, done.stderr if done.returncode else "")
    made = json.loads(done.stdout)
    assert topology.OUTPUTS.keys() == made.keys()
    assert "\x1b" not in done.stderr
    steps = [line for line in done.stderr.splitlines() if " AWS::" in line]
    assert ["Stream", "CREATE_COMPLETE", "AWS::Kinesis::Stream"] in [step.split() for step in steps]
    assert [name, "CREATE_COMPLETE"] == steps[-1].split()[:2]
    assert len(steps) == len(set(steps))
    check_mappings(localstack, made)

    assert made == deploy(localstack, name, report=quiet)

    told: list[Step] = []
    options = Options(parameters={"StreamMode": "PROVISIONED", "ShardCount": "2"})
    changes = prepare(localstack, name, report=told.append, options=options).preview()
    assert ["Stream"] == [each.resource for each in changes]
    stream = localstack.kinesis.describe_stream_summary(StreamName=made["StreamName"])["StreamDescriptionSummary"]
    assert "ON_DEMAND" == stream["StreamModeDetails"]["StreamMode"]

    localstack.s3.put_object(Bucket=made["ArchiveBucketName"], Key="archive/x", Body=b"x")
    assert () == tuple(delete(localstack, name, report=quiet, data=True))
    assert None is find(localstack, name)
    buckets = {each["Name"] for each in localstack.s3.list_buckets()["Buckets"]}
    assert not {made["ArchiveBucketName"], made["DeadLetterBucketName"]} & buckets
    assert made["ResultsTableName"] not in localstack.dynamodb.list_tables()["TableNames"]


def check_mappings(clients: Clients, made: Mapping[str, str]) -> None:
    """Every function has its mappings, set as the topology says, and runs."""
    for function, output in (
        (topology.PROCESS, "ProcessFunctionName"),
        (topology.RELAY_CHANGES, "RelayChangesFunctionName"),
    ):
        mappings = clients.functions.list_event_source_mappings(FunctionName=made[output])["EventSourceMappings"]
        assert len(function.sources) == len({mapping["EventSourceArn"] for mapping in mappings})
        source = function.sources[0]
        for mapping in mappings:
            assert {
                "BatchSize": source.batch_size,
                "MaximumBatchingWindowInSeconds": source.window_seconds,
                "MaximumRetryAttempts": source.retries,
                "MaximumRecordAgeInSeconds": source.age_seconds,
                "ParallelizationFactor": source.batches_per_shard,
            } == settings(mapping)
            assert ["ReportBatchItemFailures"] == mapping["FunctionResponseTypes"]
            assert made["DeadLetterBucketName"] in mapping["DestinationConfig"]["OnFailure"]["Destination"]
        asked = clients.functions.get_function_configuration(FunctionName=made[output])
        assert (function.handler, "python3.13") == (asked["Handler"], asked["Runtime"])
        assert function.environment.keys() == asked["Environment"]["Variables"].keys()


def small_template(path: Path, runtime: str) -> Path:
    """A function, and a table that is made before it."""
    role = {"Version": "2012-10-17", "Statement": []}
    resources = {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            },
        },
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": role}},
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Handler": "x.y",
                "Runtime": runtime,
                "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}},
            },
        },
    }
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": resources,
        "Outputs": {"Name": {"Value": {"Ref": "Table"}}},
    }
    path.write_text(json.dumps(template))
    return path


def test_a_failure_and_the_way_back(localstack: Clients, name: str, tmp_path: Path) -> None:
    """A resource that cannot be made is named with its reason; the next deploy begins anew and succeeds."""
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("x.py", "def y(event, context): ...\n")
    told: list[Step] = []
    good = Deployment(
        clients=localstack,
        stack=name,
        template=small_template(tmp_path / "good.yaml", "python3.13"),
        package=package,
        parameters={},
        artifacts=ArtifactBucket.of(localstack),
        report=told.append,
        pace=pace(localstack),
    )
    bad = replace(good, template=small_template(tmp_path / "bad.yaml", "python1.0"))

    with pytest.raises(DeployFailed, match=rf"stack '{name}' is in \w+ because of Function .*python1\.0") as raised:
        bad.run()
    assert "\n" not in str(raised.value)
    with pytest.raises(NotDeployed, match="has made nothing yet"):
        outputs(localstack, name)

    assert {"Name"} == good.run().keys()
    assert any("removed to begin anew" in step.detail for step in told)
    delete(localstack, name, report=quiet, data=True)


def test_errors_are_one_line(localstack: Clients, name: str) -> None:
    """What a person gets wrong is one line on stderr and exit code 1."""
    for arguments, text in (
        (["deploy", "--stack", name, "--parameter", "Nope=1"], "the template has no parameter 'Nope'"),
        (["deploy", "--stack", "under_score"], "cannot name a stack"),
        (["deploy", "--stack", name, "--artifact-bucket", "nobodys-bucket"], "there is no bucket nobodys-bucket"),
    ):
        done = pipeline(localstack, *arguments)

        assert 1 == done.returncode
        assert done.stderr.splitlines()[-1].startswith("error: ")
        assert text in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        assert "" == done.stdout


def test_the_package_is_the_same_from_another_folder(tmp_path: Path) -> None:
    """With its real dependencies, for Lambda's platform: two checkouts build the same bytes."""
    root = project_root()
    for path in [*sources.find(root).values(), root / dependencies.LOCK]:
        target = tmp_path / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (tmp_path / ".pipeline").mkdir()
    if (root / ".pipeline" / "uv").is_dir():
        (tmp_path / ".pipeline" / "uv").symlink_to(root / ".pipeline" / "uv")

    ours, theirs = build(root, on_lambda(ARM64), quiet), build(tmp_path, on_lambda(ARM64), quiet)

    assert ours.sha256 == theirs.sha256
    with zipfile.ZipFile(ours.path) as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
    assert libraries
    assert all("aarch64" in name or "abi3" in name for name in libraries)


@pytest.mark.parametrize("function", topology.ALL_FUNCTIONS, ids=lambda each: each.name)
def test_a_handler_needs_nothing_but_its_package(tmp_path: Path, function: AnyFunction) -> None:
    """Unpacked on its own, with only what the runtime of Lambda has beside it, the handler is imported."""
    package = build(project_root(), on_this_machine(), quiet)
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(tmp_path)
    program = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
assert callable(getattr(importlib.import_module(module), name))
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
print(json.dumps([file for file in files if "site-packages" in file]))
"""
    said = {"AWS_DEFAULT_REGION": "us-east-1", "PING_TARGETS": "", "CANARY_ENABLED": "true", "LOOKUP_SECONDS": "60"}
    environment = dict.fromkeys(function.environment, "x") | said
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path), function.handler],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == done.stderr
    outside = {Path(each.split("site-packages/")[1]).parts[0].removesuffix(".py") for each in json.loads(done.stdout)}
    assert outside <= RUNTIME | WELCOME
