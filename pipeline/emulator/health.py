"""What LocalStack says about itself."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 3
# No proxy of the user's shell stands between us and our own machine.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Health:
    """LocalStack's answer.

    Args:
        version: of LocalStack.
        services: the name of each AWS service and its state: available (not used yet), running, error, ...
    """

    version: str
    services: dict[str, str]


def ask(endpoint_url: str) -> Health | None:
    """LocalStack's health; None when nobody answers, or somebody else."""
    try:
        with _OPENER.open(f"{endpoint_url}/_localstack/health", timeout=_TIMEOUT_SECONDS) as answer:
            values: Any = json.load(answer)
        return Health(str(values["version"]), {str(name): str(state) for name, state in values["services"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, urllib.error.URLError, http.client.HTTPException):
        return None
