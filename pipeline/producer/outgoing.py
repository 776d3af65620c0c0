"""What a caller puts → what travels: the envelope is made or checked here, and its `id` is set once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from pipeline.core.decode import read_event
from pipeline.core.encode import cloudevent
from pipeline.core.times import rfc3339
from pipeline.errors import Rejection
from pipeline.model import Event, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.producer.outcome import Puttable


class Outgoing(Struct, frozen=True, gc=False):
    """A record as it travels: its id and type if it is an event, the key it is in order with, and its bytes."""

    id: str
    type: str | None
    key: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Makes envelopes of one type and source. `now` gives epoch seconds."""

    type: str | None = None
    source: str | None = None
    now: Callable[[], float] = time.time

    def outgoing(self, record: Puttable, key: str | None) -> Outgoing:
        """The record as it travels, in order with its key: the given one, or else the event's subject, or nothing.

        Raises Rejection for a dict that is no event, or that JSON has no words for; ValueError for bytes without a key
        and for bare data without a type and a source.
        """
        if isinstance(record, bytes):
            if not key:
                raise ValueError("data that is not an event needs a key")
            return Outgoing("", None, key, record)
        if isinstance(record, Event):
            if not record.id:
                raise Rejection(Reason.NOT_AN_EVENT, "attribute id is missing")
            return Outgoing(record.id, record.type, key or record.subject, _json(cloudevent(record)))
        envelope = record if "specversion" in record else self._enclose(record, key)
        event = read_event(dict(envelope), arrived_at=0.0)
        return Outgoing(event.id, event.type, key or event.subject, _json(envelope))

    def _enclose(self, data: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        if self.type is None or self.source is None:
            raise ValueError("data without an envelope needs the producer to have a type and a source")
        now = self.now()
        return {
            "specversion": "1.0",
            "id": unique_id(now),
            "source": self.source,
            "type": self.type,
            "time": rfc3339(now),
            **({"subject": key} if key else {}),
            "data": data,
        }


def unique_id(now: float) -> str:
    """A UUID of version 7 (RFC 9562): milliseconds since the epoch, then 74 random bits; later ones sort later."""
    bits = secrets.randbits(74)
    value = int(now * 1000) << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _json(value: object) -> bytes:
    """The value as JSON, in memory of its own size: what orjson returns holds on to its whole buffer."""
    try:
        return bytes(memoryview(orjson.dumps(value)))
    except TypeError as error:
        raise Rejection(Reason.NOT_JSON, f"{error}; an event is made of plain JSON values") from None
