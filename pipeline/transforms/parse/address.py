"""Addresses → their parts: URLs, query strings, IP addresses. A password in a URL is never kept."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from pipeline.core.formats import logfmt
from pipeline.model import Reason
from pipeline.transforms.field import read_text
from pipeline.transforms.path import unfit

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Path

MAX_URL_CHARACTERS: Final = 64 * 1024
MAX_PARAMETERS: Final = 1_000
# An IPv6 address has at most 45 characters, and a zone behind its % has no bound of its own.
MAX_IP_CHARACTERS: Final = 64
_MOST_REMEMBERED: Final = 4_096


def url(pointer: str, into: str | None = None) -> Transform:
    """A URL becomes its `scheme`, `host`, `port`, `path`, `query` and `fragment`, those that it has.

    A path alone is one. Raises Rejection, when its host or its port cannot be one.

    >>> after(url("/to"), {"to": "https://eve:secret@Shop.example:8443/a?b=1"})
    [{'to': {'scheme': 'https', 'host': 'shop.example', 'port': 8443, 'path': '/a', 'query': 'b=1'}}]
    """
    return read_text(pointer, into, _url, MAX_URL_CHARACTERS)


def query(pointer: str, into: str | None = None) -> Transform:
    """A query string becomes an object of its parameters; one that is there twice has both values, as a list.

    Raises Rejection for more than 1,000 parameters.

    >>> after(query("/q"), {"q": "name=M%C3%BCller+%26+Co&x=1&x=2&empty="})
    [{'q': {'name': 'Müller & Co', 'x': ['1', '2'], 'empty': ''}}]
    """
    return read_text(pointer, into, _query, MAX_URL_CHARACTERS)


def ip(pointer: str, into: str | None = None) -> Transform:
    """An IP address becomes its usual form, its `version` and its `scope`.

    `scope` is "loopback", "link_local", "private", "multicast", "reserved" or "global". Raises Rejection, when it is
    none.

    >>> after(ip("/client"), {"client": "2001:DB8:0:0::1"})
    [{'client': {'address': '2001:db8::1', 'version': 6, 'scope': 'private'}}]
    """

    def read(path: Path, text: str) -> Json:
        try:
            return dict(_ip(text))
        except ValueError:
            raise unfit(path, "it is no IP address") from None

    return read_text(pointer, into, read, MAX_IP_CHARACTERS)


def parts(text: str) -> dict[str, Json]:
    """What `url` makes of a text. Raises ValueError, when its host or its port cannot be one.

    >>> parts("https://shop.example/a")
    {'scheme': 'https', 'host': 'shop.example', 'path': '/a'}
    """
    split = urlsplit(text)
    found: dict[str, Json] = {
        "scheme": split.scheme,
        "host": split.hostname,
        "port": split.port,
        "path": split.path,
        "query": split.query,
        "fragment": split.fragment,
    }
    return {name: value for name, value in found.items() if value not in {None, ""}}


def _url(path: Path, text: str) -> Json:
    try:
        return parts(text)
    except ValueError:
        raise unfit(path, "it is no URL") from None


def _query(path: Path, text: str) -> Json:
    fields: dict[str, Json] = {}
    try:
        pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise unfit(path, f"it has more than {MAX_PARAMETERS} parameters", Reason.TOO_LARGE) from None
    for name, value in pairs:
        logfmt.add(fields, name, value)
    return fields


@lru_cache(maxsize=_MOST_REMEMBERED)
def _ip(text: str) -> dict[str, str | int]:
    address = ip_address(text)
    return {"address": str(address), "version": address.version, "scope": _scope(address)}


def _scope(address: IPv4Address | IPv6Address) -> str:
    for scope, is_of in (
        ("loopback", address.is_loopback),
        ("link_local", address.is_link_local),
        ("multicast", address.is_multicast),
        ("private", address.is_private),
        ("reserved", address.is_reserved or address.is_unspecified),
    ):
        if is_of:
            return scope
    return "global"
