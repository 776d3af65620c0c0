"""What the attributes of an HTTP request tell besides, named as OpenTelemetry names it. None of them rejects anything.

    severity     the status of the answer                     → 5xx ERROR, 4xx WARN, any other INFO
    url          `url.full`, where a proxy was asked          → `url.scheme`, `url.path`, `server.address`, …
    user_agent   `user_agent.original`                        → its name, version, system, and whether it is a bot

A log without these attributes stays as it is: whatever can stand in an access log, such as what a scanner sends, is
kept. (OpenTelemetry semantic conventions, registry: "http", "url", "server", "user_agent", "browser".)
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pipeline.transforms.parse import address
from pipeline.transforms.parse import user_agent as agents
from pipeline.transforms.severity import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Event, Json

STATUS: Final = "http.response.status_code"
URL: Final = "url.full"
USER_AGENT: Final = "user_agent.original"
_MOST_REMEMBERED: Final = 2_048
_CLIENT_ERROR, _SERVER_ERROR, _END = 400, 500, 600
_URL_NAMES: Final = {
    "scheme": "url.scheme",
    "host": "server.address",
    "port": "server.port",
    "path": "url.path",
    "query": "url.query",
    "fragment": "url.fragment",
}
_AGENT_NAMES: Final = {
    "name": "user_agent.name",
    "version": "user_agent.version",
    "os": "user_agent.os.name",
    "os_version": "user_agent.os.version",
}
_DEVICES: Final[Mapping[str, dict[str, Json]]] = {
    "bot": {"user_agent.synthetic.type": "bot"},
    "mobile": {"browser.mobile": True},
    "tablet": {"browser.mobile": False},
    "desktop": {"browser.mobile": False},
}


def severity(event: Event) -> Sequence[Event]:
    """A log that names no severity has that of the status of its answer.

    >>> after(severity, {"attributes": {"http.response.status_code": 404}})
    [{'attributes': {'http.response.status_code': 404}, 'severity_number': 13, 'severity_text': 'WARN'}]
    """
    data = event.data
    status = _attributes(event).get(STATUS)
    if not isinstance(status, int) or "severity_text" in data or "severity_number" in data:
        return (event,)
    name = "INFO"
    if _CLIENT_ERROR <= status < _END:
        name = "WARN" if status < _SERVER_ERROR else "ERROR"
    return (replace(event, data={**data, "severity_number": NUMBERS[name], "severity_text": name}),)


def url(event: Event) -> Sequence[Event]:
    """The parts of the URL that a proxy was asked for, beside it.

    >>> after(url, {"attributes": {"url.full": "http://a.example/b?c"}})[0]["attributes"]["url.path"]
    '/b'
    """
    text = _attributes(event).get(URL)
    if not isinstance(text, str) or len(text) > address.MAX_URL_CHARACTERS:
        return (event,)
    try:
        parts = address.parts(text)
    except ValueError:
        return (event,)
    return _with(event, {_URL_NAMES[name]: value for name, value in parts.items()})


def user_agent(event: Event) -> Sequence[Event]:
    """What a user agent says of itself, beside it.

    >>> after(user_agent, {"attributes": {"user_agent.original": "curl/8.5.0"}})[0]["attributes"]["user_agent.name"]
    'curl'
    """
    text = _attributes(event).get(USER_AGENT)
    return _with(event, _agent(text[: agents.WITHIN_CHARACTERS])) if isinstance(text, str) else (event,)


def _attributes(event: Event) -> dict[str, Json]:
    attributes = event.data.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _with(event: Event, found: Mapping[str, Json]) -> Sequence[Event]:
    if not found:
        return (event,)
    return (replace(event, data={**event.data, "attributes": {**_attributes(event), **found}}),)


@lru_cache(maxsize=_MOST_REMEMBERED)
def _agent(text: str) -> dict[str, Json]:
    found = agents.read(text)
    named = {ours: found[name] for name, ours in _AGENT_NAMES.items() if name in found}
    return named | _DEVICES.get(str(found.get("device")), {})
