"""Where an address is, by a database in MaxMind's format: `reference/<name>.mmdb` of the reference bucket.

The attributes are those of OpenTelemetry (semantic conventions, registry, "Geo"). An event has them beside its others,
so they are of the address that is looked up, the client's.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from pipeline.lookups.fact import Fact, Place, check_missing, check_name, text_at
from pipeline.transforms.path import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.lookups.fact import Missing
    from pipeline.model import Event, Json
    from pipeline.ports import Enrichment

KIND: Final = "geoip"
MARK: Final = "geo.unavailable"
_MOST_REMEMBERED: Final = 4_096
# Where each lies in a record of MaxMind's City, Country and Enterprise databases ("GeoIP2 City", binary database).
_ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "geo.continent.code": ("continent", "code"),
    "geo.country.iso_code": ("country", "iso_code"),
    "geo.locality.name": ("city", "names", "en"),
    "geo.postal_code": ("postal", "code"),
    "geo.location.lat": ("location", "latitude"),
    "geo.location.lon": ("location", "longitude"),
}


def geoip(
    pointer: str,
    *,
    into: str = "/attributes",
    name: str = "geoip",
    optional: bool = False,
    missing: Missing = "leave",
) -> Enrichment:
    """Continent, country, region, town and coordinates of an address, beside what is in the object already.

    Of what is no address, or no public one, there is no such fact. Out of reach is marked as `geo.unavailable`.

    >>> enriched(geoip("/ip", into="/at"), {"ip": "2.125.160.216"}, {"geo.country.iso_code": "GB"})
    {'ip': '2.125.160.216', 'at': {'geo.country.iso_code': 'GB'}}
    """
    check_name("name", name)
    check_missing(missing, optional=optional)
    place = Place(compiled(into), MARK)
    return Fact(kind=KIND, name=name, key_of=_address_at(pointer), place=place, is_optional=optional, missing=missing)


def attributes(record: Any) -> dict[str, Json]:  # noqa: ANN401 - whatever a database holds
    """The attributes of a record of the database, those that it has.

    >>> attributes({"country": {"iso_code": "GB"}, "subdivisions": [{"iso_code": "ENG"}], "city": {}})
    {'geo.country.iso_code': 'GB', 'geo.region.iso_code': 'GB-ENG'}
    """
    made: dict[str, Json] = {}
    for name, path in _ATTRIBUTES.items():
        value = record
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str | int | float):
            made[name] = value
    match record:
        case {"country": {"iso_code": str(country)}, "subdivisions": [{"iso_code": str(region)}, *_]}:
            made["geo.region.iso_code"] = f"{country}-{region}"
    return made


def _address_at(pointer: str) -> Callable[[Event], str | None]:
    text_of = text_at(pointer)

    def key_of(event: Event) -> str | None:
        text = text_of(event)
        return None if text is None else _public(text)

    return key_of


@lru_cache(_MOST_REMEMBERED)
def _public(text: str) -> str:
    """The address in its shortest form; empty for what is none, or no public one."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address) if address.is_global else ""
