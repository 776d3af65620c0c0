"""What is wrong with a request, as application/problem+json (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pipeline.api.proxy import Response
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json

MEDIA_TYPE: Final = "application/problem+json"
# How long a client should wait: a throttled shard has its next second, what is down takes longer.
THROTTLED_SECONDS: Final = 1
UNAVAILABLE_SECONDS: Final = 5
# The last is what `put_in_order` says of what it did not get to: too many of one key, which go one after the other.
_THROTTLED: Final = ("ProvisionedThroughput", "Throttl", "LimitExceeded", "TooManyRequests", "no time left")


class Problem(PipelineError):
    """A request that is not answered as it was meant.

    Args:
        status: the HTTP status; its phrase is the problem's title.
        detail: what is wrong and what to do, for a person.
        headers: of the answer.
        members: more of the problem, such as `errors`.
    """

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **members: Json
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def response(self) -> Response:
        """The answer."""
        body: dict[str, Json] = {
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            **self.members,
        }
        reasons = {str(self.members["reason"]): 1} if "reason" in self.members else {}
        return Response(self.status, body, {**self.headers, "Content-Type": MEDIA_TYPE}, reasons=reasons)


def status_of(detail: str) -> HTTPStatus:
    """429 for a service that throttles, 503 for one that fails in any other way; by the error's code or text."""
    is_throttled = any(each in detail for each in _THROTTLED)
    return HTTPStatus.TOO_MANY_REQUESTS if is_throttled else HTTPStatus.SERVICE_UNAVAILABLE


def retry_after(status: HTTPStatus) -> dict[str, str]:
    """The header for a status of `status_of`."""
    seconds = THROTTLED_SECONDS if status == HTTPStatus.TOO_MANY_REQUESTS else UNAVAILABLE_SECONDS
    return {"Retry-After": str(seconds)}


def try_again(status: HTTPStatus, what: str, **members: Json) -> Problem:
    """The problem that goes away by waiting, for a status of `status_of`."""
    why = "is throttled" if status == HTTPStatus.TOO_MANY_REQUESTS else "cannot be reached, or fails"
    headers = retry_after(status)
    return Problem(
        status, f"{what} {why}; send the same again after {headers['Retry-After']} s", headers=headers, **members
    )
