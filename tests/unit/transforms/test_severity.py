from __future__ import annotations

import pytest

from pipeline.model import Event, Json
from pipeline.transforms.severity import NUMBERS, RANGES, name_of, normalise, number_of


@pytest.mark.parametrize(
    ("number", "name"),
    [(number, RANGES[(number - 1) // 4]) for number in range(1, 25)] + [(0, "TRACE"), (-7, "TRACE"), (25, "FATAL")],
)
def test_name_of(number: int, name: str) -> None:
    """Four numbers share a name, as in the OpenTelemetry data model; what is outside is the nearest."""
    assert name == name_of(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[(name, 1 + 4 * index) for index, name in enumerate(RANGES)],
        ("warning", 13),
        (" Err\n", 17),
        ("notice", 10),
        ("emerg", 21),
        ("loud", None),
        ("", None),
        ("9", None),
    ],
)
def test_number_of(text: str, number: int | None) -> None:
    """A name in any case has its number; an unknown one has none."""
    assert number == number_of(text)


def test_every_name_is_in_its_range() -> None:
    """Whatever a source calls it, the number lies between 1 and 24."""
    assert set(range(1, 25)).issuperset(NUMBERS.values())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"severity_text": "warning"}, {"severity_text": "WARN", "severity_number": 13}),
        ({"severity_number": 18}, {"severity_text": "ERROR", "severity_number": 18}),
        ({"severity_text": "loud", "severity_number": 9}, {"severity_text": "INFO", "severity_number": 9}),
        ({"severity_text": "INFO", "severity_number": 17}, {"severity_text": "ERROR", "severity_number": 17}),
        ({"severity_text": "INFO", "severity_number": 9.0}, {"severity_text": "INFO", "severity_number": 9}),
        ({"severity_text": "loud"}, {"severity_text": "loud"}),
        ({"body": "x"}, {"body": "x"}),
    ],
)
def test_normalise(data: dict[str, Json], expected: dict[str, Json]) -> None:
    """A log has both number and name where either is known; the number decides."""
    (event,) = normalise(Event("1", "//a", "log.v1", "t", data))
    assert expected == event.data
    assert type(expected.get("severity_number")) is type(event.data.get("severity_number"))


@pytest.mark.parametrize("data", [{"severity_text": "WARN", "severity_number": 14}, {"severity_text": "loud"}])
def test_already_normal(data: dict[str, Json]) -> None:
    """A log that needs nothing is the same event."""
    event = Event("1", "//a", "log.v1", "t", data)
    (same,) = normalise(event)
    assert event is same
