from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.emulator.containers import COMPOSE_FILE
from pipeline.emulator.install import LOCALSTACK_VERSION, Installed
from pipeline.emulator.layout import layout
from pipeline.emulator.settings import SHARED, localstack_environment
from pipeline.project import project_root

PLACE = layout(Path("/project"), Path("/state"))
INSTALLED = Installed(
    Path("/venv/bin/python"),
    Path("/functions/bin/python"),
    Path("/node_modules"),
    Path("/libjvm.so"),
    Path("/node/node"),
    (),
)


def test_loopback_only() -> None:
    """LocalStack listens on loopback, and names itself by that address."""
    environment = localstack_environment(PLACE, INSTALLED, 4567, {})
    assert "127.0.0.1:4567" == environment["GATEWAY_LISTEN"] == environment["LOCALSTACK_HOST"]


def test_nothing_of_the_users_shell() -> None:
    """What LocalStack reads and writes lies in its own folder, and only what it needs is on its PATH."""
    environment = localstack_environment(PLACE, INSTALLED, 4567, {})
    for name in ("HOME", "CONFIG_DIR", "FILESYSTEM_ROOT", "TEMP"):
        assert environment[name].startswith("/state/localstack-home")
    assert "/node:/usr/local/bin:/usr/bin:/bin" == environment["PATH"]


def test_settings_of_the_caller_win() -> None:
    """A caller may change any setting."""
    environment = localstack_environment(PLACE, INSTALLED, 4567, {"DEBUG": "1", "DNS_ADDRESS": "127.0.0.1"})
    assert ("1", "127.0.0.1") == (environment["DEBUG"], environment["DNS_ADDRESS"])


def test_docker_has_the_same_settings() -> None:
    """The compose file pins the same LocalStack, with the same settings, on loopback, with a health check."""
    service = yaml.safe_load((project_root() / COMPOSE_FILE).read_text())["services"]["localstack"]
    assert f"localstack/localstack:{LOCALSTACK_VERSION}" == service["image"]
    assert {**SHARED, "MAIN_CONTAINER_NAME": service["container_name"]} == service["environment"]
    assert ["127.0.0.1:${LOCALSTACK_PORT:-4566}:4566"] == service["ports"]
    assert service["healthcheck"]["test"]
