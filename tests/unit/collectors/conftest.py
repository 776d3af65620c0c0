from __future__ import annotations

from tests.unit.collectors.servers import servers

__all__ = ["servers"]
