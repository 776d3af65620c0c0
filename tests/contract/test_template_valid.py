"""The template is valid: cfn-lint finds nothing to say about it, as written and as SAM translates it."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from subprocess import run
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.cloudformation.template import dump
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.aws.cloudformation.template import Template

# What LocalStack's community edition can make; anything else would be left out there without a word.
ON_LOCALSTACK = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::CloudWatch::Alarm",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
}


@pytest.fixture
def broken(template: Template, tmp_path: Path) -> Path:
    """The template with a reference to nothing."""
    other = copy.deepcopy(template)
    other["Resources"]["ProcessFunction"]["Properties"]["Role"] = {"Fn::GetAtt": ["Nobody", "Arn"]}
    path = tmp_path / "broken.json"
    path.write_bytes(dump(other))
    return path


@pytest.fixture
def translated(template: Template, translate: Callable[[Template], Mapping[str, Any]], tmp_path: Path) -> Path:
    """The template as SAM translates it."""
    path = tmp_path / "translated.json"
    path.write_bytes(dump(dict(translate(template))))
    return path


def lint(*paths: Path) -> list[tuple[str, str]]:
    """What cfn-lint finds, as file and text; in a process of its own, whose settings are those of the command."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", "--non-zero-exit-code", "none"]
    names = [str(path) for path in paths]
    done = run([*command, "--regions", "us-east-1", "--", *names], capture_output=True, text=True, check=True)
    return [(Path(each["Filename"]).name, each["Message"]) for each in json.loads(done.stdout or "[]")]


def test_the_template_is_clean(translated: Path, broken: Path) -> None:
    """cfn-lint finds nothing in the template or in its translation, and finds what is broken in a broken one."""
    path = project_root() / "infra" / "template.yaml"

    found = lint(path, translated, broken)

    assert {"broken.json"} == {name for name, _ in found}
    assert any("Nobody" in text for _, text in found)


def test_no_rule_is_switched_off() -> None:
    """The template does not tell cfn-lint to look away."""
    assert "cfn-lint" not in (project_root() / "infra" / "template.yaml").read_text()


def test_localstack_can_make_all_of_it(resources: Mapping[str, Any]) -> None:
    """Every resource type is one that LocalStack knows."""
    assert {each["Type"] for each in resources.values()} <= ON_LOCALSTACK
