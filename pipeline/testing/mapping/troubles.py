"""What each fault of a call does: to the call, to the time, or to the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from pipeline.testing.aws_errors import aws_error
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.mapping.clock import Killed
from pipeline.testing.mapping.fault_kinds import CallFault

if TYPE_CHECKING:
    from pipeline.testing.mapping.clock import Clock

SLOW_SECONDS: Final = 20.0
_ENDPOINT: Final = "https://aws.example"


@dataclass(frozen=True)
class Call:
    """A call that a fault happens to.

    Args:
        service: "dynamodb", "s3", "kinesis", "events", "sns" or "sqs".
        operation: what carries it out.
    """

    service: str
    clock: Clock
    operation: Callable[..., Any]
    arguments: Mapping[str, Any]

    def do(self, **others: Any) -> Any:  # noqa: ANN401 - what the operation answers
        """Carry it out, perhaps with other arguments."""
        return self.operation(**{**self.arguments, **others})


type Trouble = Callable[[Call], Any]

_CODES: Final[Mapping[CallFault, Mapping[str, tuple[str, int]]]] = {
    CallFault.THROTTLED: {
        "dynamodb": ("ProvisionedThroughputExceededException", 400),
        "kinesis": ("ProvisionedThroughputExceededException", 400),
        "s3": ("SlowDown", 503),
        "events": ("ThrottlingException", 400),
        "sns": ("Throttled", 429),
        "sqs": ("RequestThrottled", 400),
    },
    CallFault.SERVER_ERROR: {
        "dynamodb": ("InternalServerError", 500),
        "kinesis": ("InternalFailure", 500),
        "s3": ("ServiceUnavailable", 503),
        "events": ("InternalException", 500),
        "sns": ("InternalError", 500),
        "sqs": ("ServiceUnavailable", 503),
    },
    CallFault.ACCESS_DENIED: {
        "dynamodb": ("AccessDeniedException", 400),
        "kinesis": ("AccessDeniedException", 400),
        "s3": ("AccessDenied", 403),
        "events": ("AccessDeniedException", 400),
        "sns": ("AuthorizationError", 403),
        "sqs": ("AccessDenied", 403),
    },
    CallFault.KEY_DENIED: {
        "dynamodb": ("KMSAccessDeniedException", 400),
        "kinesis": ("KMSAccessDeniedException", 400),
        "s3": ("AccessDenied", 403),
        "events": ("AccessDeniedException", 400),
        "sns": ("KMSAccessDenied", 400),
        "sqs": ("KmsAccessDenied", 400),
    },
    CallFault.NOT_FOUND: {
        "dynamodb": ("ResourceNotFoundException", 400),
        "kinesis": ("ResourceNotFoundException", 400),
        "s3": ("NoSuchBucket", 404),
        "events": ("ResourceNotFoundException", 400),
        "sns": ("NotFound", 404),
        "sqs": ("AWS.SimpleQueueService.NonExistentQueue", 400),
    },
    CallFault.TOKEN_EXPIRED: {
        "dynamodb": ("ExpiredTokenException", 400),
        "kinesis": ("ExpiredTokenException", 400),
        "s3": ("ExpiredToken", 400),
        "events": ("ExpiredTokenException", 400),
        "sns": ("ExpiredToken", 403),
        "sqs": ("ExpiredToken", 403),
    },
}


def hang(clock: Clock) -> None:
    """Until the time of the function is over."""
    if clock.deadline_at is not None:
        clock.spend(clock.deadline_at - clock.now())


def _refusal(fault: CallFault) -> Trouble:
    def refuse(call: Call) -> None:
        raise aws_error(*_CODES[fault][call.service])

    return refuse


def _no_connection(_: Call) -> None:
    raise EndpointConnectionError(endpoint_url=_ENDPOINT)


def _answer_lost(call: Call) -> None:
    call.do()
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


def _slow(call: Call) -> Any:  # noqa: ANN401 - the call's answer
    call.clock.spend(SLOW_SECONDS)
    return call.do()


def _hangs_before(call: Call) -> None:
    hang(call.clock)


def _hangs_after(call: Call) -> None:
    call.do()
    hang(call.clock)


def _killed_before(_: Call) -> None:
    raise Killed


def _killed_after(call: Call) -> None:
    call.do()
    raise Killed


def _race(call: Call) -> Any:  # noqa: ANN401 - the call's answer
    call.do()
    return call.do()


def _some_unprocessed(call: Call) -> dict[str, Any]:
    """Every second item, from the second on."""
    ((table, requests),) = call.arguments["RequestItems"].items()
    call.do(RequestItems={table: requests[::2]})
    return _unprocessed(table, requests[1::2])


def _all_unprocessed(call: Call) -> dict[str, Any]:
    return _unprocessed(*next(iter(call.arguments["RequestItems"].items())))


def _unprocessed(table: str, requests: Sequence[Any]) -> dict[str, Any]:
    """The answer: an item comes back as an item, in whatever form it was sent."""
    left = [{"PutRequest": {"Item": read_item(each["PutRequest"]["Item"])}} for each in requests]
    return {"UnprocessedItems": {table: left} if left else {}}


def _some_refused(call: Call) -> dict[str, Any]:
    """Every second entry, from the first on."""
    entries = call.arguments["Records"]
    accepted = iter(call.do(Records=entries[1::2])["Records"] if entries[1::2] else [])
    refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "told to"}
    answers = [next(accepted) if place % 2 else refused for place in range(len(entries))]
    return {"FailedRecordCount": len(entries[::2]), "Records": answers}


def _all_refused(call: Call) -> dict[str, Any]:
    count = len(call.arguments["Records"])
    refused = {"ErrorCode": "InternalFailure", "ErrorMessage": "told to"}
    return {"FailedRecordCount": count, "Records": [refused] * count}


def _some_not_told(call: Call) -> dict[str, Any]:
    """Every second notice, from the first on."""
    name = _notices_of(call)
    notices = call.arguments[name]
    told = call.do(**{name: notices[1::2]}) if notices[1::2] else {}
    if call.service == "events":
        answers = iter(told.get("Entries", ()))
        refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "told to"}
        return {"Entries": [next(answers) if place % 2 else refused for place in range(len(notices))]}
    refusal = {"Code": "InternalError", "Message": "told to", "SenderFault": False}
    failed = [{"Id": each["Id"], **refusal} for each in notices[::2]]
    return {"Successful": told.get("Successful", []), "Failed": [*told.get("Failed", ()), *failed]}


def _some_told_then_lost(call: Call) -> None:
    name = _notices_of(call)
    call.do(**{name: call.arguments[name][::2]})
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


def _notices_of(call: Call) -> str:
    """What the operation calls them."""
    return "PublishBatchRequestEntries" if call.service == "sns" else "Entries"


def _some_then_lost(call: Call) -> None:
    call.do(Records=call.arguments["Records"][::2])
    raise ReadTimeoutError(endpoint_url=_ENDPOINT)


TROUBLES: Final[Mapping[CallFault, Trouble]] = {
    **{fault: _refusal(fault) for fault in _CODES},
    CallFault.NO_CONNECTION: _no_connection,
    CallFault.ANSWER_LOST: _answer_lost,
    CallFault.SLOW: _slow,
    CallFault.HANGS_BEFORE: _hangs_before,
    CallFault.HANGS_AFTER: _hangs_after,
    CallFault.KILLED_BEFORE: _killed_before,
    CallFault.KILLED_AFTER: _killed_after,
    CallFault.RACE: _race,
    CallFault.SOME_UNPROCESSED: _some_unprocessed,
    CallFault.ALL_UNPROCESSED: _all_unprocessed,
    CallFault.SOME_REFUSED: _some_refused,
    CallFault.ALL_REFUSED: _all_refused,
    CallFault.SOME_THEN_LOST: _some_then_lost,
    CallFault.SOME_NOT_TOLD: _some_not_told,
    CallFault.SOME_TOLD_THEN_LOST: _some_told_then_lost,
}
# The faults that only one operation knows.
ONLY: Final[Mapping[CallFault, str]] = {
    CallFault.SOME_UNPROCESSED: "batch_write_item",
    CallFault.ALL_UNPROCESSED: "batch_write_item",
    CallFault.RACE: "put_item",
    CallFault.SOME_REFUSED: "put_records",
    CallFault.ALL_REFUSED: "put_records",
    CallFault.SOME_THEN_LOST: "put_records",
}
