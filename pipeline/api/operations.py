"""Which operation answers which method of which resource, in which of the two functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.api.endpoint import Endpoint
from pipeline.api.ingest import Ingest
from pipeline.api.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.ports import RequestReport

INGEST: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("POST", "/events"): Ingest.events,
    ("POST", "/events/{name}"): Ingest.event,
}
QUERY: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("GET", "/events"): Query.events,
    ("GET", "/events/{name}"): Query.event,
    ("GET", "/state/{table}/{key}"): Query.state,
    ("GET", "/state/{table}/{key}/history"): Query.history,
    ("GET", "/health"): Query.health,
    ("GET", "/openapi.json"): Query.openapi,
}


def ingest_api(ingest: Ingest, report: RequestReport) -> Endpoint:
    """The endpoint that takes events."""
    return _endpoint(INGEST, ingest, report)


def query_api(query: Query, report: RequestReport) -> Endpoint:
    """The endpoint that answers questions, and every request that is none."""
    return _endpoint(QUERY, query, report)


def _endpoint(
    operations: Mapping[tuple[str, str], Callable[..., Any]], owner: object, report: RequestReport
) -> Endpoint:
    allowed: dict[str, tuple[str, ...]] = {}
    for method, resource in (*INGEST, *QUERY):
        allowed[resource] = (*allowed.get(resource, ()), method)
    return Endpoint({where: each.__get__(owner) for where, each in operations.items()}, allowed, report)
