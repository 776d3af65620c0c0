"""GET: an event, the events of a key, the state and the history of an entity; whether the API is there; its document.

An event that was accepted a moment ago is not found yet: it is on the stream, on its way to the table.

A list is given page by page: `next` is the cursor of the next page, null on the last. A page holds at most `limit`
items, and as many of them as fit; with a `type` it can be empty and yet not the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.api.problem import Problem
from pipeline.api.proxy import Response
from pipeline.aws.results import history_of, latest_of
from pipeline.core import cursor
from pipeline.core.decode import MAX_ID_BYTES, MAX_SUBJECT_BYTES, MAX_TYPE_BYTES
from pipeline.errors import InputError, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.api.proxy import Request
    from pipeline.aws.results import Results, Span
    from pipeline.core.cursor import Place
    from pipeline.model import Json
    from pipeline.ports import Remaining

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
# Lambda, "Quotas": an answer is at most 6 MB. One item is far smaller, even if each of its characters is escaped.
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
# DynamoDB, "Constraints": a sort key.
MAX_ORDER_BYTES: Final = 1024
_MOST_BYTES: Final = {"key": MAX_SUBJECT_BYTES, "type": MAX_TYPE_BYTES}


@dataclass(frozen=True)
class Query:
    """The operations.

    Args:
        results: the table.
        document: what /openapi.json answers.
    """

    results: Results
    document: dict[str, Any]

    def event(self, request: Request, _remaining: Remaining) -> Response:
        """GET /events/{name}."""
        _parameters(request)
        event_id = request.path["name"]
        found = self.results.event(event_id) if _fits(event_id, MAX_ID_BYTES) else None
        return _one(found, "no event has this id; one that was just accepted may still be on its way")

    def events(self, request: Request, _remaining: Remaining) -> Response:
        """GET /events with key, and perhaps since, until, type, limit and cursor."""
        asked = _parameters(request, "key", "since", "until", "type", "limit", "cursor")
        if "key" not in asked:
            raise Problem(HTTPStatus.BAD_REQUEST, "parameter key is missing: the events' subject, or their source")
        try:
            span = latest_of(asked["key"], asked.get("since"), asked.get("until"), asked.get("type"))
        except Rejection as rejection:
            raise Problem(
                HTTPStatus.BAD_REQUEST, f"since and until are times: {rejection.detail}; a + is sent as %2B"
            ) from None
        if span.start > span.end:
            raise Problem(HTTPStatus.BAD_REQUEST, "since is later than until")
        return self._page(span, asked)

    def state(self, request: Request, _remaining: Remaining) -> Response:
        """GET /state/{table}/{key}."""
        _parameters(request)
        entity = _entity(request)
        found = self.results.state(entity) if _fits(entity, MAX_SUBJECT_BYTES) else None
        return _one(found, "no change has this entity as its subject; one just accepted may still be on its way")

    def history(self, request: Request, _remaining: Remaining) -> Response:
        """GET /state/{table}/{key}/history with perhaps limit and cursor."""
        asked = _parameters(request, "limit", "cursor")
        entity = _entity(request)
        if not _fits(entity, MAX_SUBJECT_BYTES):
            raise Problem(HTTPStatus.NOT_FOUND, "no entity has a name of this length")
        return self._page(history_of(entity), asked)

    def health(self, request: Request, _remaining: Remaining) -> Response:
        """GET /health: that requests arrive here, and no more."""
        _parameters(request)
        return Response(HTTPStatus.OK, {"status": "ok"})

    def openapi(self, request: Request, _remaining: Remaining) -> Response:
        """GET /openapi.json."""
        _parameters(request)
        return Response(HTTPStatus.OK, self.document)

    def _page(self, span: Span, asked: Mapping[str, str]) -> Response:
        question = orjson.dumps(list(span)).decode()
        page = self.results.page(span, _limit(asked.get("limit")), _after(asked.get("cursor"), span, question))
        items: list[Json] = []
        goes_on, room_bytes = page.after, MAX_ANSWER_BYTES
        for place, item in page.items:
            room_bytes -= len(orjson.dumps(item))
            if items and room_bytes < 0:
                break
            items.append(item)
            last = place
        if len(items) < len(page.items):
            goes_on = last
        following = None if goes_on is None else cursor.write(goes_on, question)
        return Response(HTTPStatus.OK, {"items": items, "next": following})


def _one(found: dict[str, Json] | None, otherwise: str) -> Response:
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, otherwise)
    return Response(HTTPStatus.OK, found)


def _parameters(request: Request, *known: str) -> dict[str, str]:
    """The query's parameters, each once, none empty, none unknown. Raises Problem: 400."""
    for name, given in request.query.items():
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise Problem(HTTPStatus.BAD_REQUEST, f"there is no parameter {name[:64]!r}; {takes}")
        if len(given) != 1 or not given[0]:
            raise Problem(HTTPStatus.BAD_REQUEST, f"parameter {name} must be given once, and not be empty")
        if not _fits(given[0], _MOST_BYTES.get(name, MAX_ANSWER_BYTES)):
            raise Problem(HTTPStatus.BAD_REQUEST, f"parameter {name} is longer than {_MOST_BYTES[name]} bytes")
    return {name: value for name, (value,) in request.query.items()}


def _after(text: str | None, span: Span, question: str) -> Place | None:
    """The place of a cursor, if it lies within the answer. Raises Problem: 400."""
    if text is None:
        return None
    try:
        after = cursor.read(text, question)
    except InputError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
    is_within = span.start <= after.order <= span.end and _fits(after.order, MAX_ORDER_BYTES)
    if not (is_within and _fits(after.pk.removeprefix("event#"), MAX_ID_BYTES)):
        raise Problem(HTTPStatus.BAD_REQUEST, "the cursor leads nowhere; begin without one")
    return after


def _entity(request: Request) -> str:
    return f"{request.path['table']}/{request.path['key']}"


def _fits(text: str, most_bytes: int) -> bool:
    return len(text.encode()) <= most_bytes


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_LIMIT)) and 1 <= int(text) <= MAX_LIMIT):
        raise Problem(HTTPStatus.BAD_REQUEST, f"parameter limit must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)
