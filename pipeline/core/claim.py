"""An event that is too large for the stream: its data are left in S3, and a reference travels (claim check).

    event ─leave▸ envelope without data, with `dataref`   ─▶ stream ─▶   claim_of ▸ redeem ─▶ the event as it was
          └─────▸ the data as JSON ─▶ S3, before the envelope is put            ▲
                        claims/<SHA-256 of it>-<its bytes>.json ────────────────┘

`dataref` is CloudEvents' own extension (https://github.com/cloudevents/spec, extensions/dataref.md). The object is
named after its content: left twice it is one, and whatever else lies under its name is noticed. The size is in the name
too, so that what has no room is not even fetched. A reference that leads anywhere but to the pipeline's own claims is
rejected and never followed: whoever may put a record must not choose what the consumer reads.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from pipeline.core.decode import parse
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json

# What a function with 1.7 GB surely holds as Python objects, several times over.
MAX_CLAIM_BYTES: Final = 16 * 1024 * 1024

_REFERENCE: Final = re.compile(
    r"s3://(?P<bucket>[^/]+)/claims/(?P<digest>[0-9a-f]{64})-(?P<size>[1-9][0-9]{0,8})\.json"
)


class Claim(NamedTuple):
    """The data of one event in the claims bucket: the SHA-256 of its JSON in hexadecimal, and its size."""

    digest: str
    size_bytes: int

    @property
    def key(self) -> str:
        """The name of the object."""
        return f"claims/{self.digest}-{self.size_bytes}.json"


class Left(NamedTuple):
    """An event in two parts: the claim with its body goes to S3 first, the envelope to the stream after it."""

    envelope: dict[str, Json]
    claim: Claim
    body: bytes


def leave(envelope: Mapping[str, Json], bucket: str) -> Left:
    """Take the data out of an envelope. Raises Rejection: too_large, beyond `MAX_CLAIM_BYTES`."""
    body = orjson.dumps(envelope["data"])
    if len(body) > MAX_CLAIM_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"{len(body)} bytes of data; the limit in S3 is {MAX_CLAIM_BYTES}")
    claim = Claim(hashlib.sha256(body).hexdigest(), len(body))
    attributes = {name: value for name, value in envelope.items() if name != "data"}
    return Left({**attributes, "dataref": f"s3://{bucket}/{claim.key}"}, claim, body)


def claim_of(envelope: Json, bucket: str) -> Claim | None:
    """Where the data of this envelope lie; None where it carries them, or has no reference.

    Raises Rejection: not_an_event for a reference to anything but a claim in this bucket, too_large for a larger one
    than is ever left there.
    """
    if not isinstance(envelope, dict) or envelope.get("dataref") is None or envelope.get("data") is not None:
        return None
    reference = envelope["dataref"]
    match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if match is None or match["bucket"] != bucket:
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute dataref must be a claim in {bucket}; nothing else is followed")
    claim = Claim(match["digest"], int(match["size"]))
    if claim.size_bytes > MAX_CLAIM_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"{claim.size_bytes} bytes of data; the limit in S3 is {MAX_CLAIM_BYTES}")
    return claim


def redeem(envelope: Mapping[str, Json], claim: Claim, body: bytes | None) -> dict[str, Json]:
    """The envelope with its data; `body` is the object's, or None where there is no such object.

    The reference is gone again: the event is what it was before it was left. Raises Rejection: not_an_event where the
    object is not there or is another, and those of `parse`.
    """
    if body is None:
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute dataref: {claim.key} is not there (any more)")
    if (len(body), hashlib.sha256(body).hexdigest()) != (claim.size_bytes, claim.digest):
        raise Rejection(Reason.NOT_AN_EVENT, f"attribute dataref: {claim.key} holds other bytes than were left there")
    attributes = {name: value for name, value in envelope.items() if name != "dataref"}
    return {**attributes, "data": parse(body)}
