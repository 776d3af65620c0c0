"""The environment that LocalStack runs in: made from nothing, so that nothing of the user's shell gets in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.emulator.install import Installed
    from pipeline.emulator.layout import Layout

# The same in Docker (docker-compose.localstack.yml); a test holds them equal.
SHARED: Final[Mapping[str, str]] = {
    # an unknown resource type in a template is an error, not silence
    "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
    # no usage data goes out
    "DISABLE_EVENTS": "1",
    "DYNAMODB_IN_MEMORY": "1",
    "KINESIS_PERSISTENCE": "0",
    # seconds between two looks of an event source mapping, and at most when there was nothing
    "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.2",
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.5",
    "SQS_ENDPOINT_STRATEGY": "path",
}
_SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def localstack_environment(layout: Layout, installed: Installed, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    """Every variable of LocalStack's process; `extra` wins."""
    address = f"127.0.0.1:{port}"
    return {
        **SHARED,
        "CONFIG_DIR": str(layout.home),
        "DNS_ADDRESS": "0",
        "FILESYSTEM_ROOT": str(layout.home),
        "GATEWAY_LISTEN": address,
        "HOME": str(layout.home),
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LANG": "C.UTF-8",
        "LOCALSTACK_HOST": address,
        "OVERRIDE_IN_DOCKER": "0",
        "PATH": f"{installed.node.parent}:{_SYSTEM_PATH}",
        "PROCESS_EXECUTOR_LIBJVM": str(installed.libjvm),
        "PROCESS_EXECUTOR_NODE_MODULES": str(installed.node_modules),
        "PROCESS_EXECUTOR_PYTHON": str(installed.lambda_python),
        "PYTHONPATH": str(layout.plugin),
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "TEMP": str(layout.scratch),
        **extra,
    }
