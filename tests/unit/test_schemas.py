from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from pipeline.core.validate import compile_schemas, validate
from pipeline.environment import read_schemas
from pipeline.errors import Rejection
from pipeline.model import Event, Reason
from pipeline.project import SCHEMAS

READ = read_schemas(SCHEMAS)
VALIDATORS = compile_schemas(READ)
EXAMPLES = [(name, data) for name, schema in READ.items() for data in schema["examples"]]
INVALID = [
    (name, each["value"], each["error"]) for name, schema in READ.items() for each in schema["x-invalid-examples"]
]


def an_event(name: str, data: dict[str, Any]) -> Event:
    return Event("1", "//a", name, "2026-11-23T10:00:00Z", data)


@pytest.mark.parametrize("name", READ)
def test_meta_schema(name: str) -> None:
    """A schema follows JSON Schema 2020-12, and has examples of both kinds."""
    schema = READ[name]
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    jsonschema_rs.meta.validate(schema)
    assert (name, True, True) == (schema["title"], bool(schema["examples"]), bool(schema["x-invalid-examples"]))


@pytest.mark.parametrize(("name", "data"), EXAMPLES)
def test_example(name: str, data: dict[str, Any]) -> None:
    """An example is valid."""
    validate(an_event(name, data), VALIDATORS)


@pytest.mark.parametrize(("name", "value", "error"), INVALID)
def test_invalid_example(name: str, value: dict[str, Any], error: dict[str, str]) -> None:
    """An invalid example is rejected with the pointer and the rule that it states."""
    with pytest.raises(Rejection) as caught:
        validate(an_event(name, value), VALIDATORS)
    assert Reason.SCHEMA_INVALID == caught.value.reason
    assert caught.value.detail.startswith(f"/data{error['pointer']}: ")
    assert caught.value.detail.endswith(f" [{error['rule']}]")


@pytest.mark.parametrize(("name", "data"), EXAMPLES)
def test_every_required_field(name: str, data: dict[str, Any]) -> None:
    """An example without a field that is required is rejected with the field's name."""
    for field in READ[name].get("required", ()):
        rest = {each: value for each, value in data.items() if each != field}
        with pytest.raises(Rejection, match=f'"{field}" is a required property'):
            validate(an_event(name, rest), VALIDATORS)
