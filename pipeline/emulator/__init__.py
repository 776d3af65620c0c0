"""LocalStack 4.14.0 on this machine: install it, start it, find it, stop it.

`up` starts a process that outlives the command and leaves nothing behind: `down` ends all, and so does a crash.

    command ──▶ supervisor ──▶ LocalStack ──▶ Kinesis (Node), DynamoDB (Java), one process an execution environment
"""

from __future__ import annotations

from pipeline.emulator.lifecycle import DEFAULT_PORT, DEFAULT_TIMEOUT_SECONDS, Emulator, Ended, Options, down, up
from pipeline.emulator.state import Status, endpoint_url, status

__all__ = [
    "DEFAULT_PORT",
    "DEFAULT_TIMEOUT_SECONDS",
    "Emulator",
    "Ended",
    "Options",
    "Status",
    "down",
    "endpoint_url",
    "status",
    "up",
]
