"""One output of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.aws.clients import Clients
from pipeline.cli import stack_output as module
from pipeline.cli.stack_output import stack_output
from pipeline.errors import NotDeployed

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    """The clients of a place with one stack that has one output."""

    def outputs(_clients: Clients, stack: str) -> Mapping[str, str]:
        return {"StreamName": f"{stack}-events"}

    monkeypatch.setattr(module, "outputs", outputs)
    return Clients("http://127.0.0.1:4566", local=True)


def test_output(clients: Clients) -> None:
    """By its name."""
    assert "mine-events" == stack_output(clients, "mine", "StreamName")


def test_a_stack_of_something_else(clients: Clients) -> None:
    """One clear line, not a KeyError."""
    with pytest.raises(NotDeployed, match="has no output Other; is it a stack of this project"):
        stack_output(clients, "mine", "Other")
