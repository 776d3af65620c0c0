"""An event that is too large for the stream: its data are left in S3, and a reference travels (claim check).

    event ─leave▸ envelope without data, with `dataref`  ─▶ stream ─▶ decode ▸ claim_of ▸ redeem ─▶ the event as it was
          └─────▸ the data as JSON ─▶ S3, before the envelope is put                        ▲
                        claims/<SHA-256 of it>-<its bytes>.json ────────────────────────────┘

`dataref` is CloudEvents' own extension (https://github.com/cloudevents/spec, extensions/dataref.md). The object is
named after its content: left twice it is one, and whatever else lies under its name is noticed. The size is in the name
too, so that what has no room is not even fetched. A reference that leads anywhere but to the pipeline's own claims is
rejected and never followed: whoever may put a record must not choose what the consumer reads.

The data are left before the envelope is put, and S3 lists what was put at once: what is not there never will be.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from msgspec import structs

from pipeline.core.decode import data_object, parse
from pipeline.errors import Rejection
from pipeline.model import Claim, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Event, Json, Record

# What a function with 1.7 GB holds, whatever the data are: text takes a few times its bytes, the smallest objects take
# 45 times as many, and 160 times while it is said why they are against their schema.
MAX_CLAIM_BYTES: Final = 8 * 1024 * 1024

_REFERENCE: Final = re.compile(
    r"s3://(?P<bucket>[^/]+)/claims/(?P<digest>[0-9a-f]{64})-(?P<size>[1-9][0-9]{0,8})\.json"
)


class Left(NamedTuple):
    """An event in two parts: the claim with its body goes to S3 first, the envelope to the stream after it."""

    envelope: dict[str, Json]
    claim: Claim
    body: bytes


def leave(envelope: Mapping[str, Json], bucket: str) -> Left:
    """Take the data out of an envelope. Raises Rejection: too_large, beyond `MAX_CLAIM_BYTES`."""
    body = orjson.dumps(envelope["data"])
    if len(body) > MAX_CLAIM_BYTES:
        raise Rejection(Reason.TOO_LARGE, _too_large(len(body)))
    claim = Claim(hashlib.sha256(body).hexdigest(), len(body))
    attributes = {name: value for name, value in envelope.items() if name != "data"}
    return Left({**attributes, "dataref": f"s3://{bucket}/{claim.key}"}, claim, body)


@dataclass(slots=True)
class Claims:
    """The claims of a batch: those at hand are redeemed, the others noted as wanted.

    Args:
        bucket: where they must lie; empty where no claim is ever followed.
        bodies: those at hand, as `redeem` takes them.
        wanted: those that were met and are not at hand.
        size_bytes: of all that were met; the same whether they are at hand or not.
    """

    bucket: str
    bodies: Mapping[Claim, bytes | None]
    wanted: list[Claim] = field(default_factory=list)
    size_bytes: int = 0
    _of_record: tuple[str, int] = ("", 0)

    def redeem(self, record: Record, event: Event, reference: str) -> Event | None:
        """The event with its data; None while they are wanted. Raises Rejection: see `claim_of` and `redeem`.

        What the user records of an aggregate claim must fit together: a record is not read in parts. What does not is
        rejected as too_large, whatever the batch, so that it can be redriven alone.
        """
        claim = claim_of(reference, self.bucket)
        sequence_number, before_bytes = self._of_record
        if sequence_number != record.position.sequence_number:
            before_bytes = 0
        size_bytes = before_bytes + claim.size_bytes
        if size_bytes > MAX_CLAIM_BYTES:
            raise Rejection(Reason.TOO_LARGE, _too_large(size_bytes) + ", for all user records of a record together")
        self._of_record = record.position.sequence_number, size_bytes
        self.size_bytes += claim.size_bytes
        if claim not in self.bodies:
            self.wanted.append(claim)
            return None
        return redeem(event, claim, self.bodies[claim])


def claim_of(reference: str, bucket: str) -> Claim:
    """The claim that a `dataref` names.

    Raises Rejection: not_an_event for a reference to anything but a claim in this bucket, too_large for a larger one
    than is ever left there.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["bucket"] != bucket:
        raise Rejection(
            Reason.NOT_AN_EVENT, f"attribute dataref must be a claim in {bucket!r}; nothing else is followed"
        )
    claim = Claim(match["digest"], int(match["size"]))
    if claim.size_bytes > MAX_CLAIM_BYTES:
        raise Rejection(Reason.TOO_LARGE, _too_large(claim.size_bytes))
    return claim


def redeem(event: Event, claim: Claim, body: bytes | None) -> Event:
    """The event with its data; `body` is the object's, or None where there is no such object.

    Raises Rejection: claim_missing; claim_corrupt, where the object holds other bytes than were left there; and what a
    record with these data would be rejected for.
    """
    if body is None:
        raise Rejection(Reason.CLAIM_MISSING, f"attribute dataref: {claim.key} is not there (any more)")
    if (len(body), hashlib.sha256(body).hexdigest()) != (claim.size_bytes, claim.digest):
        raise Rejection(Reason.CLAIM_CORRUPT, f"attribute dataref: {claim.key} holds other bytes than were left there")
    return structs.replace(event, data=data_object(parse(body)))


def claimed_bytes(reference: str) -> int:
    """The size of the data that a followed `dataref` leads to."""
    return int(reference.rpartition("-")[2].removesuffix(".json"))


def _too_large(size_bytes: int) -> str:
    return f"{size_bytes} bytes of data; the limit in S3 is {MAX_CLAIM_BYTES}"
