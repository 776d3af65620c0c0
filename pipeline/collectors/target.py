"""What is pinged: `https://host/path`, `http://host/path` or `tcp://host:port`, as the parameter PingTargets lists it.

A list with one wrong target is refused as a whole, at cold start: a target that nobody checks looks like one that is
well. The error names the target by its place, never by its text, in which there may be a password.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pipeline.errors import Misconfiguration

# A thread each. Thirty of 100 characters fill the 4 KB that Lambda gives all variables of a function ("Quotas").
MAX_TARGETS: Final = 30
MAX_CHARACTERS: Final = 256

_PORTS: Final = {"http": 80, "https": 443}
_PRINTABLE: Final = re.compile(r"[!-~]+")
# A name of the DNS in ASCII, or an address; each label has at most 63 characters (RFC 1035, 2.3.4).
_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")
_REMEDY: Final = "write https://host/path, http://host/path or tcp://host:port, with commas between"


class Target(NamedTuple):
    """One target; `text` is as it was written, `path` as it is asked for (empty for TCP)."""

    text: str
    scheme: str
    host: str
    port: int
    path: str


def targets(text: str) -> tuple[Target, ...]:
    """The targets of a list with commas, each once. Raises Misconfiguration."""
    wanted = list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    if len(wanted) > MAX_TARGETS:
        raise Misconfiguration(f"PingTargets has {len(wanted)} targets; at most {MAX_TARGETS} are checked at once")
    return tuple(_target(each, number) for number, each in enumerate(wanted, start=1))


def _target(text: str, number: int) -> Target:
    try:
        parts = urlsplit(text)
        port = parts.port if parts.port is not None else _PORTS.get(parts.scheme)
    except ValueError:
        raise _wrong(number, "there is no host that can be looked up, or no port from 1 to 65535") from None
    host, is_tcp = parts.hostname or "", parts.scheme == "tcp"
    rules = (
        (len(text) <= MAX_CHARACTERS, f"it has more than {MAX_CHARACTERS} characters"),
        (_PRINTABLE.fullmatch(text), "only ASCII without spaces (percent-encode a path, write a host in punycode)"),
        (is_tcp or parts.scheme in _PORTS, "it does not begin with https://, http:// or tcp://"),
        ("@" not in parts.netloc, "a user and password do not belong into a parameter"),
        (_HOST.fullmatch(host), "there is no host that can be looked up"),
        (port, "there is no port from 1 to 65535"),
        (not parts.fragment and not (is_tcp and parts.path + parts.query), "there is more behind it than is asked for"),
    )
    for holds, complaint in rules:
        if not holds:
            raise _wrong(number, complaint)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(text, parts.scheme, host, port or 0, "" if is_tcp else path)


def _wrong(number: int, complaint: str) -> Misconfiguration:
    return Misconfiguration(f"target {number} of PingTargets: {complaint}; {_REMEDY}")
