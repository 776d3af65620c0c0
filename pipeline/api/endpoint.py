"""A request to the operation of its resource and method; whatever happens, a response, and a line that tells of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pipeline.api.problem import Problem, status_of, try_again
from pipeline.api.proxy import NotText, Response, read, write
from pipeline.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.api.proxy import Request
    from pipeline.ports import Remaining, RequestReport

    type Operation = Callable[[Request, Remaining], Response]
    type Operations = Mapping[tuple[str, str], Operation]


@dataclass(frozen=True)
class Endpoint:
    """The handler of a function.

    Args:
        operations: by method and resource.
        allowed: the methods of each resource of the whole API; it may have others than this function answers.
        report: is told of each request once.
    """

    operations: Operations
    allowed: Mapping[str, tuple[str, ...]]
    report: RequestReport

    def answer(self, event: Mapping[str, Any], remaining: Remaining) -> dict[str, Any]:
        """Answer a proxy event. Raises Misconfiguration."""
        begun = time.monotonic()
        try:
            response = self._respond(read(event), remaining)
        except NotText as error:
            response = Problem(HTTPStatus.BAD_REQUEST, str(error)).response()
        self.report.request(
            f"{event['httpMethod']} {event['resource']}",
            int(response.status),
            events=response.events,
            reasons=response.reasons,
            seconds=time.monotonic() - begun,
            request_id=event.get("requestContext", {}).get("requestId", ""),
        )
        return write(response)

    def _respond(self, request: Request, remaining: Remaining) -> Response:
        try:
            return self._operate(request, remaining)
        except Problem as problem:
            return problem.response()
        except Retryable as error:
            response = try_again(status_of(str(error)), "the results table").response()
            return response._replace(reasons={str(error): 1})

    def _operate(self, request: Request, remaining: Remaining) -> Response:
        methods = self.allowed.get(request.resource)
        if methods is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such path; GET /openapi.json lists all")
        if request.method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, None, _allow(methods))
        method = "GET" if request.method == "HEAD" else request.method
        operation = self.operations.get((method, request.resource))
        if operation is None:
            raise Problem(
                HTTPStatus.METHOD_NOT_ALLOWED, f"this path takes {' and '.join(methods)}", headers=_allow(methods)
            )
        response = operation(request, remaining)
        return response._replace(body=None) if request.method == "HEAD" else response


def _allow(methods: tuple[str, ...]) -> dict[str, str]:
    head = ("HEAD",) if "GET" in methods else ()
    return {"Allow": ", ".join((*methods, *head, "OPTIONS"))}
