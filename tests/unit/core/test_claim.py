"""Events whose data are left in S3, and the references that come back."""

from __future__ import annotations

import hashlib
from copy import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.claim import MAX_CLAIM_BYTES, Claims, claim_of, claimed_bytes, leave, redeem
from pipeline.core.decode import decode
from pipeline.core.records import read
from pipeline.errors import Rejection
from pipeline.model import Claim, Event, Position, Reason, Record
from pipeline.testing.lambda_events import kinesis_event

if TYPE_CHECKING:
    from pipeline.model import Json

BUCKET = "claims-of-ours"
DIGEST = "ab" * 32
BYTES_OF_QUOTES = len('{"a":""}')

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
data = st.dictionaries(texts, st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans(), st.none()))


def envelope(**attributes: Json) -> dict[str, Json]:
    return {"specversion": "1.0", "id": "e-1", "source": "//host", "type": "log.v1", **attributes}


def reference(bucket: str = BUCKET, key: str = f"claims/{DIGEST}-12.json") -> str:
    return f"s3://{bucket}/{key}"


def arrived(sent: dict[str, Json]) -> Event:
    return decode(*read(kinesis_event(sent)))


@given(data)
def test_there_and_back(values: dict[str, Json]) -> None:
    """What is redeemed is what was left, and says where it was."""
    left = leave(envelope(data=values), BUCKET)
    event = arrived(left.envelope)

    assert "data" not in left.envelope
    assert event.dataref is not None
    assert left.claim == claim_of(event.dataref, BUCKET)
    assert left.claim.size_bytes == claimed_bytes(event.dataref)
    whole = arrived(envelope(data=values))
    assert replace(whole, dataref=event.dataref) == redeem(event, left.claim, left.body)


def test_left_twice_is_one() -> None:
    """The object is named after its content, whatever the event."""
    first, second = (leave({**envelope(data={"a": 1}), "id": name}, BUCKET) for name in "ab")
    other = leave(envelope(data={"a": 2}), BUCKET)

    assert (first.claim, first.body) == (second.claim, second.body)
    assert other.claim.key != first.claim.key
    assert f"s3://{BUCKET}/{first.claim.key}" == first.envelope["dataref"]


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_the_limit(excess: int) -> None:
    """Data may be as large as the limit, in UTF-8, and not a byte more: neither left nor fetched."""
    text = "é" * ((MAX_CLAIM_BYTES - BYTES_OF_QUOTES) // 2 - 1) + "x" * (2 + excess)
    event = envelope(data={"a": text})
    known = reference(key=Claim(DIGEST, MAX_CLAIM_BYTES + excess).key)
    if excess <= 0:
        assert MAX_CLAIM_BYTES + excess == leave(event, BUCKET).claim.size_bytes
        assert Claim(DIGEST, MAX_CLAIM_BYTES + excess) == claim_of(known, BUCKET)
        return
    for use in (lambda: leave(event, BUCKET), lambda: claim_of(known, BUCKET)):
        with pytest.raises(Rejection, match=f"the limit in S3 is {MAX_CLAIM_BYTES}") as rejected:
            use()
        assert Reason.TOO_LARGE is rejected.value.reason


@pytest.mark.parametrize(
    "elsewhere",
    [
        reference(bucket="theirs"),
        reference(bucket=f"{BUCKET}.s3.amazonaws.com"),
        reference(bucket=f"x@{BUCKET}"),
        reference(key="archive/secret.json"),
        reference(key=f"claims/../archive/{DIGEST}-12.json"),
        reference(key=f"claims/{DIGEST}-12.json?versionId=1"),
        reference(key=f"claims/{DIGEST}-12.json\n"),
        reference(key=f"claims/{DIGEST.upper()}-12.json"),
        reference(key=f"claims/{DIGEST}-0.json"),
        reference(key=f"claims/{DIGEST}-١٢.json"),
        reference(key=f"claims/{DIGEST}-1234567890.json"),
        f"https://{BUCKET}/claims/{DIGEST}-12.json",
        "http://169.254.169.254/latest/meta-data",
        "",
    ],
    ids=lambda each: each[-40:],
)
def test_a_reference_elsewhere(elsewhere: str) -> None:
    """A reference to anything but a claim of ours is rejected, not followed."""
    with pytest.raises(Rejection, match=f"must be a claim in '{BUCKET}'") as rejected:
        claim_of(elsewhere, BUCKET)
    assert Reason.NOT_AN_EVENT is rejected.value.reason


@given(st.text())
def test_any_reference_at_all(text: str) -> None:
    """Whatever the reference, it is a claim of ours or rejected, never anything else."""
    with pytest.raises(Rejection):
        claim_of(text, BUCKET)


def test_without_a_bucket_nothing_is_followed() -> None:
    """A pipeline without claims follows no reference, not even one without a bucket."""
    for each in (reference(), reference(bucket="")):
        with pytest.raises(Rejection, match="must be a claim in ''"):
            claim_of(each, "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, Reason.CLAIM_MISSING),
        (b'{"a":2}', Reason.CLAIM_CORRUPT),
        (b"", Reason.CLAIM_CORRUPT),
        (b'{"a":1} ', Reason.CLAIM_CORRUPT),
    ],
)
def test_not_what_was_left(body: bytes | None, reason: Reason) -> None:
    """An object that is gone, or holds something else, is no data."""
    left = leave(envelope(data={"a": 1}), BUCKET)
    with pytest.raises(Rejection, match=left.claim.key) as rejected:
        redeem(arrived(left.envelope), left.claim, body)
    assert reason is rejected.value.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1,"a":2}', Reason.DUPLICATE_KEY),
        (b"[]", Reason.NOT_AN_EVENT),
        (b"null", Reason.NOT_AN_EVENT),
        (b"{", Reason.NOT_JSON),
        (b'{"a":"\xff"}', Reason.NOT_UTF8),
    ],
)
def test_the_object_is_as_strictly_read_as_a_record(body: bytes, reason: Reason) -> None:
    """What a record must not hold as data is rejected in an object too."""
    claim = Claim(hashlib.sha256(body).hexdigest(), len(body))
    with pytest.raises(Rejection) as rejected:
        redeem(arrived(envelope(dataref=reference(key=claim.key))), claim, body)
    assert reason is rejected.value.reason


def record(number: int, place: int) -> Record:
    return Record(Position("events", "shard-0", str(number), place), {}, 0.0)


def test_the_claims_of_one_record_fit_together() -> None:
    """An aggregate may claim as much as one event may; what is beyond is rejected, what is smaller may still fit."""
    claims, event = Claims(BUCKET, {}), arrived(envelope(dataref=reference()))
    sizes = [MAX_CLAIM_BYTES - 2, 3, 2, 1]

    def meet(number: int, place: int, size: int) -> Reason | None:
        try:
            claims.redeem(record(number, place), event, reference(key=Claim(DIGEST, size).key))
        except Rejection as rejected:
            return rejected.reason
        return None

    large = Reason.TOO_LARGE
    assert [None, large, None, large] == [meet(1, place, size) for place, size in enumerate(sizes)]
    assert [None, large] == [meet(2, place, size) for place, size in enumerate([MAX_CLAIM_BYTES, 1])]
    assert 2 * MAX_CLAIM_BYTES == claims.size_bytes
    assert [MAX_CLAIM_BYTES - 2, 2, MAX_CLAIM_BYTES] == [each.size_bytes for each in claims.wanted]
