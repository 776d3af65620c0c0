"""Changes of tables: the history of an entity for a year, its current state, and all of it in the archive.

What our own sinks wrote is dropped here too: DynamoDB's own Kinesis destination does not come by `relay_changes`.
"""

from typing import Final

from pipeline.core.encode import archive_line, entity_state, event_item
from pipeline.core.route import Route
from pipeline.transforms import own_writes, timestamps

TYPE: Final = "change.v1"

ROUTE: Final = Route(
    transforms=(own_writes.drop, timestamps.to_utc),
    destinations=(event_item(keep_days=365), entity_state(keep_tombstone_days=90), archive_line),
)
