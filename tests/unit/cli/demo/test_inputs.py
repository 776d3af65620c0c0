from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.cli.demo import inputs
from pipeline.core.decode import decode
from pipeline.core.records import read
from pipeline.errors import Rejection
from pipeline.model import Event
from pipeline.routes import PROCESS
from pipeline.testing.lambda_events import kinesis_event
from pipeline.topology import SOURCE_TABLES

if TYPE_CHECKING:
    from pathlib import Path


def test_last_lines_of_a_long_log_are_whole_and_keep_their_place(tmp_path: Path) -> None:
    """Only the end of a log is read, from the beginning of a line on, and offsets are those of the file."""
    log = tmp_path / "app.log"
    lines = [f"{number:06} " + "x" * 93 for number in range(2000)]
    log.write_text("\n".join(lines) + "\n")

    found = inputs.last_lines(log, most=5)

    assert [line.encode() for line in lines[-5:]] == [each.content for each in found]
    assert [101 * number for number in range(1995, 2000)] == [each.offset for each in found]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_a_log_without_text_has_no_lines(tmp_path: Path, content: bytes) -> None:
    """Blank lines and bytes that are no text are left out."""
    log = tmp_path / "app.log"
    log.write_bytes(content)

    assert [] == inputs.last_lines(log)


def test_a_log_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    """A missing log is not an error: another one is taken."""
    assert [] == inputs.last_lines(tmp_path / "none.log")


def test_lines_of_two_runs_are_different_records(tmp_path: Path) -> None:
    """The same line shipped by another run has another id."""
    log = tmp_path / "app.log"
    log.write_text("2026-11-23 10:00:00 started\n")

    first, second = (next(iter(inputs.log_lines(log, name))).record for name in ("a", "b"))

    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.data == second.data
    assert first.id != second.id


def test_the_bad_records_are_bad_as_they_say() -> None:
    """One is not JSON; the other is an event, and only its data are wrong."""
    not_json, invalid = inputs.bad_records("run")

    with pytest.raises(Rejection, match="not_json"):
        decode(read(kinesis_event(not_json.data))[0])
    assert 99 == orjson.loads(invalid.data)["data"]["severity_number"]
    assert "log.v1" == decode(read(kinesis_event(invalid.data))[0]).type


def test_the_trace_line_is_dropped_by_the_route() -> None:
    """What the demo says is dropped on purpose is dropped by the declared route."""
    record = inputs.trace_line("run").record

    assert isinstance(record, Event)
    assert [] == list(PROCESS["log.v1"].transform(record))


def test_the_writes_create_update_and_delete() -> None:
    """Each kind of change is there, of each source table, and every (item, operation) is there once."""
    writes = inputs.writes("run")

    assert {"c", "u", "d"} == {each.op for each in writes}
    assert {f"{table.resource}Name" for table in SOURCE_TABLES} == {each.table for each in writes}
    assert len(writes) == len({(each.key_text, each.op) for each in writes})
    assert all(each.item is None or each.key.items() <= each.item.items() for each in writes)
