"""A template as plain data: read from YAML with CloudFormation's short forms, given its code, written as JSON."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path

type Template = dict[str, Any]
"""A CloudFormation template, its functions in their long form: `{"Fn::GetAtt": ["Stream", "Arn"]}`."""

FUNCTION: Final = "AWS::Serverless::Function"
_LONG_AS_IT_IS: Final = frozenset({"Ref", "Condition"})


class _Loader(yaml.SafeLoader):
    """YAML with `!Ref`, `!Sub`, `!GetAtt` and the like."""


def _short_form(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
    if name in _LONG_AS_IT_IS:
        return {name: value}
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> Template:
    """Read a template."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Template:
    """A template from YAML, or from JSON, which is YAML as well."""
    template: Template = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    return template


def with_code(template: Template, bucket: str, key: str) -> Template:
    """The template with the package as the code of every function, in place of a folder of the checkout."""
    filled = copy.deepcopy(template)
    code = {"Bucket": bucket, "Key": key}
    functions = [each for each in filled["Resources"].values() if each["Type"] == FUNCTION]
    for function in functions:
        function["Properties"]["CodeUri"] = code
        # How `sam build` makes the code is of no use to CloudFormation.
        function.pop("Metadata", None)
    filled.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    return filled


def dump(template: Template) -> bytes:
    """The template as JSON: the same template gives the same bytes."""
    return json.dumps(template, separators=(",", ":")).encode()
