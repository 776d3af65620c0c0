"""Databases in MaxMind's format, made anew: nobody's data."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped] # it ships no types

if TYPE_CHECKING:
    from collections.abc import Mapping

LONDON = {"country": {"iso_code": "GB"}, "city": {"names": {"en": "London"}}, "location": {"latitude": 51.5}}
TOKYO = {"country": {"iso_code": "JP"}}


def database(networks: Mapping[str, dict[str, Any]], ip_version: int = 6) -> bytes:
    """A database that has these networks."""
    writer = MMDBWriter(ip_version, "Test-City", description="made by a test", ipv4_compatible=ip_version == 6)
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.mmdb"
        writer.to_db_file(str(path))
        return path.read_bytes()


@cache
def cities() -> bytes:
    """London, and an IPv6 network in Tokyo."""
    return database({"81.2.69.0/24": LONDON, "2001:218::/32": TOKYO})
