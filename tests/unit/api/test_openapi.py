from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from pipeline.api.openapi import document
from pipeline.api.operations import INGEST, QUERY
from tests.unit.api.bench import BATCH, DOCUMENT, SCHEMA, Answer, Bench, check

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATIONS = {
    (method.upper(), path): operation for path, each in DOCUMENT["paths"].items() for method, operation in each.items()
}


def references(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from references(each)


def test_the_operations_are_those_of_the_functions() -> None:
    """What is documented is what is answered, and no function answers what another does."""
    assert {*INGEST, *QUERY} == OPERATIONS.keys()
    assert not INGEST.keys() & QUERY.keys()


def test_references_lead_somewhere() -> None:
    """Every `$ref` names a schema of the document, and every schema is used."""
    named = {each.removeprefix("#/components/schemas/") for each in references(DOCUMENT)}
    assert DOCUMENT["components"]["schemas"].keys() == named


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_schemas_are_valid(name: str) -> None:
    """Every schema is one, and its examples follow it."""
    schema = DOCUMENT["components"]["schemas"][name]
    jsonschema_rs.meta.validate(schema)
    for example in schema.get("examples", ()):
        jsonschema_rs.validate({**schema, "components": DOCUMENT["components"]}, example)


def test_the_examples_are_accepted() -> None:
    """Every example of an event is one that the API takes."""
    examples = DOCUMENT["components"]["schemas"]["CloudEvent"]["examples"]
    assert sum(len(each["examples"]) for each in SCHEMA.values()) == len(examples)
    assert 202 == Bench().post(examples, BATCH).status


def test_parameters_of_the_path() -> None:
    """An operation describes each parameter of its path; operations have names of their own."""
    for (_, path), operation in OPERATIONS.items():
        inside = {part.strip("{}") for part in path.split("/") if part.startswith("{")}
        described = [(each["name"], each["required"]) for each in operation["parameters"] if each["in"] == "path"]
        assert sorted((name, True) for name in inside) == sorted(described)
    assert len(OPERATIONS) == len({each["operationId"] for each in OPERATIONS.values()})


def test_a_type_more() -> None:
    """A new event type appears by its schema alone."""
    found = document({**SCHEMA, "of.no-schema.v1": {"type": "object"}})
    post = found["paths"]["/events/{name}"]["post"]
    assert {*SCHEMA, "of.no-schema.v1"} == set(post["parameters"][1]["schema"]["enum"])
    assert "of.no-schema.v1" in found["components"]["schemas"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(418, {}, {"Content-Type": "application/json"}),
        Answer(200, {"status": "bad"}, {"Content-Type": "application/json"}),
        Answer(200, {"status": "ok"}, {"Content-Type": "text/plain"}),
    ],
)
def test_an_answer_beside_the_document_is_seen(answer: Answer) -> None:
    """The bench notices an answer that is not documented."""
    check("get", "/health", Answer(200, {"status": "ok"}, {"Content-Type": "application/json"}))
    with pytest.raises((KeyError, jsonschema_rs.ValidationError)):
        check("get", "/health", answer)
