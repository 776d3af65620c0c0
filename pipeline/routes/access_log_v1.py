"""Web access logs: in UTC, with a severity by status, the user agent and the URL taken apart.

E-mail addresses, passwords and tokens are masked wherever they stand, and of the client's address the network stays.
"""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.route import Route
from pipeline.transforms import http, mask, severity, timestamps
from pipeline.transforms.conceal import address, secret

TYPE: Final = "access_log.v1"

ROUTE: Final = Route(
    transforms=(
        timestamps.to_utc,
        http.severity,
        severity.normalise,
        http.url,
        http.user_agent,
        mask.texts(mask.email, secret, within=("/body", "/attributes")),
    ),
    then=(mask.texts(address(), within=("/body", "/attributes/client.address")),),
    destinations=(event_item(keep_days=30), archive_line),
)
