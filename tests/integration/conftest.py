"""One LocalStack and one deployed stack for all integration tests, beside whatever runs on this machine."""

from __future__ import annotations

import socket
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

from pipeline import emulator
from pipeline.aws.clients import Clients
from pipeline.aws.deploy import deploy
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def tell(line: str) -> None:
    """Show what a long step is doing, past pytest's capture."""
    print(line, file=sys.__stderr__, flush=True)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def port() -> int:
    """A free port of this machine."""
    return free_port()


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """The clients of a LocalStack that ends with the tests."""
    state = tmp_path_factory.mktemp("localstack")
    running = emulator.up(
        project_root(),
        port=free_port(),
        state=state,
        report=tell,
        settings={
            "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
            "ENABLE_CONFIG_UPDATES": "1",
            # seconds before an async event is tried again, and twice that before the last time; Lambda's are a minute
            "LAMBDA_RETRY_BASE_DELAY": "1",
        },
    )
    yield Clients(running.endpoint_url, local=True)
    emulator.down(project_root(), state=state)


@pytest.fixture(scope="session")
def stack(localstack: Clients) -> Mapping[str, str]:
    """The outputs of the deployed template."""
    return deploy(localstack, f"test-{uuid.uuid4().hex[:8]}", report=tell)


@pytest.fixture
def aws(localstack: Clients, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options that lead a command to LocalStack."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return ["--endpoint-url", str(localstack.endpoint_url), "--region", "us-east-1"]
