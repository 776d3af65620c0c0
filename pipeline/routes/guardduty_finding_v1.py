"""Findings of GuardDuty: each time one is told is found by the finding's id for a year, and archived."""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.route import Route
from pipeline.transforms import timestamps

TYPE: Final = "guardduty_finding.v1"

ROUTE: Final = Route(
    transforms=(timestamps.to_utc,),
    destinations=(event_item(keep_days=365), archive_line),
)
