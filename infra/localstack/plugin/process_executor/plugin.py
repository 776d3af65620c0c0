"""The entry points that LocalStack finds. Nothing heavy is imported before it is asked for."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time

from localstack.runtime import hooks
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

HOOK_PRIORITY = 1000  # before LocalStack's own hooks


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """LAMBDA_RUNTIME_EXECUTOR=process."""

    name = "process"

    def load(self, *_: object, **__: object) -> type:
        """The executor's class."""
        from process_executor.executor import ProcessRuntimeExecutor  # noqa: PLC0415 - see above

        return ProcessRuntimeExecutor


@hooks.on_infra_start(priority=HOOK_PRIORITY)
def prepare_localstack() -> None:
    """Runs before LocalStack opens its port."""
    from process_executor import cloudwatch, emulators, table_streams  # noqa: PLC0415 - see above

    _bind_loopback()
    emulators.install()
    cloudwatch.install()
    table_streams.install()
    if sys.platform != "linux":
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _bind_loopback() -> None:
    """LocalStack 4.14.0 reads a host in GATEWAY_LISTEN, and then listens on every interface all the same."""
    from localstack.runtime.server import twisted  # noqa: PLC0415 - see above

    class _Loopback:
        TCP4ServerEndpoint = staticmethod(
            functools.partial(twisted.endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
        )

    twisted.endpoints = _Loopback


def _end_with_parent(parent: int) -> None:
    import psutil  # noqa: PLC0415 - see above

    while os.getppid() == parent:
        time.sleep(1)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)
