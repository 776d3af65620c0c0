"""What holds for every test."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_works() -> None:
    """A shell starts background jobs with SIGINT ignored, and so may whoever runs CI; children inherit it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
