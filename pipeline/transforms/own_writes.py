"""The loop guard: changes that our own writers made are dropped, so that no pipeline feeds on itself.

Each item that a sink writes carries `MARKER`, and each of its writes sets it to something else. Whoever edits such an
item afterwards leaves the marker as it is: that is a change like any other, and so is a delete, by whomever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.model import MARKER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event, Json


def drop(event: Event) -> Sequence[Event]:
    """Drop a change whose item has another marker after it than before."""
    marker = _marker(event.data["after"])
    is_ours = marker is not None and marker != _marker(event.data["before"])
    return () if is_ours else (event,)


def _marker(image: Json) -> Json:
    return image.get(MARKER) if isinstance(image, dict) else None
