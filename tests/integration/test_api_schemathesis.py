"""The deployed API against its own document: whatever is sent, the answer is one that the document names.

Requests are made by schemathesis from /openapi.json, the same ones each time: such as follow the document, and such as
do not. What LocalStack does in place of API Gateway is left out: it unpacks gzip itself, and answers 500 to what is
none.
Schemathesis' own plugin of pytest does not work with pytest 9.2 (`_nodeid`), so its strategies are drawn from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pipeline.api.operations import INGEST, QUERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemathesis import Case
    from schemathesis.schemas import BaseSchema

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 30
# The others take any text.
BREAKABLE = {*INGEST, ("GET", "/events"), ("GET", "/state/{table}/{key}/history")}


@pytest.fixture(scope="module")
def schema(localstack: Clients, stack: Mapping[str, str]) -> BaseSchema:
    """The document that the deployed API serves."""
    url = f"{localstack.endpoint_url}/_aws/execute-api/{stack['ApiId']}/v1"
    found: BaseSchema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    found.config.update(base_url=url)
    return found


def test_every_operation_is_tried(schema: BaseSchema) -> None:
    """Schemathesis finds in the document what the functions answer, and can read all of it."""
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    # It leaves out the document itself unless asked for it by name, as the test below does.
    itself = ("GET", "/openapi.json")
    assert sorted({*INGEST, *QUERY} - {itself}) == sorted((each.method.upper(), each.path) for each in found)


def hold(schema: BaseSchema, method: str, path: str, mode: schemathesis.GenerationMode) -> None:
    """Make requests of one operation; each answer has a status, type, headers and body that the document has for it."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def check(case: Case[Any]) -> None:
        case.headers.pop("Content-Encoding", None)
        case.call_and_validate(checks=CHECKS)

    check()


@pytest.mark.parametrize(("method", "path"), sorted({*INGEST, *QUERY}))
def test_what_follows_the_document(schema: BaseSchema, method: str, path: str) -> None:
    """It is answered as the document says, and never with a server's error."""
    hold(schema, method, path, schemathesis.GenerationMode.POSITIVE)


@pytest.mark.parametrize(("method", "path"), sorted(BREAKABLE))
def test_what_does_not_follow_the_document(schema: BaseSchema, method: str, path: str) -> None:
    """So is this."""
    hold(schema, method, path, schemathesis.GenerationMode.NEGATIVE)
