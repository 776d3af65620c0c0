"""Destinations beyond the results: what happens is told to those who wait for it.

    to_stream("…")   a Kinesis stream     in order of each key
    to_bus("…")      an EventBridge bus   rules match `source`, `detail-type` (the event's type) and `detail`
    to_topic("…")    an SNS topic         whoever subscribes to it
    to_queue("…")    an SQS queue         whoever takes from it

An outlet is named as `pipeline.topology` has it in OUTLETS, by its logical id in the template. Each is told the event
as CloudEvents JSON. Topics and queues have `id`, `type` and `source` as message attributes too, so that a subscription
can filter by them.

A record that comes again is told again, so whoever receives takes one of each `id`. A FIFO topic or queue does that by
itself for five minutes: the id is its deduplication id, and the event's key its group. There, and on a stream, events
of one key come in order, the first of each id counted; on a bus, a standard topic or a standard queue in any.

An event that is too large for an outlet is a dead letter, too_large; unless its data travelled by the claims bucket:
then it is told where they were left, in `dataref`, as they were put, before any transform.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.core.chunk import MAX_RECORD_BYTES, partition_key
from pipeline.core.encode import cloudevent
from pipeline.core.route import where
from pipeline.errors import Rejection, WrongDeclaration
from pipeline.model import Notice, OutletKind, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipeline.core.route import Route
    from pipeline.model import Event, Record
    from pipeline.ports import Destination

# SNS API reference, PublishBatch: of a message and of a call, unless the topic was given more (up to 1 MiB).
MAX_TOPIC_BYTES: Final = 256 * 1024
# SQS API reference, SendMessageBatch: of a message and of a call, since August 2025.
MAX_QUEUE_BYTES: Final = 1024 * 1024
# AWS Compute Blog, January 2026: an event has up to 1 MB, and the guide's "PutEvents event entry size" says how it is
# counted. Where that is not so yet the bus refuses a larger one, and it is a dead letter all the same.
MAX_BUS_BYTES: Final = 1024 * 1024
_TIME_BYTES: Final = 14
# SQS API reference, SendMessage, MessageGroupId and MessageDeduplicationId: 1 to 128 of these characters. What does not
# fit is told by its hash, behind a ~ which no other begins with: different keys stay different.
_TOKEN: Final = re.compile(r"[!-}][!-~]{0,127}", re.ASCII)
# The same, MessageBody: what is no character of XML is refused.
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOGICAL_ID: Final = re.compile(r"[A-Z][A-Za-z0-9]*", re.ASCII)
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Only AWS may use this prefix on a bus (EventBridge API reference, PutEventsRequestEntry).
_OF_AWS: Final = "aws."


@dataclass(frozen=True, slots=True)
class Outlet:
    """A destination that tells an outlet of each event.

    Args:
        source: what stands in place of the event's source beside it; None for the event's own.
    """

    kind: OutletKind
    name: str
    source: str | None = None

    def __post_init__(self) -> None:
        name: object = self.name
        if not isinstance(name, str) or not _LOGICAL_ID.fullmatch(name):
            raise WrongDeclaration(
                f"to_{self.kind}({self.name!r}): name an outlet of pipeline/topology by its logical id, such as "
                f'to_{self.kind}("Alerts{self.kind.capitalize()}")'
            )

    def __str__(self) -> str:
        return f'to_{self.kind}("{self.name}")'

    def __call__(self, record: Record, event: Event) -> Notice:
        """What is told of the event. Raises Rejection: too_large."""
        notice = self._notice(record, event, cloudevent(event))
        size, most = self._size_bytes(notice)
        if size > most and event.dataref is not None:
            reference = cloudevent(event)
            reference["dataref"] = event.dataref
            del reference["data"]
            notice = self._notice(record, event, reference)
            size, most = self._size_bytes(notice)
        if size > most:
            raise Rejection(Reason.TOO_LARGE, f"{size} bytes for the {self.kind} {self.name}; the limit is {most}")
        return notice

    def _notice(self, record: Record, event: Event, envelope: Mapping[str, object]) -> Notice:
        body, source = orjson.dumps(envelope), self.source or event.source
        return Notice(
            record.position,
            self.name,
            _fit(event.id),
            event.type,
            _fit(f"pipeline.{source}" if source.startswith(_OF_AWS) else source),
            event.key,
            event.time,
            body if body.isascii() else _fit(body.decode()).encode(),
        )

    def _size_bytes(self, notice: Notice) -> tuple[int, int]:
        """What it weighs there, and what it may."""
        size_bytes, most = _SIZES[self.kind]
        return size_bytes(notice), most


def to_stream(name: str) -> Outlet:
    """A Kinesis stream, by the event's key: its records are read as the pipeline's own are."""
    return Outlet(OutletKind.STREAM, name)


def to_bus(name: str, *, source: str | None = None) -> Outlet:
    """An EventBridge bus: the detail is the event, the detail-type its type.

    The source is the event's or the one that is given; `pipeline.` is put before one that begins with `aws.`, which
    only AWS may use.
    """
    return Outlet(OutletKind.BUS, name, source)


def to_topic(name: str) -> Outlet:
    """An SNS topic; a FIFO topic has the event's key for group and its id for deduplication."""
    return Outlet(OutletKind.TOPIC, name)


def to_queue(name: str) -> Outlet:
    """An SQS queue; a FIFO queue has the event's key for group and its id for deduplication."""
    return Outlet(OutletKind.QUEUE, name)


def outlets(routes: Iterable[Route]) -> Iterator[Outlet]:
    """The outlets that routes name, under whatever condition."""
    for route in routes:
        for destination in route.destinations:
            inner = _unconditional(destination)
            if isinstance(inner, Outlet):
                yield inner


def fault(route: Route, known: Mapping[str, OutletKind]) -> str | None:
    """What is wrong with the outlets that a route names, with the remedy; None where each is known, and of its kind."""
    for place, destination in enumerate(route.destinations):
        outlet = _unconditional(destination)
        if not isinstance(outlet, Outlet) or known.get(outlet.name) is outlet.kind:
            continue
        if outlet.name in known:
            kind = known[outlet.name]
            return f"destinations[{place}] is {outlet}; that is a {kind}: set it to {replace(outlet, kind=kind)}"
        return (
            f"destinations[{place}] is {outlet}, which pipeline/topology/outlets.py does not list; name one that it "
            f"does ({', '.join(sorted(known))}), or list it there"
        )
    return None


def variable(name: str) -> str:
    """The environment variable that says where an outlet is.

    >>> variable("AlertsTopic")
    'OUTLET_ALERTS_TOPIC'
    """
    return f"OUTLET_{_WORD.sub('_', name).upper()}"


def token(text: str) -> str:
    """A message group or deduplication id: the text itself, or its hash where it does not fit.

    >>> token("orders/42"), len(token("two words"))
    ('orders/42', 65)
    """
    return text if _TOKEN.fullmatch(text) else f"~{hashlib.sha256(text.encode()).hexdigest()}"


def attributes(notice: Notice) -> dict[str, str]:
    """The message attributes on a topic or queue."""
    return {"id": notice.id, "type": notice.type, "source": notice.source}


def message_bytes(notice: Notice) -> int:
    """What SNS and SQS count: the body, and the name, data type and value of each attribute."""
    told = attributes(notice).items()
    return len(notice.body) + sum(len(name) + len("String") + len(value.encode()) for name, value in told)


def event_bytes(notice: Notice) -> int:
    """What EventBridge counts of an entry: detail, source, detail-type, and 14 for its time."""
    return len(notice.body) + len(notice.source.encode()) + len(notice.type.encode()) + _TIME_BYTES


def record_bytes(notice: Notice) -> int:
    """What Kinesis counts: data and partition key."""
    return len(notice.body) + len(partition_key(notice.key).encode())


_SIZES: Final[Mapping[OutletKind, tuple[Callable[[Notice], int], int]]] = {
    OutletKind.STREAM: (record_bytes, MAX_RECORD_BYTES),
    OutletKind.BUS: (event_bytes, MAX_BUS_BYTES),
    OutletKind.TOPIC: (message_bytes, MAX_TOPIC_BYTES),
    OutletKind.QUEUE: (message_bytes, MAX_QUEUE_BYTES),
}


def _unconditional(destination: Destination) -> Destination:
    while isinstance(destination, where):
        destination = destination.destination
    return destination


def _fit(text: str) -> str:
    """The text with a JSON escape for each character that SQS refuses; in JSON it means the same."""
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
