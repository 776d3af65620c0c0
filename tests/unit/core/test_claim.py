"""Events whose data are left in S3, and the references that come back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.claim import MAX_CLAIM_BYTES, Claim, claim_of, leave, redeem
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from pipeline.model import Json

BUCKET = "claims-of-ours"
DIGEST = "ab" * 32
BYTES_OF_QUOTES = len('{"a":""}')

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
data = st.dictionaries(texts, st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans(), st.none()))


def envelope(**attributes: Json) -> dict[str, Json]:
    return {"specversion": "1.0", "id": "e-1", "source": "//host", "type": "log.v1", **attributes}


def reference(bucket: str = BUCKET, key: str = f"claims/{DIGEST}-12.json") -> dict[str, Json]:
    return envelope(dataref=f"s3://{bucket}/{key}")


@given(data)
def test_there_and_back(values: dict[str, Json]) -> None:
    """What is redeemed is what was left."""
    left = leave(envelope(data=values), BUCKET)
    arrived = orjson.loads(orjson.dumps(left.envelope))

    assert "data" not in arrived
    assert left.claim == claim_of(arrived, BUCKET)
    assert envelope(data=values) == redeem(arrived, left.claim, left.body)


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
    known = reference(key=f"claims/{DIGEST}-{MAX_CLAIM_BYTES + excess}.json")
    if excess <= 0:
        assert MAX_CLAIM_BYTES + excess == leave(event, BUCKET).claim.size_bytes
        assert Claim(DIGEST, MAX_CLAIM_BYTES + excess) == claim_of(known, BUCKET)
        return
    for use in (lambda: leave(event, BUCKET), lambda: claim_of(known, BUCKET)):
        with pytest.raises(Rejection, match="the limit in S3 is 16777216") as rejected:
            use()
        assert Reason.TOO_LARGE is rejected.value.reason


@pytest.mark.parametrize(
    "without",
    [None, [], "text", envelope(data={}), envelope(data=None), envelope(dataref=None), envelope(data={}, dataref="x")],
)
def test_nothing_to_claim(without: Json) -> None:
    """What carries its data, or has no reference, is read as it is."""
    assert claim_of(without, BUCKET) is None


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
        envelope(dataref=f"https://{BUCKET}/claims/{DIGEST}-12.json"),
        envelope(dataref="http://169.254.169.254/latest/meta-data"),
        envelope(dataref=""),
        envelope(dataref=12),
        envelope(dataref={"s3": BUCKET}),
    ],
    ids=lambda each: str(each["dataref"])[-40:],
)
def test_a_reference_elsewhere(elsewhere: dict[str, Json]) -> None:
    """A reference to anything but a claim of ours is rejected, not followed."""
    with pytest.raises(Rejection, match=f"must be a claim in {BUCKET}") as rejected:
        claim_of(elsewhere, BUCKET)
    assert Reason.NOT_AN_EVENT is rejected.value.reason


@given(st.text())
def test_any_reference_at_all(text: str) -> None:
    """Whatever the reference, it is a claim of ours or rejected, never anything else."""
    with pytest.raises(Rejection):
        claim_of(envelope(dataref=text), BUCKET)


@pytest.mark.parametrize(
    ("body", "why"),
    [(None, "is not there"), (b'{"a":2}', "other bytes"), (b"", "other bytes"), (b'{"a":1} ', "other bytes")],
)
def test_not_what_was_left(body: bytes | None, why: str) -> None:
    """An object that is gone, or holds something else, is no data."""
    left = leave(envelope(data={"a": 1}), BUCKET)
    with pytest.raises(Rejection, match=why):
        redeem(left.envelope, left.claim, body)


def test_the_object_is_as_strictly_read_as_a_record() -> None:
    """JSON that a record must not hold is rejected in an object too."""
    body = b'{"a":1,"a":2}'
    claim = Claim(hashlib.sha256(body).hexdigest(), len(body))
    left = leave(envelope(data={}), BUCKET)
    with pytest.raises(Rejection) as rejected:
        redeem(left.envelope, claim, body)
    assert Reason.DUPLICATE_KEY is rejected.value.reason
