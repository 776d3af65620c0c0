"""What happened to objects of S3: found by bucket and key for 90 days, archived; a queue is told, in order of each."""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.outlet import to_queue
from pipeline.core.route import Route
from pipeline.transforms import timestamps

TYPE: Final = "s3_object.v1"

ROUTE: Final = Route(
    transforms=(timestamps.to_utc,),
    destinations=(event_item(keep_days=90), archive_line, to_queue("ObjectsQueue")),
)
