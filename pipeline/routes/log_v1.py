"""Logs: in UTC, with a severity that can be compared, without e-mail addresses; what is below DEBUG is dropped.

Of Lambda functions, whose logs come by subscriptions of CloudWatch Logs, it is known what their lines mean.
"""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.route import Route
from pipeline.transforms import lambda_log, mask, severity, timestamps
from pipeline.transforms.filter import drop_below

TYPE: Final = "log.v1"

ROUTE: Final = Route(
    transforms=(
        timestamps.to_utc,
        lambda_log.read,
        severity.normalise,
        drop_below(severity.NUMBERS["DEBUG"]),
        mask.emails,
    ),
    destinations=(event_item(keep_days=30), archive_line),
)
