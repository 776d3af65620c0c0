"""`pipeline demo` as a user runs it, to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import emulator
from pipeline.project import project_root

pytestmark = pytest.mark.integration
DOORS = ("producer", "API", "DynamoDB", "SNS ", "EventBridge", "SQS ", "SQS FIFO", "S3 drop", "schedule", "total")
BAD = {"not_json", "schema_invalid", "not_an_event"}


def test_the_demo_shows_processed_records_and_a_ledger_that_adds_up(tmp_path: Path, port: int) -> None:
    """Piped, it prints one JSON object a line; the ledger adds up; nothing is left running."""
    command = [str(Path(sys.executable).with_name("pipeline")), "demo"]
    state = tmp_path / "state"

    done = subprocess.run(
        [*command, "--port", str(port), "--state", str(state)],
        capture_output=True,
        text=True,
        timeout=270,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"log.v1", "change.v1"} == {each["type"] for each in shown if "type" in each}
    assert BAD == {each["reason"] for each in shown if "reason" in each}
    assert {"c", "u", "d"} == {each["data"]["op"] for each in shown if each.get("type") == "change.v1"}
    assert "does not add up" not in done.stderr
    rows = [line for line in done.stderr.splitlines() if line.endswith("adds up")]
    assert [name for name in DOORS if not any(row.startswith(name) for row in rows)] == []
    assert "1 dropped on purpose + 4 dead-lettered" in done.stderr
    assert not emulator.status(project_root(), state=state).up
