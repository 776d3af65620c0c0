r"""Access logs of Apache and nginx: common, combined, and both with the virtual host before them.

    10.0.0.1 - eve [23/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 512
    10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 200 512 "https://x.example/" "curl/8" …

The body is the whole line, so what stands behind the known part, or is no HTTP in it, is kept. The attributes are named
as OpenTelemetry names them (semantic conventions, "http", "url", "client", "user_agent"). Both servers write what is
not printable as `\xhh`, a byte of UTF-8; where these make no text, it stays as it is written.
(Apache: mod_log_config, "Format Notes"; nginx: ngx_http_log_module, "combined".)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.core import line_time
from pipeline.core.formats.parsed import Parsed, text_of
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.core.formats.parsed import LocalTime
    from pipeline.core.lines import Line
    from pipeline.model import Json

_QUOTED: Final = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_LINE: Final = re.compile(
    rf"(?:([^\s:]{{1,255}}):(\d{{1,5}}) )?(\S{{1,255}}) \S{{1,255}} ([^\[]{{1,255}}) \[([^\]]{{1,40}})\] {_QUOTED}"
    rf" (\d{{3}}) (\d{{1,18}}|-)(?: {_QUOTED} {_QUOTED})?(?![^ ])",
    re.ASCII,
)
_REQUEST: Final = re.compile(r"([^\s\"]{1,64}) (\S++)(?: HTTP/(\d(?:\.\d)?))?", re.ASCII)
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))")
_CONTROLS: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f", b"b": b"\b"}
# RFC 9110 and RFC 5789. Any other has the name `_OTHER`, and its own beside it.
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


def parse(line: Line, _local: LocalTime) -> Parsed:
    """A line of an access log. Raises InputError, when it is none."""
    text = text_of(line)
    match = _LINE.match(text)
    if match is None:
        raise InputError('not as in: host ident user [time] "request" status bytes "referer" "agent"')
    host, port, client, user, written, request, status, size, referer, agent = match.groups()
    time = line_time.of_access(written)
    if time is None:
        raise InputError("there is no such time")
    attributes: dict[str, Json] = {"client.address": client, "http.response.status_code": int(status)}
    if host is not None:
        attributes |= {"server.address": host, "server.port": int(port)}
    if user != "-":
        attributes["user.name"] = _unescaped(user)
    if size != "-":
        attributes["http.response.body.size"] = int(size)
    attributes |= _request(_unescaped(request))
    if referer and referer != "-":
        attributes["http.request.header.referer"] = [_unescaped(referer)]
    if agent and agent != "-":
        attributes["user_agent.original"] = _unescaped(agent)
    return Parsed(time, text, attributes=attributes)


def _request(text: str) -> dict[str, Json]:
    """What the request line says, where it is one of HTTP."""
    match = _REQUEST.fullmatch(text)
    if match is None:
        return {}
    method, target, version = match.groups()
    attributes: dict[str, Json] = {"http.request.method": method}
    if method not in _METHODS:
        attributes = {"http.request.method": "_OTHER", "http.request.method_original": method}
    if "://" in target and not target.startswith("/"):
        attributes["url.full"] = target
    else:
        path, question_mark, query = target.partition("?")
        attributes["url.path"] = path
        if question_mark:
            attributes["url.query"] = query
    if version is not None:
        attributes |= {"network.protocol.name": "http", "network.protocol.version": version}
    return attributes


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return _ESCAPE.sub(_byte, text.encode()).decode()
    except UnicodeDecodeError:
        return text


def _byte(match: re.Match[bytes]) -> bytes:
    digits, character = match.groups()
    return bytes.fromhex(digits.decode()) if digits else _CONTROLS.get(character, character)
