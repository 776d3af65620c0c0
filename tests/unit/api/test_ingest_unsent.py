"""Events that are good, and a stream that does not take them."""

from __future__ import annotations

import pytest

from pipeline.aws.patience import PROMPT
from pipeline.errors import Misconfiguration, Retryable
from pipeline.testing.api_events import REQUEST_ID
from pipeline.testing.countdown import Countdown
from pipeline.testing.kinesis import Fail, FakeStream, Refuse
from pipeline.testing.lambda_events import log_event
from pipeline.testing.ports import FakeClaimStore
from pipeline.topology import INGEST_API
from tests.unit.api.bench import BATCH, Bench

THROTTLED = Refuse(frozenset({0}))
DOWN = Fail(Retryable("InternalFailure"))
# So little time that a second call might not end.
LATE = PROMPT.call_seconds
INVALID = log_event("bad", severity_number=99)


@pytest.mark.parametrize(
    ("fault", "status", "seconds"),
    [(THROTTLED, 429, "1"), (DOWN, 503, "5"), (Fail(Retryable("(ThrottlingException) slow down")), 429, "1")],
)
def test_none_is_sent(fault: Refuse | Fail, status: int, seconds: str) -> None:
    """When the stream takes nothing for two seconds, the answer says whether it throttles or is down."""
    bench = Bench(FakeStream([fault] * 99), call_seconds=0.1)
    answer = bench.post(log_event())
    assert (status, seconds) == (answer.status, answer.headers["Retry-After"])
    assert f"send the same again after {seconds} s" in answer.body["detail"]
    assert [] == bench.put
    assert 2.0 <= INGEST_API.timeout_seconds - bench.clock.left < 3.0


@pytest.mark.parametrize("call_seconds", [6.0, PROMPT.call_seconds])
def test_a_silent_stream(call_seconds: float) -> None:
    """One call is enough to know: the answer comes as soon as that is given up."""
    bench = Bench(FakeStream([DOWN] * 99), call_seconds=call_seconds)
    assert (503, 1) == (bench.post(log_event()).status, len(bench.stream.calls))
    assert call_seconds == INGEST_API.timeout_seconds - bench.clock.left


def test_part_is_not_sent() -> None:
    """What the stream took is accepted; the rest can be sent again, and is told apart from what is invalid."""
    stream = FakeStream([Refuse(frozenset({1}))] + [Refuse(frozenset({0}))] * 9)
    bench = Bench(stream, call_seconds=1.0)
    answer = bench.post([log_event("a", key="a"), log_event("b", key="b"), INVALID, log_event("c", key="b")], BATCH)
    assert (207, "1") == (answer.status, answer.headers["Retry-After"])
    assert [("a", 202), ("b", 429), ("bad", 400), ("c", 429)] == [
        (each["id"], each["status"]) for each in answer.body["results"]
    ]
    assert (1, 1, 2) == (answer.body["accepted"], answer.body["refused"], answer.body["unsent"])
    assert ["a"] == [each["id"] for each in bench.put]


def test_a_lost_answer() -> None:
    """What may be on the stream is not called accepted; sent again, it is there twice under one id."""
    bench = Bench(FakeStream([Fail(is_carried_out=True)]), clock=Countdown(LATE))
    assert 503 == bench.post(log_event("a")).status
    assert 202 == bench.post(log_event("a")).status
    assert 2 == len(bench.stream.records)


def test_it_is_tried_again_while_there_is_time() -> None:
    """A throttled entry is sent again until no call could end in time, and at least once."""
    patient = Bench(FakeStream([THROTTLED, THROTTLED]))
    assert (202, 3) == (patient.post(log_event()).status, len(patient.stream.calls))
    hurried = Bench(FakeStream([THROTTLED]), clock=Countdown(LATE))
    assert (429, 1) == (hurried.post(log_event()).status, len(hurried.stream.calls))


def test_a_shared_record_that_is_refused() -> None:
    """All events in it have its result; those of other records have their own."""
    bench = Bench(FakeStream([Refuse(frozenset({0}))]), clock=Countdown(LATE))
    answer = bench.post([log_event("a-1", key="a"), log_event("b-1", key="b"), log_event("a-2", key="a")], BATCH)
    assert [("a-1", 429), ("b-1", 202), ("a-2", 429)] == [
        (each["id"], each["status"]) for each in answer.body["results"]
    ]
    assert ["b-1"] == [each["id"] for each in bench.put]


@pytest.mark.parametrize(
    ("errors", "left", "status"),
    [([Retryable("SlowDown")], 27.0, 503), ([None, Retryable("SlowDown")], 27.0, 503), ([], LATE, 429)],
)
def test_data_that_cannot_be_left(errors: list[Exception | None], left: float, status: int) -> None:
    """Nothing is put then, so that nothing goes ahead of what was before it; the same can be sent again."""
    bench = Bench(claims=FakeClaimStore(errors), clock=Countdown(left))
    events = [log_event("a"), *(log_event(f"big-{n}", body=f"{n}" * 500_000) for n in range(2))]
    answer = bench.post(events, BATCH)
    assert (status, []) == (answer.status, bench.stream.calls)
    bench.clock.left = 27.0
    assert (202, 3, 2) == (bench.post(events, BATCH).status, len(bench.put), len(bench.claims.left))


def test_a_claims_bucket_that_may_not_be_used() -> None:
    """It fails the invocation, like a stream that may not be used."""
    bench = Bench(claims=FakeClaimStore([Misconfiguration("AccessDenied")]))
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        bench.post(log_event(body="x" * 500_000))


def test_too_many_of_one_key() -> None:
    """Records of one key go one after the other; those that there was no time for are to be sent again, in order."""
    bench = Bench(call_seconds=6.0)
    answer = bench.post([log_event(f"e-{n}", key="web-1", body="x" * 60_000) for n in range(6)], BATCH)
    statuses = [each["status"] for each in answer.body["results"]]
    accepted = statuses.count(202)
    assert 3 == accepted
    assert (207, "1") == (answer.status, answer.headers["Retry-After"])
    assert [202] * accepted + [429] * (6 - accepted) == statuses
    assert [f"e-{n}" for n in range(accepted)] == [each["id"] for each in bench.put]


def test_a_misconfiguration_is_raised() -> None:
    """A stream that may not be used fails the invocation: API Gateway answers 502, and the alarm rings."""
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        Bench(FakeStream([Fail(Misconfiguration("AccessDenied"))])).post(log_event())


def test_what_is_told() -> None:
    """One line a request, with its status and nothing of its content."""
    bench = Bench()
    bench.post(log_event("secret-id", body="secret"))
    (line,) = bench.report.told
    assert line.pop("seconds") >= 0
    assert {
        "operation": "POST /events",
        "status": 202,
        "events": {202: 1},
        "reasons": {},
        "request_id": REQUEST_ID,
    } == line


@pytest.mark.parametrize(
    ("stream", "events", "reasons"),
    [
        (FakeStream(), {202: 1, 400: 1}, {"schema_invalid": 1}),
        (FakeStream([THROTTLED] * 9), {400: 1, 429: 1}, {"schema_invalid": 1, THROTTLED.error_code: 1}),
        (FakeStream([DOWN] * 9), {400: 1, 503: 1}, {"schema_invalid": 1, "InternalFailure": 1}),
    ],
)
def test_what_is_told_of_events(stream: FakeStream, events: dict[int, int], reasons: dict[str, int]) -> None:
    """Each counts by its status, and with what was wrong; nothing of it is told besides."""
    bench = Bench(stream, clock=Countdown(LATE))
    bench.post([log_event("secret"), INVALID], BATCH)
    (line,) = bench.report.told
    assert (events, reasons) == (line["events"], line["reasons"])
    assert "secret" not in str(line)


def test_a_body_that_is_not_read_brings_no_events() -> None:
    """Only the request counts, with what is wrong with it."""
    bench = Bench()
    bench.post(b"{")
    (line,) = bench.report.told
    assert (400, {}, {"not_json": 1}) == (line["status"], line["events"], line["reasons"])
