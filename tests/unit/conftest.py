"""Unit tests are offline and repeatable, and see nothing of the machine's AWS configuration.

Sockets are refused, and hypothesis draws the same examples every time:
`pytest --hypothesis-profile=search` draws new ones, and many more of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture(autouse=True, scope="module")
def no_aws_configuration() -> Iterator[None]:
    """The AWS configuration of nobody: no profile, no region, no credentials, no endpoint."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [*os.environ]:
            if name.startswith("AWS_"):
                environment.delenv(name)
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
