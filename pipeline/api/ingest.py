"""POST /events and POST /events/{name}: events onto the stream, and for each whether it is there.

    202   all are on the stream                        {"accepted": 2, "ids": ["a", "b"]}
    207   some are not                                 one result for each, in the order of the request
    400   none is: each is invalid                     every error with its pointer
    413   too large, as a body or as events            before anything is parsed, where the body says so
    415   of a type, or in an encoding, that is not read
    429   none is: the stream throttles                Retry-After
    503   none is: the stream is down                  Retry-After; told within seconds (`attempt`)

What is accepted has its sequence number; nothing else is called accepted. What is not may be there all the same, after
a call without an answer: sending it again, under the same id, has one effect. The events of one key are put in the
order of the request; one that is refused leaves the others their order.

Data that are too large to travel are left in S3 before anything is put. If they cannot be left now, nothing is put, and
all is to be sent again: no event of a key goes ahead of one that was to go before it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from pipeline.api.attempt import Attempt
from pipeline.api.problem import Problem, retry_after, status_of, try_again
from pipeline.api.proxy import NotText, Response
from pipeline.core.decode import parse
from pipeline.core.submission import BODIES, MAX_BODY_BYTES, Fault, Ready, check, fault_of, unpacked, values
from pipeline.errors import Rejection, Retryable
from pipeline.model import Accepted, Reason
from pipeline.producer import Pace, Part, Unsent, put_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.api.proxy import Request
    from pipeline.core.submission import Rules
    from pipeline.model import Json
    from pipeline.ports import ClaimStore, RecordStream, Remaining
    from pipeline.producer import Outcome

# Errors that an answer lists; 200 of 300 characters are far from its 6 MB.
MAX_FAULTS: Final = 200
MAX_ID_CHARACTERS: Final = 512
BARE: Final = "application/json"
_UTF8: Final = frozenset({"", "utf-8", "utf8", "us-ascii"})


class Result(NamedTuple):
    """What became of one event: 202, 400, 413, 429 or 503. `unsent` is why a good one is not on the stream."""

    id: str | None
    status: HTTPStatus
    faults: Sequence[Fault] = ()
    unsent: str = ""

    @property
    def reasons(self) -> list[str]:
        """What was wrong."""
        return [self.unsent] if self.unsent else [str(fault.reason) for fault in self.faults]


@dataclass(frozen=True)
class Ingest:
    """The two operations.

    Args:
        stream: where events go.
        claims: where data go that are too large for it; the bucket that the rules have.
        rules: what the consumer will do with them.
        source: of bare data that names none.
        now: epoch seconds.
        new_id: an id that nothing else has.
        call_seconds: how long a call to the stream or the bucket takes at worst.
    """

    stream: RecordStream
    claims: ClaimStore
    rules: Rules
    source: str
    now: Callable[[], float]
    new_id: Callable[[], str]
    call_seconds: float
    pace: Pace = field(default_factory=Pace)

    def events(self, request: Request, remaining: Remaining) -> Response:
        """POST /events: one CloudEvent, a batch of them, or one a line. Raises Problem, Misconfiguration."""
        media_type = _media_type(request, BODIES)
        found = _readable(lambda: values(_body(request), media_type))
        now = self.now()
        checked = [[fault_of(each)] if isinstance(each, Rejection) else check(each, self.rules, now) for each in found]
        return self._put(checked, [_id_of(each) for each in found], remaining)

    def event(self, request: Request, remaining: Remaining) -> Response:
        """POST /events/{name}: the data of one event of this type. Raises Problem, Misconfiguration."""
        _media_type(request, (BARE,))
        data = _readable(lambda: parse(_body(request)))
        event_id = request.headers.get("idempotency-key", "").strip('"') or self.new_id()
        envelope: dict[str, Json] = {
            "specversion": "1.0",
            "id": event_id,
            "source": _attribute(request, "source") or self.source,
            "type": request.path["name"],
            "time": _attribute(request, "time"),
            "subject": _attribute(request, "subject"),
            "traceparent": request.headers.get("traceparent"),
            "data": data,
        }
        return self._put([check(envelope, self.rules, self.now(), root="/data")], [event_id], remaining)

    def _put(
        self, checked: Sequence[Ready | Sequence[Fault]], ids: Sequence[str | None], remaining: Remaining
    ) -> Response:
        attempt = Attempt(self.stream, remaining, self.call_seconds)
        outcomes = iter(self._outcomes([each for each in checked if isinstance(each, Ready)], attempt))
        results = [
            _result(each.id, next(outcomes)) if isinstance(each, Ready) else _refused(event_id, each)
            for each, event_id in zip(checked, ids, strict=True)
        ]
        return _answer(results)._replace(
            events=Counter(int(each.status) for each in results),
            reasons=Counter(reason for each in results for reason in each.reasons),
        )

    def _outcomes(self, events: Sequence[Ready], attempt: Attempt) -> Sequence[Outcome]:
        try:
            self._leave(events, attempt)
        except Retryable as error:
            return [Unsent(str(error))] * len(events)
        parts = [Part(each.partition_key, each.data, each.user_key) for each in events]
        return put_together(attempt, parts, attempt, self.pace)

    def _leave(self, events: Sequence[Ready], attempt: Attempt) -> None:
        """Leave the data of those that go without. Raises Retryable, also when there is no time for a call after it."""
        for each in events:
            if each.owed is not None:
                self.claims.leave(*each.owed)
                attempt.went_well()
                if attempt() <= 0:
                    raise Retryable("no time left after data were left in S3")


def _media_type(request: Request, accepted: Sequence[str] | dict[str, Any]) -> str:
    """The media type of the body. Raises Problem: 415."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    if media_type not in accepted:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Type must be {' or '.join(accepted)}",
            headers={"Accept-Post": ", ".join(accepted)},
        )
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "charset" and value.strip('"') not in _UTF8:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the charset must be UTF-8")
    return media_type


def _body(request: Request) -> bytes:
    """The body as JSON text. Raises Problem, NotText, Rejection."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Content-Encoding must be gzip, or none",
            headers={"Accept-Encoding": "gzip"},
        )
    if request.body_bytes > MAX_BODY_BYTES or len(body := request.body()) > MAX_BODY_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"the body is larger than {MAX_BODY_BYTES} bytes; send it in parts")
    if encoding == "gzip":
        body = unpacked(body)
    if not body.strip():
        raise Rejection(Reason.NOT_JSON, "the body is empty")
    return body


def _readable[T](read: Callable[[], T]) -> T:
    """What can be read. Raises Problem: 413 for what is too large, 400 for the rest."""
    try:
        return read()
    except Rejection as rejection:
        status = _status_of([fault_of(rejection)])
        raise Problem(status, rejection.detail, reason=str(rejection.reason)) from None


def _attribute(request: Request, name: str) -> str | None:
    """An attribute as CloudEvents' HTTP binding has it in binary mode: `ce-<name>`, percent-encoded. Raises NotText."""
    value = request.headers.get(f"ce-{name}")
    try:
        return None if value is None else unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise NotText(f"header ce-{name} is not UTF-8") from None


def _id_of(value: Json | Rejection) -> str | None:
    """The id that a refused event is told by, if it has one that is fit to be told."""
    found = value.get("id") if isinstance(value, dict) else None
    return found[:MAX_ID_CHARACTERS] if isinstance(found, str) else None


def _status_of(faults: Sequence[Fault]) -> HTTPStatus:
    is_too_large = all(fault.reason is Reason.TOO_LARGE for fault in faults)
    return HTTPStatus.CONTENT_TOO_LARGE if is_too_large else HTTPStatus.BAD_REQUEST


def _refused(event_id: str | None, faults: Sequence[Fault]) -> Result:
    return Result(event_id, _status_of(faults), faults)


def _result(event_id: str, outcome: Outcome) -> Result:
    if isinstance(outcome, Accepted):
        return Result(event_id, HTTPStatus.ACCEPTED)
    why = outcome.detail if isinstance(outcome, Unsent) else str(outcome)
    return Result(event_id, status_of(why), unsent=why)


def _answer(results: Sequence[Result]) -> Response:
    """The answer to all: a problem when none was accepted, and all for the same cause."""
    accepted = [each for each in results if each.status == HTTPStatus.ACCEPTED]
    unsent = [each.status for each in results if each.unsent]
    if len(accepted) == len(results):
        return Response(HTTPStatus.ACCEPTED, {"accepted": len(accepted), "ids": [each.id for each in accepted]})
    listed = _listed(results)
    if not accepted and not unsent:
        faults = [fault for each in results for fault in each.faults]
        left_out = len(faults) - sum(map(len, listed))
        more: Any = {"errors_left_out": left_out} if left_out else {}
        return Problem(
            _status_of(faults),
            f"{len(results)} of {len(results)} events refused; nothing was accepted",
            errors=[{"index": index, **fault} for index, each in enumerate(listed) for fault in each],
            **more,
        ).response()
    if len(unsent) == len(results):
        return try_again(max(set(unsent), key=unsent.count), "the pipeline").response()
    body: dict[str, Json] = {
        "accepted": len(accepted),
        "refused": len(results) - len(accepted) - len(unsent),
        "unsent": len(unsent),
        "results": [
            {"index": index, "id": each.id, "status": int(each.status), "errors": list(faults)}
            for index, (each, faults) in enumerate(zip(results, listed, strict=True))
        ],
    }
    return Response(HTTPStatus.MULTI_STATUS, body, retry_after(max(unsent)) if unsent else {})


def _listed(results: Sequence[Result]) -> list[list[dict[str, Json]]]:
    """The faults of each as JSON, together at most `MAX_FAULTS`."""
    left = MAX_FAULTS
    listed: list[list[dict[str, Json]]] = []
    for each in results:
        faults = each.faults[:left]
        left -= len(faults)
        listed.append([{"pointer": at, "reason": str(reason), "detail": detail} for at, reason, detail in faults])
    return listed
