"""The claims bucket, and what may come back from it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import IncompleteReadError, ReadTimeoutError

from pipeline.aws.backoff import Backoff
from pipeline.aws.claims import CLAIM_READERS, ClaimsBucket, open_claims
from pipeline.aws.clients import Clients
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Claim
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.countdown import Countdown
from pipeline.testing.s3 import FakeS3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SLOW_DOWN = aws_error("SlowDown", 503)
TIMED_OUT = ReadTimeoutError(endpoint_url="https://s3")
CUT_OFF = IncompleteReadError(actual_bytes=1, expected_bytes=2)
DENIED = aws_error("AccessDenied", 403)


class Cut(io.BytesIO):
    """A body whose end does not arrive, which is noticed where it should be."""

    def read(self, size: int | None = -1) -> bytes:
        if not (chunk := super().read(size)):
            raise CUT_OFF
        return chunk


@dataclass
class Reads:
    """A client whose GetObject fails as told, a turn each or for good; `asked` are the keys, in turn."""

    s3: FakeS3
    errors: list[Exception | None] = field(default_factory=list)
    failing: Mapping[str, Exception] = field(default_factory=dict)
    body: Callable[[bytes], io.BytesIO] = io.BytesIO
    asked: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - the API's names
        with self.lock:
            self.asked.append(Key)
            error = self.failing.get(Key) or (self.errors.pop(0) if self.errors else None)
        if error is not None:
            raise error
        return {"Body": self.body(self.s3.get_object(Bucket=Bucket, Key=Key)["Body"].read())}


def a_claim(number: int) -> tuple[Claim, bytes]:
    body = b'{"n":%d}' % number
    return Claim(hashlib.sha256(body).hexdigest(), len(body)), body


def left(count: int, **options: Any) -> tuple[dict[Claim, bytes], Reads]:  # noqa: ANN401 - those of the client
    """So many claims with their bodies, and the client that has them."""
    claims = dict(a_claim(number) for number in range(count))
    return claims, Reads(FakeS3({"claims": {claim.key: body for claim, body in claims.items()}}), **options)


def fetch(reads: Reads, claims: Sequence[Claim], clock: Countdown | None = None) -> Mapping[Claim, bytes | None]:
    clock = clock or Countdown()
    backoff = Backoff(draw=lambda: 1.0, sleep=clock.sleep)
    return ClaimsBucket(cast("Any", reads), "claims", backoff).fetch(claims, clock)


@pytest.mark.parametrize("count", [0, 1, CLAIM_READERS, 2 * CLAIM_READERS + 1])
def test_all(count: int) -> None:
    """All are fetched, each once."""
    claims, reads = left(count)
    assert claims == fetch(reads, [*claims])
    assert sorted(each.key for each in claims) == sorted(reads.asked)


def test_not_there() -> None:
    """A claim without an object has no body; that is no failure."""
    claims, reads = left(1)
    gone, _ = a_claim(7)
    assert {**claims, gone: None} == fetch(reads, [gone, *claims])


@pytest.mark.parametrize("other", [b"", b"{}", b'{"n":00}', bytes(10_000)])
def test_something_else(other: bytes) -> None:
    """What is not as long as was left comes as it is, but never more than one byte too much."""
    ((claim, _),), reads = left(1)[0].items(), left(1)[1]
    reads.s3.buckets["claims"][claim.key] = other
    assert {claim: other[: claim.size_bytes + 1]} == fetch(reads, [claim])


@pytest.mark.parametrize("error", [SLOW_DOWN, TIMED_OUT, aws_error("InternalError", 500)])
def test_tried_again(error: Exception) -> None:
    """What may succeed later is tried again."""
    claims, reads = left(1, errors=[error, error])
    assert claims == fetch(reads, [*claims])
    assert 3 == len(reads.asked)


def test_an_end_that_does_not_arrive() -> None:
    """A body that breaks off is asked for until the time is over; it is never taken for what lies there."""
    claims, reads = left(1, body=Cut)
    with pytest.raises(Retryable, match="IncompleteReadError"):
        fetch(reads, [*claims], Countdown(1.0))
    assert len(reads.asked) > 1


def test_no_time_for_another_try() -> None:
    """When the time is over it is said that the claims are out of reach; each of the first few is tried once."""
    claims, reads = left(1, failing={a_claim(0)[0].key: SLOW_DOWN})
    with pytest.raises(Retryable, match="SlowDown"):
        fetch(reads, [*claims], Countdown(0.0))
    assert 1 == len(reads.asked)


def test_no_time_for_the_rest() -> None:
    """Without time left the first few are fetched, and nothing more is begun."""
    claims, reads = left(CLAIM_READERS + 1)
    with pytest.raises(Retryable, match=f"no time left to fetch 1 of {CLAIM_READERS + 1} claims"):
        fetch(reads, [*claims], Countdown(0.0))
    assert CLAIM_READERS == len(reads.asked)
    assert dict([*claims.items()][:-1]) == fetch(reads, [*claims][:-1], Countdown(0.0))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DENIED, "AccessDenied"),
        (aws_error("InvalidObjectState", 403), "InvalidObjectState"),
        (aws_error("InvalidRequest", 400), "bucket claims refuses claims/"),
    ],
)
def test_may_not_be_read(error: Exception, why: str) -> None:
    """What may not be read is a misconfiguration, and tried once."""
    claims, reads = left(1, errors=[error])
    with pytest.raises(Misconfiguration, match=why):
        fetch(reads, [*claims])
    assert 1 == len(reads.asked)


def test_no_bucket() -> None:
    """A bucket that is not there is a misconfiguration, not a claim that is gone."""
    claims, reads = left(1)
    reads.s3.buckets.clear()
    with pytest.raises(Misconfiguration, match="NoSuchBucket"):
        fetch(reads, [*claims])


def test_what_is_left_can_be_fetched() -> None:
    """Left twice it is one object."""
    claims, _ = left(2)
    s3 = FakeS3({"claims": {}})
    bucket = ClaimsBucket(cast("Any", s3), "claims")
    for _ in range(2):
        for claim, body in claims.items():
            bucket.leave(claim, body)

    assert claims == bucket.fetch([*claims], Countdown())
    assert {claim.key: body for claim, body in claims.items()} == s3.buckets["claims"]
    assert {"application/json"} == set(s3.content_types.values())


@pytest.mark.parametrize(
    ("error", "raised", "why"),
    [
        (SLOW_DOWN, Retryable, "SlowDown"),
        (TIMED_OUT, Retryable, "ReadTimeoutError"),
        (DENIED, Misconfiguration, "AccessDenied"),
        (aws_error("InvalidRequest", 400), Misconfiguration, "bucket claims refuses claims/"),
    ],
)
def test_may_not_be_left(error: Exception, raised: type[Exception], why: str) -> None:
    """What may succeed later is told from what will not."""
    s3 = FakeS3({"claims": {}}, errors=[error])
    with pytest.raises(raised, match=why):
        ClaimsBucket(cast("Any", s3), "claims").leave(*a_claim(1))


def test_a_bucket_by_its_name() -> None:
    """Of these clients; one that cannot be made says so."""
    assert "claims" == open_claims("claims", Clients(local=True)).bucket
    with pytest.raises(Misconfiguration, match=r"bucket 'claims' cannot be used: .*no-such-profile"):
        open_claims("claims", Clients(profile="no-such-profile"))
