"""The work of the route of access_log.v1 in plain Python, as a careful person writes it for this one purpose.

One function, in place, with everything made once that can be: the same items and the same lines as ours, which
`bench_access_log` checks before it times anything. Tables and patterns are the same, as both would import them from
somewhere: what is a secret, and what a user agent says. There is no ledger, no dead letter and no position to go on
from: the first record that is wrong raises.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from pipeline.model import MARKER
from pipeline.transforms.conceal import secret
from pipeline.transforms.parse import user_agent

if TYPE_CHECKING:
    from collections.abc import Mapping

EMAIL = re.compile(r"(?<![\w.%+\-])[\w.%+\-]++@((?:[\w\-]{1,63}+\.){1,8}[^\W\d_]{2,63})")
IPV4 = re.compile(r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}(?!\d)(?!\.\d)", re.ASCII)
TEXTS = (
    *("http.request.method", "http.request.method_original", "network.protocol.name", "network.protocol.version"),
    *("server.address", "url.full", "url.path", "url.query", "user.name", "user_agent.original"),
)
# What somebody outside chose; by hand one need not look at any other.
FREE = ("client.address", "url.full", "url.path", "url.query", "user.name", "user_agent.original")
FIELDS = {"body", "severity_text", "severity_number", "observed_time", "attributes", "resource", "trace_id", "span_id"}
KEEP_SECONDS = 30 * 86_400


def run(event: Mapping[str, Any], places: Mapping[str, dict[str, Any]]) -> tuple[list[bytes], list[tuple[str, bytes]]]:
    """The items and the lines of a batch; `places` by address."""
    items, lines = [], []
    for record in event["Records"]:
        kinesis = record["kinesis"]
        envelope = orjson.loads(base64.b64decode(kinesis["data"]))
        check(envelope)
        transform(envelope, places)
        stream, shard = record["eventSourceARN"].split("/")[1], record["eventID"].partition(":")[0]
        position = f"{stream}/{shard}/{kinesis['sequenceNumber']}/0"
        items.append(item(envelope, position, kinesis["approximateArrivalTimestamp"]))
        time = envelope["time"]
        partition = f"type=access_log.v1/date={time[:10]}/hour={time[11:13]}"
        lines.append((partition, orjson.dumps({**envelope, "position": position}) + b"\n"))
    return items, lines


def check(envelope: Mapping[str, Any]) -> None:
    """`schemas/access_log.v1.json`, and the envelope."""
    assert envelope["specversion"] == "1.0"
    assert envelope["type"] == "access_log.v1"
    for name in ("id", "source", "time"):
        assert 0 < len(envelope[name].encode()) <= 512
    data = envelope["data"]
    assert data.keys() <= FIELDS
    assert isinstance(data["body"], str | dict)
    attributes = data["attributes"]
    assert 0 < len(attributes["client.address"]) <= 255
    assert 0 <= attributes["http.response.status_code"] <= 999
    assert attributes.get("http.response.body.size", 0) >= 0
    assert attributes.get("server.port", 0) >= 0
    for name in TEXTS:
        assert isinstance(attributes.get(name, ""), str)
    assert all(isinstance(each, str) for each in attributes.get("http.request.header.referer", ()))


def transform(envelope: dict[str, Any], places: Mapping[str, dict[str, Any]]) -> None:
    """All that the route does, in place."""
    data = envelope["data"]
    attributes = data["attributes"]
    if not envelope["time"].endswith("Z"):
        moment = datetime.fromisoformat(envelope["time"]).astimezone(UTC)
        envelope["time"] = f"{moment.replace(tzinfo=None).isoformat()}Z"
    status = attributes["http.response.status_code"]
    number, text = (17, "ERROR") if 500 <= status < 600 else (13, "WARN") if 400 <= status < 500 else (9, "INFO")
    data["severity_number"], data["severity_text"] = number, text
    if "url.full" in attributes:
        parts = urlsplit(attributes["url.full"])
        named = {"url.scheme": parts.scheme, "server.address": parts.hostname, "server.port": parts.port,
                 "url.path": parts.path, "url.query": parts.query, "url.fragment": parts.fragment}  # fmt: skip
        attributes.update({name: value for name, value in named.items() if value not in {None, ""}})
    if "user_agent.original" in attributes:
        attributes.update(agent(attributes["user_agent.original"]))
    attributes.update(places.get(attributes["client.address"], {}))
    data["body"] = address(hidden(data["body"]))
    for name in FREE:
        if name in attributes:
            attributes[name] = hidden(attributes[name])
    if "http.request.header.referer" in attributes:
        attributes["http.request.header.referer"] = [hidden(each) for each in attributes["http.request.header.referer"]]
    attributes["client.address"] = address(attributes["client.address"])


def hidden(text: str) -> str:
    """A text without e-mail addresses and secrets."""
    return secret(EMAIL.sub(r"***@\1", text) if "@" in text else text)


def address(text: str) -> str:
    """A text of which the addresses are networks."""
    return IPV4.sub(r"\1.0", text)


@lru_cache(maxsize=2048)
def agent(text: str) -> dict[str, Any]:
    """What a user agent says."""
    read = user_agent.read(text[:512])
    found: dict[str, Any] = {}
    for name, ours in (("name", "name"), ("version", "version"), ("os", "os.name"), ("os_version", "os.version")):
        if name in read:
            found[f"user_agent.{ours}"] = read[name]
    device = read.get("device")
    if device == "bot":
        found["user_agent.synthetic.type"] = "bot"
    elif device is not None:
        found["browser.mobile"] = device == "mobile"
    return found


def item(envelope: Mapping[str, Any], position: str, arrived_at: float) -> bytes:
    """The item, in the JSON of DynamoDB."""
    key = envelope.get("subject") or envelope["source"]
    made = {
        "pk": {"S": f"event#{envelope['id']}"},
        "sk": {"S": "event"},
        "id": {"S": envelope["id"]},
        "type": {"S": envelope["type"]},
        "source": {"S": envelope["source"]},
        "time": {"S": envelope["time"]},
        "timeline": {"S": key},
        "timeline_order": {"S": f"{envelope['time'][:-1]}.000000000Z#{envelope['id']}"},
        MARKER: {"S": position},
        "expires_at": {"N": str(int(arrived_at) + KEEP_SECONDS)},
        "data": value_of(envelope["data"]),
    }
    if "subject" in envelope:
        made["subject"] = {"S": key}
    return orjson.dumps(made)


def value_of(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """JSON as DynamoDB has it."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": {name: value_of(each) for name, each in value.items()}}
    if isinstance(value, list):
        return {"L": [value_of(each) for each in value]}
    return {"NULL": True}
