"""Web access logs: in UTC, with a severity by status, the user agent and the URL taken apart, and where the client is.

E-mail addresses, passwords and tokens are masked wherever they stand. The place is looked up by the client's address in
`reference/geoip.mmdb`; after that only the network of the address stays, in the subject too (`pipeline put --key
client.address`). Without such a file, events say so.
"""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.route import Route
from pipeline.lookups import geoip
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
    lookups=(geoip("/attributes/client.address", optional=True),),
    then=(mask.texts(address(), within=("/body", "/attributes/client.address")), mask.subject(address())),
    destinations=(event_item(keep_days=30), archive_line),
)
