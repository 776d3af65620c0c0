"""The names of steps."""

from __future__ import annotations

from functools import partial

import pytest

from pipeline.cli.trial.trace import name_of
from pipeline.core.encode import archive_line, event_item
from pipeline.core.outlet import to_queue, to_topic
from pipeline.core.route import where
from pipeline.transforms import field, flatten, mask, timestamps
from pipeline.transforms.cast import cast
from pipeline.transforms.filter import drop_below
from pipeline.transforms.flow import when
from pipeline.transforms.parse import pattern
from pipeline.transforms.predicate import exists
from pipeline.transforms.shape import rename


class Step:
    def __call__(self) -> None:
        """A step may be an object."""


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (timestamps.to_utc, "timestamps.to_utc"),
        (drop_below(5), "filter.drop_below"),
        (mask.emails, "mask.emails"),
        (cast("/a", "integer"), "cast.cast"),
        (flatten.flatten(), "flatten.flatten"),
        (rename("/a", "b"), "shape.rename"),
        (when(exists("/a"), cast("/a", "integer")), "flow.when"),
        (pattern.pattern("/a", "%{INT:n}"), "pattern.pattern"),
        (field.with_data, "field.with_data"),
        (event_item(keep_days=1), "encode.event_item"),
        (archive_line, "encode.archive_line"),
        (partial(partial(len), ""), "builtins.len"),
        (Step(), "test_trace.Step"),
        (to_topic("AlertsTopic"), "to_topic(AlertsTopic)"),
        (where(exists("/a"), to_queue("ObjectsQueue")), "where(predicate.exists, to_queue(ObjectsQueue))"),
        (where(bool, archive_line), "where(builtins.bool, encode.archive_line)"),
    ],
)
def test_names(step: object, expected: str) -> None:
    """As a route names them, with the module that they are from."""
    assert expected == name_of(step)
