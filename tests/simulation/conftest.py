"""Simulations are offline: sockets are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse sockets to every simulation."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.disable_socket)
