"""Where a list goes on, as an opaque text: URL-safe base64 of the place after which the next page begins.

    base64url( digest (8 bytes) · order · NUL · partition key )

The digest covers the question that the cursor was given for, so that one of another question, a cut one or an invented
one is noticed rather than answered with the wrong page. It is no secret: a cursor says only where within the answer to
go on, and whose answer it is the question itself says.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final, NamedTuple

from pipeline.errors import InputError

_DIGEST_BYTES: Final = 8


class Place(NamedTuple):
    """The last item of a page: its order in the timeline, and its partition key in the table."""

    order: str
    pk: str


def write(place: Place, question: str) -> str:
    """The cursor of a place in the answer to a question: letters, digits, `-` and `_`."""
    content = "\0".join(place).encode()
    return base64.urlsafe_b64encode(_digest(content, question) + content).rstrip(b"=").decode()


def read(cursor: str, question: str) -> Place:
    """The place that a cursor names. Raises InputError when it was not given for this question."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        order, pk = raw[_DIGEST_BYTES:].decode().split("\0", 1)
    except ValueError:
        raise InputError("the cursor is none; begin without one") from None
    if write(Place(order, pk), question) != cursor:
        raise InputError("the cursor belongs to another question; begin without one")
    return Place(order, pk)


def _digest(content: bytes, question: str) -> bytes:
    return hashlib.blake2b(question.encode() + b"\0" + content, digest_size=_DIGEST_BYTES).digest()
