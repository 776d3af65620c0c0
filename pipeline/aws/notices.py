"""Telling an outlet, ten notices a call, until all are told or the time is up.

Notices go in the order of their records. A round takes those within a window that begins at the first that is not told
yet, in several calls at a time. So when an outlet fails, few are told that come again: no more than a window of them.

Where order counts, a round has one notice of a key: any of a call may be refused alone, and what comes after it must
not overtake it. The price is a call a notice where all have one key.

What is refused for ever is a dead letter; when a whole call is, its notices are tried one by one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from pipeline.aws.failures import classify, error_code
from pipeline.core.outlet import attributes, token
from pipeline.errors import Retryable
from pipeline.model import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from botocore.exceptions import BotoCoreError

    from pipeline.aws.backoff import Backoff
    from pipeline.model import Notice, Position
    from pipeline.ports import Remaining

# API references of PublishBatch, SendMessageBatch and PutEvents: ten a call.
MAX_NOTICES: Final = 10
WRITERS: Final = 8
WINDOW: Final = WRITERS * MAX_NOTICES
_NOT_TOLD: Final = Failure("no time left, or it waits for one before it")

# Of one notice these mean that it is not as it must be; of a whole call they may mean its topic, queue or bus.
_OF_THE_NOTICE: Final = frozenset(
    {"InvalidArgument", "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"}
)
_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500

type Outcome = Failure | None


class Refused(Exception):
    """The service can never take this call as it is; the text is its code."""


@dataclass(frozen=True)
class Calls:
    """How an outlet is called.

    Args:
        send: one call of at most ten notices: an outcome for each. Raises Retryable, Misconfiguration or Refused.
        size_bytes: what the service counts of a notice.
        most_bytes: of all notices of a call.
        in_order: whether those of one key stay in order.
    """

    send: Callable[[Sequence[Notice]], Sequence[Outcome]]
    size_bytes: Callable[[Notice], int]
    most_bytes: int
    in_order: bool = False


def tell(notices: Sequence[Notice], calls: Calls, remaining: Remaining, backoff: Backoff) -> Mapping[Position, Failure]:
    """Tell all, and return what was not told, by position. Raises Misconfiguration.

    Where a position has several notices, the one to be tried again decides: it must not be given up.
    """
    telling = Telling(dict(enumerate(notices)))
    tries = 0
    with ThreadPoolExecutor(WRITERS) as writers:
        while telling.waiting and (not telling.is_begun or remaining() > 0):
            chunks = telling.round(calls)
            if telling.settle(chunks, [*writers.map(lambda chunk: _send(calls, [*chunk.values()]), chunks)]):
                tries = 0
                continue
            tries += 1
            if not backoff.wait(tries, remaining):
                break
    return telling.failures()


@dataclass
class Telling:
    """How far it got: what waits, by its place among all, and what stood in its way last."""

    waiting: dict[int, Notice]
    is_begun: bool = False
    _last: dict[int, Failure] = field(default_factory=dict)
    _refused: dict[Position, Failure] = field(default_factory=dict)

    def round(self, calls: Calls) -> list[dict[int, Notice]]:
        """What goes next, in calls: of the window all, or the first of each key."""
        self.is_begun = True
        end = next(iter(self.waiting)) + WINDOW
        window = list(takewhile(lambda each: each[0] < end, self.waiting.items()))
        if calls.in_order:
            window = [*{notice.key: (place, notice) for place, notice in reversed(window)}.values()][::-1]
        chunks: list[dict[int, Notice]] = [{}]
        room_bytes = calls.most_bytes
        for place, notice in window:
            size = calls.size_bytes(notice)
            if chunks[-1] and (len(chunks[-1]) == MAX_NOTICES or size > room_bytes):
                chunks.append({})
                room_bytes = calls.most_bytes
            chunks[-1][place] = notice
            room_bytes -= size
        return chunks

    def settle(self, chunks: Sequence[Mapping[int, Notice]], answers: Sequence[Sequence[Outcome]]) -> bool:
        """What was told, or never can be, waits no more; whether that is all of the round."""
        is_all = True
        for chunk, outcomes in zip(chunks, answers, strict=True):
            for (place, notice), outcome in zip(chunk.items(), outcomes, strict=True):
                if outcome is not None and not outcome.permanent:
                    self._last[place] = outcome
                    is_all = False
                    continue
                del self.waiting[place]
                if outcome is not None:
                    self._refused[notice.position] = outcome
        return is_all

    def failures(self) -> dict[Position, Failure]:
        """What was not told."""
        waiting = {notice.position: self._last.get(place, _NOT_TOLD) for place, notice in self.waiting.items()}
        return self._refused | waiting


def _send(calls: Calls, chunk: Sequence[Notice]) -> Sequence[Outcome]:
    try:
        return calls.send(chunk)
    except Retryable as error:
        return [Failure(str(error))] * len(chunk)
    except Refused as error:
        if len(chunk) == 1:
            return [_refusal(chunk[0].outlet, str(error))]
    return [outcome for each in chunk for outcome in _send(calls, [each])]


def failed(error: BotoCoreError | ClientError) -> Exception:
    """What to raise for a call that failed."""
    return classify(error) or Refused(error_code(error) if isinstance(error, ClientError) else str(error))


def outcome_of(outlet: str, code: str, *, is_ours: bool = True) -> Outcome:
    """What the code of one notice means, where the call as a whole was taken. Raises Misconfiguration.

    `is_ours` says whether the service holds the sender to be at fault; where it does not, the notice is tried again.
    """
    if code in _OF_THE_NOTICE:
        return _refusal(outlet, code)
    status = _BAD_REQUEST if is_ours else _SERVER_ERROR
    response: Any = {
        "Error": {"Code": code, "Message": f"for a notice to {outlet}"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    error = classify(ClientError(response, "batch"))
    if error is None:
        return _refusal(outlet, code)
    if isinstance(error, Retryable):
        return Failure(code)
    raise error


def outcomes_of(notices: Sequence[Notice], answer: Mapping[str, Any]) -> list[Outcome]:
    """The outcomes in an answer of SNS or SQS to such entries. Raises Misconfiguration."""
    refused = {each["Id"]: each for each in answer.get("Failed", ())}
    told = {each["Id"] for each in answer.get("Successful", ())}
    outcomes: list[Outcome] = []
    for place, notice in enumerate(notices):
        if entry := refused.get(str(place)):
            outcomes.append(outcome_of(notice.outlet, entry["Code"], is_ours=entry["SenderFault"]))
        else:
            outcomes.append(None if str(place) in told else Failure("it was not answered for"))
    return outcomes


def entries(notices: Sequence[Notice], body: str, *, is_fifo: bool) -> Any:  # noqa: ANN401 - of either service
    """The entries of a call of SNS or SQS, which differ in what they call a body; the id of each is its place."""
    made: list[dict[str, Any]] = []
    for place, notice in enumerate(notices):
        told = attributes(notice).items()
        entry: dict[str, Any] = {
            "Id": str(place),
            body: notice.body.decode(),
            "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in told},
        }
        if is_fifo:
            entry |= {"MessageGroupId": token(notice.key), "MessageDeduplicationId": token(notice.id)}
        made.append(entry)
    return made


def is_fifo(name: str) -> bool:
    """Whether it is the URL or ARN of a FIFO queue or topic (API references, CreateQueue and CreateTopic)."""
    return name.endswith(".fifo")


def _refusal(outlet: str, code: str) -> Failure:
    return Failure(f"the outlet {outlet} refuses it: {code}", permanent=True)
