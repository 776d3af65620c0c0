"""Buses, topics and queues, as `process` relies on them."""

from __future__ import annotations

from copy import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import Misconfiguration
from pipeline.testing.deliveries import a_notice
from tests.contract.services.services import fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.services.services import Told

KINDS = ["bus", "topic", "queue", "FIFO topic", "FIFO queue"]
each_fifo = pytest.mark.parametrize("kind", KINDS[3:])


def _left() -> float:
    return 30.0


@pytest.mark.parametrize("kind", KINDS)
def test_all_are_told(outlet: Callable[[str], Told], kind: str) -> None:
    """More than a call holds, each once; those of one group of a FIFO in order, with others between them."""
    told = outlet(kind)
    notices = [a_notice(number, f"key {number % 3}") for number in range(25)]
    assert {} == told.sink.write(notices, _left)

    heard = told.heard(25)
    assert sorted(each.id for each in notices) == sorted(heard)
    if "FIFO" in kind:
        for key in range(3):
            assert [f"e-{number}" for number in range(key, 25, 3)] == [
                each for each in heard if int(each.removeprefix("e-")) % 3 == key
            ]


@each_fifo
def test_what_is_told_again_has_no_effect(outlet: Callable[[str], Told], kind: str) -> None:
    """Within five minutes: by the id of the event, whatever else of it differs."""
    told = outlet(kind)
    for number in (1, 2):
        assert {} == told.sink.write([a_notice(number), a_notice(9)], _left)
    assert {} == told.sink.write([replace(a_notice(9), body=a_notice(9, body="y").body), a_notice(3)], _left)

    assert ["e-1", "e-9", "e-2", "e-3"] == told.heard(4)


@each_fifo
@pytest.mark.parametrize("key", ["two words", "é", "k" * 1024, "a~b", "~"])
def test_keys_of_any_text(outlet: Callable[[str], Told], kind: str, key: str) -> None:
    """A group has a name that is allowed, whatever the key; so has a deduplication id."""
    told = outlet(kind)
    run = fresh()
    assert {} == told.sink.write([replace(a_notice(1, key), id=f"{run} {key}"[:512])], _left)

    assert ["e-1"] == told.heard(1)


@pytest.mark.parametrize("kind", ["topic", "queue", "FIFO topic", "FIFO queue"])
def test_no_such_outlet(outlet: Callable[[str], Told], kind: str) -> None:
    """It is nobody's record's fault."""
    sink: Any = outlet(kind).sink
    name = "arn" if hasattr(sink, "arn") else "url"
    elsewhere = replace(sink, **{name: getattr(sink, name).replace("outlet", "elsewhere")})
    with pytest.raises(Misconfiguration):
        elsewhere.write([a_notice(1)], _left)
