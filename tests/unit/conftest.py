"""Unit tests are offline and repeatable: sockets are refused, and hypothesis draws the same examples every time.

`pytest --hypothesis-profile=search` draws new ones, and many more of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
LOOPBACK = ["127.0.0.1"]

settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("search", deadline=None, derandomize=False, max_examples=2000, print_blob=True)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse sockets to every unit test; one marked `loopback` may talk to this machine."""
    for item in items:
        if HERE in item.path.parents:
            loopback = item.get_closest_marker("loopback")
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK) if loopback else pytest.mark.disable_socket)
