"""The template as people wrote it, and as CloudFormation sees it once SAM has translated it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped] # it ships no types
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped] # the same

from pipeline.aws.cloudformation.template import load, with_code
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.aws.cloudformation.template import Template


@pytest.fixture
def template() -> Template:
    """`infra/template.yaml`, read anew for each test: a test may change it."""
    return load(project_root() / "infra" / "template.yaml")


@pytest.fixture
def translate() -> Callable[[Template], Mapping[str, Any]]:
    """SAM's translation, as CloudFormation makes it while it deploys."""

    def translated(template: Template) -> Mapping[str, Any]:
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
        result: dict[str, Any] = translator.translate(with_code(template, "artifacts", "package.zip"), {})
        return result

    return translated


@pytest.fixture
def resources(template: Template, translate: Callable[[Template], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The resources that CloudFormation makes: logical id to resource."""
    found: Mapping[str, Any] = translate(template)["Resources"]
    return found
