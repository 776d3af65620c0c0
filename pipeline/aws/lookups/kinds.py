"""The lookups of the kinds that a function's routes name, made of what the function was given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pipeline.aws.lookups.constants import Constants
from pipeline.aws.lookups.file import ReferenceFiles
from pipeline.aws.lookups.rows import ObjectRows
from pipeline.aws.lookups.secret import Secrets
from pipeline.aws.lookups.table import ReferenceTable
from pipeline.errors import Misconfiguration
from pipeline.lookups import deployed, place, row, secret, table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pipeline.aws.clients import Clients
    from pipeline.aws.lookups.kind import Kind


def open_kinds(kinds: Collection[str], clients: Clients, get: Callable[[str], str]) -> dict[str, Kind]:
    """Each kind by name; `get` has the function's variables. Raises Misconfiguration for one that nobody knows."""
    makers: dict[str, Callable[[], Kind]] = {
        table.KIND: lambda: ReferenceTable(clients.dynamodb, get("REFERENCE_TABLE"), time.time, _seconds(get)),
        row.KIND: lambda: ObjectRows(_files(clients, get)),
        place.KIND: lambda: _geoip(_files(clients, get)),
        secret.KIND: lambda: Secrets(clients, get("STACK_NAME"), time.monotonic, _seconds(get)),
        deployed.KIND: lambda: Constants(
            {"stage": get("STACK_NAME"), "region": get("AWS_REGION"), "account": get("ACCOUNT_ID")}
        ),
    }
    if unknown := sorted(set(kinds) - makers.keys()):
        raise Misconfiguration(
            f"a route looks up {', '.join(unknown)}, which nothing here can; it knows {', '.join(makers)}"
        )
    return {kind: makers[kind]() for kind in sorted(kinds)}


def _files(clients: Clients, get: Callable[[str], str]) -> ReferenceFiles[Any]:
    return ReferenceFiles(clients.s3, get("REFERENCE_BUCKET"), time.monotonic, _seconds(get))


def _geoip(files: ReferenceFiles[Any]) -> Kind:
    from pipeline.aws.lookups.geoip import GeoIp  # noqa: PLC0415 - only those that look up addresses pay for its library

    return GeoIp(files)


def _seconds(get: Callable[[str], str]) -> float:
    text = get("LOOKUP_SECONDS")
    if not text.isdecimal():
        raise Misconfiguration(f"LOOKUP_SECONDS is {text!r}; set it to whole seconds")
    return float(text)
