from __future__ import annotations

from typing import Any

import pytest

from pipeline.lookups import geoip
from pipeline.lookups.place import attributes
from tests.unit.lookups.facts import keys


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("81.2.69.142", ["81.2.69.142"]),
        ("2001:0218:0:0::1", ["2001:218::1"]),
        ("::ffff:81.2.69.142", ["81.2.69.142"]),
        ("10.0.0.1", []),
        ("127.0.0.1", []),
        ("169.254.1.1", []),
        ("::1", []),
        ("fe80::1%eth0", []),
        ("fd00::1", []),
        ("::ffff:10.0.0.1", []),
        ("web-1.example", []),
        ("1.2.3.4:80", []),
        ("1.2.3", []),
    ],
)
def test_addresses(text: str, wanted: list[str]) -> None:
    """Public addresses are looked up, in their shortest form; nobody knows where any other is."""
    assert wanted == keys(geoip("/ip"), {"ip": text})


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {
                "continent": {"code": "EU"},
                "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
                "subdivisions": [{"iso_code": "ENG"}, {"iso_code": "WBK"}],
                "city": {"names": {"en": "London", "de": "London"}},
                "postal": {"code": "OX1"},
                "location": {"latitude": 51.75, "longitude": -1},
            },
            {
                "geo.continent.code": "EU",
                "geo.country.iso_code": "GB",
                "geo.locality.name": "London",
                "geo.postal_code": "OX1",
                "geo.location.lat": 51.75,
                "geo.location.lon": -1,
                "geo.region.iso_code": "GB-ENG",
            },
        ),
        ({"subdivisions": [{"iso_code": "ENG"}], "city": {"names": {"de": "Köln"}}}, {}),
        ({"country": {"iso_code": "GB"}, "subdivisions": []}, {"geo.country.iso_code": "GB"}),
        ({"country": "GB", "city": None, "location": {"latitude": None}}, {}),
        (None, {}),
        ("GB", {}),
        ([], {}),
    ],
)
def test_attributes(record: Any, expected: dict[str, Any]) -> None:  # noqa: ANN401 - whatever a database holds
    """OpenTelemetry's names for what a record has; what is of another shape is passed over."""
    assert expected == attributes(record)
