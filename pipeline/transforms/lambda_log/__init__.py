"""What Lambda and its runtimes write to CloudWatch Logs → the attributes of OpenTelemetry. Nothing is ever rejected.

    platform    START, END, REPORT, … and the same as JSON: the invocation, its time and memory, its trace
    function    what the code of a function logs: text of Python and Node, JSON of Lambda and Powertools, exceptions

A log is one of Lambda when its log group or its log stream is named as Lambda names them; any other stays as it is. A
line of no form that is known stays as it is too, but for its resource. The names are those of the semantic conventions
("faas", "exception"); what has none there begins with `aws.lambda.`. Spans are in seconds, memory in bytes.

(Lambda developer guide, "Configuring CloudWatch log groups", for the names of groups and streams.)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pipeline.transforms.lambda_log import function, platform
from pipeline.transforms.lambda_log.said import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Event, Json

GROUPS: Final = "aws.log.group.names"
STREAMS: Final = "aws.log.stream.names"
_PREFIX: Final = "/aws/lambda/"
_STREAM: Final = re.compile(r"\d{4}/\d\d/\d\d/([\w-]{0,140})\[(\$LATEST|\d{1,19})\][0-9a-f]{1,64}", re.ASCII)
_MOST_REMEMBERED: Final = 1_024


def read(event: Event) -> Sequence[Event]:
    """A log of a Lambda function with what its line says: its invocation, severity, trace, exception.

    >>> data = {"body": "END RequestId: d5d410e5", "resource": {"aws.log.group.names": ["/aws/lambda/orders"]}}
    >>> after(read, data)[0]["attributes"]
    {'aws.lambda.event': 'platform.end', 'faas.invocation_id': 'd5d410e5'}
    """
    resource = event.data.get("resource")
    if not isinstance(resource, dict) or GROUPS not in resource:
        return (event,)
    of_function = _function(_first(resource[GROUPS]), _first(resource.get(STREAMS)))
    if of_function is None:
        return (event,)
    said = _said(event.data)
    attributes = event.data.get("attributes")
    data: dict[str, Json] = {**event.data, **said.fields, "resource": {**resource, **of_function}}
    if said.attributes:
        data["attributes"] = {**(attributes if isinstance(attributes, dict) else {}), **said.attributes}
    return (replace(event, data=data),)


def _said(data: Mapping[str, Json]) -> Said:
    body = data.get("body")
    if isinstance(body, str):
        return platform.of_text(body) or function.of_text(body) or Said()
    if isinstance(body, dict):
        return platform.of_object(body) or function.of_object(body)
    return Said()


@lru_cache(maxsize=_MOST_REMEMBERED)
def _function(group: str, stream: str) -> Mapping[str, Json] | None:
    """What the names say of the function; None where it is none."""
    match = _STREAM.fullmatch(stream)
    name = group.removeprefix(_PREFIX) if group.startswith(_PREFIX) else match and match[1]
    if not name:
        return None
    found: dict[str, Json] = {"cloud.platform": "aws_lambda", "faas.name": name}
    if match is not None:
        found |= {"faas.version": match[2], "faas.instance": stream}
    return found


def _first(names: Json) -> str:
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""
