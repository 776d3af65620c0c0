"""LocalStack 4.14.0 on this machine, without Docker: install it, start it, find it, stop it.

`up` starts a process that outlives the command and leaves nothing behind: `down` ends all, and so does a crash.
"""

from __future__ import annotations

from pipeline.emulator.lifecycle import (
    DEFAULT_PORT,
    DEFAULT_TIMEOUT_SECONDS,
    Emulator,
    Status,
    down,
    endpoint_url,
    status,
    up,
)

__all__ = ["DEFAULT_PORT", "DEFAULT_TIMEOUT_SECONDS", "Emulator", "Status", "down", "endpoint_url", "status", "up"]
