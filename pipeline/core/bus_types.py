"""Which events of EventBridge are of a type of ours, and what they become: the schema of the type says so.

    "x-eventbridge": {
      "events": [{"source": "aws.s3", "detail-type": ["Object Created", "Object Deleted"]}],
      "subject": ["/bucket/name", "/object/key"],
      "keep": ["detail-type", "account"]
    }

`events` are told by their source and their detail-type; no two types have the same. The detail is the data; attributes
to `keep` stand in it under their own name. The subject is the text at these JSON pointers into the detail, with a /
between them; what has none there has no subject, and one that is too long is its SHA-256.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pipeline.core.decode import MAX_SUBJECT_BYTES
from pipeline.errors import WrongDeclaration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.model import Json

    type BusTypes = Mapping[tuple[str, str], BusType]

KEYWORD: Final = "x-eventbridge"
# EventBridge user guide, "Event structure reference": what is not in the event that is made anyway.
KEPT: Final = ("account", "detail-type", "region", "resources")


class BusType(NamedTuple):
    """What events of a source and detail-type become.

    Args:
        type: of ours.
        subject: the names on the way to each part of it; empty where there is none.
        keep: the attributes that the data have besides the detail.
    """

    type: str
    subject: tuple[tuple[str, ...], ...] = ()
    keep: tuple[str, ...] = ()

    def envelope(self, event: Mapping[str, Any], detail: Json) -> dict[str, Json]:
        """The type, the data and the subject of an event; a detail that is no object is data as it is."""
        if not isinstance(detail, dict):
            return {"type": self.type, "data": detail}
        data = {**detail, **{name: event[name] for name in self.keep if name in event}}
        subject = self.subject_of(detail)
        made: dict[str, Json] = {"type": self.type, "data": data}
        return made if subject is None else {**made, "subject": subject}

    def subject_of(self, detail: Json) -> str | None:
        """What an event with this detail is about."""
        parts = [_at(names, detail) for names in self.subject]
        texts = [each for each in parts if isinstance(each, str) and each]
        if not texts or len(texts) < len(parts):
            return None
        subject = "/".join(texts)
        encoded = subject.encode(errors="surrogatepass")
        return subject if len(encoded) <= MAX_SUBJECT_BYTES else hashlib.sha256(encoded).hexdigest()


def bus_types(schemas: Mapping[str, Mapping[str, Any]]) -> BusTypes:
    """The type of each source and detail-type. Raises WrongDeclaration, also when two types have the same."""
    found: dict[tuple[str, str], BusType] = {}
    for name, schema in sorted(schemas.items()):
        for event, bus_type in declared(name, schema).items():
            if event in found:
                raise WrongDeclaration(f"{name}.json: {shared(event, found[event].type)}")
            found[event] = bus_type
    return found


def shared(event: tuple[str, str], other: str) -> str:
    """What to say of events that another type has as well."""
    return f"{event[0]} {event[1]!r} is of {other} too; leave it to one of them"


def declared(name: str, schema: Mapping[str, Any]) -> dict[tuple[str, str], BusType]:
    """What the schema of a type says. Raises WrongDeclaration with the remedy."""
    match schema.get(KEYWORD):
        case None:
            return {}
        case {"events": [_, *_] as events, **others} if others.keys() <= {"subject", "keep"}:
            made = BusType(name, _subject(name, others.get("subject", [])), _keep(name, others.get("keep", [])))
            return dict.fromkeys(_events(name, events), made)
    raise _wrong(name, 'must be {"events": [{"source": …, "detail-type": […]}], "subject": [pointers], "keep": […]}')


def _events(name: str, events: list[Any]) -> Iterator[tuple[str, str]]:
    for each in events:
        match each:
            case {"source": str(source), "detail-type": [_, *_] as types, **others} if source and not others:
                if all(isinstance(detail_type, str) and detail_type for detail_type in types):
                    yield from ((source, detail_type) for detail_type in types)
                    continue
        raise _wrong(name, 'events are such as {"source": "aws.s3", "detail-type": ["Object Created"]}, and no more')


def _subject(name: str, pointers: object) -> tuple[tuple[str, ...], ...]:
    if isinstance(pointers, list) and all(isinstance(each, str) and each.startswith("/") for each in pointers):
        return tuple(
            tuple(part.replace("~1", "/").replace("~0", "~") for part in each[1:].split("/")) for each in pointers
        )
    raise _wrong(name, 'subject must be a list of JSON pointers into the detail, such as ["/bucket/name"]')


def _keep(name: str, names: object) -> tuple[str, ...]:
    if isinstance(names, list) and all(each in KEPT for each in names):
        return tuple(names)
    raise _wrong(name, f"keep must be a list of some of {', '.join(KEPT)}")


def _at(names: tuple[str, ...], value: Json) -> Json:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _wrong(name: str, what: str) -> WrongDeclaration:
    return WrongDeclaration(f"{name}.json: {KEYWORD} {what}")
