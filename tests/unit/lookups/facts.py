"""What a lookup makes of an event and the one fact that it wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.transforms.outcome import an_event

if TYPE_CHECKING:
    from pipeline.model import Json, Secret, Unavailable
    from pipeline.ports import Enrichment


def enriched(lookup: Enrichment, data: dict[str, Json], fact: Json | Unavailable | Secret = None) -> dict[str, Json]:
    """The data of the event when each of its wants has this fact; None is none."""
    event = an_event(data)
    facts = {} if fact is None else dict.fromkeys(lookup.wants(event), fact)
    return lookup.enrich(event, facts).data


def keys(lookup: Enrichment, data: dict[str, Json]) -> list[str]:
    """What is looked up for an event."""
    return [want.key for want in lookup.wants(an_event(data))]
