"""One output of a deployed stack, or a line that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.aws.cloudformation import outputs, where
from pipeline.errors import NotDeployed

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients


def stack_output(clients: Clients, stack: str, name: str) -> str:
    """The value of the output. Raises NotDeployed."""
    found = outputs(clients, stack)
    if name not in found:
        raise NotDeployed(f"stack {stack!r} {where(clients)} has no output {name}; is it a stack of this project?")
    return found[name]
