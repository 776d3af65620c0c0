"""Findings of GuardDuty: each time one is told is found by the finding's id for a year, and archived.

The bus is told all of them, the topic those of high and critical severity.
"""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.outlet import to_bus, to_topic
from pipeline.core.route import Route, where
from pipeline.transforms import timestamps
from pipeline.transforms.predicate import between

TYPE: Final = "guardduty_finding.v1"

ROUTE: Final = Route(
    transforms=(timestamps.to_utc,),
    destinations=(
        event_item(keep_days=365),
        archive_line,
        to_bus("ResultsBus"),
        where(between("/severity", 7), to_topic("AlertsTopic")),
    ),
)
