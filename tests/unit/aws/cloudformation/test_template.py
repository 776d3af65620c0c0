"""Templates: short forms become long ones, functions get their code, the same template gives the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.cloudformation.template import dump, load, with_code

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("!Ref Stream", {"Ref": "Stream"}),
        ("!Ref AWS::NoValue", {"Ref": "AWS::NoValue"}),
        ("!Condition Small", {"Condition": "Small"}),
        ("!GetAtt Stream.Arn", {"Fn::GetAtt": ["Stream", "Arn"]}),
        ("!GetAtt [Stream, Arn]", {"Fn::GetAtt": ["Stream", "Arn"]}),
        ("!GetAtt Nested.Outputs.Name", {"Fn::GetAtt": ["Nested", "Outputs.Name"]}),
        ("!Sub ${Bucket.Arn}/archive/*", {"Fn::Sub": "${Bucket.Arn}/archive/*"}),
        ("!If [A, !Ref B, [c]]", {"Fn::If": ["A", {"Ref": "B"}, ["c"]]}),
        (
            "!Transform {Name: X, Parameters: {a: !Ref B}}",
            {"Fn::Transform": {"Name": "X", "Parameters": {"a": {"Ref": "B"}}}},
        ),
        ('"2012-10-17"', "2012-10-17"),
    ],
)
def test_short_forms(tmp_path: Path, yaml: str, value: object) -> None:
    """CloudFormation's tags are read into the long form that JSON has."""
    path = tmp_path / "template.yaml"
    path.write_text(f"Value: {yaml}\n")

    assert {"Value": value} == load(path)


def test_every_function_gets_the_code() -> None:
    """Functions get the package, whether the folder stood at the function or for all; nothing else changes."""
    template: dict[str, Any] = {
        "Globals": {"Function": {"CodeUri": "function/", "Timeout": 60}},
        "Resources": {
            "A": {"Type": "AWS::Serverless::Function", "Metadata": {"BuildMethod": "makefile"}, "Properties": {}},
            "B": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "other/"}},
            "C": {"Type": "AWS::S3::Bucket"},
        },
    }

    filled = with_code(template, "bucket", "key.zip")

    code = {"CodeUri": {"Bucket": "bucket", "Key": "key.zip"}}
    assert {"Function": {"Timeout": 60}} == filled["Globals"]
    assert {"Type": "AWS::Serverless::Function", "Properties": code} == filled["Resources"]["A"]
    assert {"Type": "AWS::Serverless::Function", "Properties": code} == filled["Resources"]["B"]
    assert {"Type": "AWS::S3::Bucket"} == filled["Resources"]["C"]
    assert "function/" == template["Globals"]["Function"]["CodeUri"]


def test_dump_is_json() -> None:
    """A template is written as JSON, always the same."""
    template = {"Resources": {"A": {"Ref": "B"}}}

    assert template == json.loads(dump(template))
    assert dump(template) == dump(dict(template))
