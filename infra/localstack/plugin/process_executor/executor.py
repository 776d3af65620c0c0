"""LocalStack's contract for a Lambda executor (localstack.services.lambda_.invocation), on top of a sandbox.

LocalStack makes one executor for each execution environment, gives it one invocation at a time, keeps it warm, and
stops it when the function changes or is deleted. `start` never fails because of the function: LocalStack would
answer without its log.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

from process_executor.environment import function_environment
from process_executor.sandbox import Function, Invocation, Sandbox

if TYPE_CHECKING:
    from localstack.services.lambda_.invocation.lambda_models import FunctionVersion

RUNTIME = "python3.13"
PYTHON_VARIABLE = "PROCESS_EXECUTOR_PYTHON"


class ProcessRuntimeExecutor(RuntimeExecutor):  # type: ignore[misc] # LocalStack brings no types
    """Runs one execution environment as a process of this machine."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 - LocalStack's name
        super().__init__(id, function_version)
        self._sandbox: Sandbox | None = None

    def start(self, env_vars: dict[str, object]) -> None:
        """Start the environment; an init error is told by the first invocation."""
        self._sandbox = Sandbox(_function(self.function_version, env_vars, self._folder), self._folder)
        self._sandbox.start()

    def stop(self) -> None:
        """End the environment after the invocation under way, if there is one."""
        if self._sandbox is not None:
            self._sandbox.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Serve one invocation."""
        assert self._sandbox is not None  # noqa: S101 - LocalStack starts it first
        request_id = payload["invoke-id"]
        answer = self._sandbox.invoke(
            Invocation(request_id, payload["invoked-function-arn"], payload["trace-id"], payload["payload"].encode())
        )
        return InvocationResult(request_id, answer.body, is_error=answer.is_error, logs=answer.log)

    def get_logs(self) -> str:
        """The output that no invocation has taken yet."""
        return self._sandbox.log() if self._sandbox is not None else ""

    def get_address(self) -> str:
        """Where the environment is, seen from LocalStack."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Where LocalStack is, seen from the environment."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """Not used: the environment talks to its sandbox, not to LocalStack's gateway."""
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}/"

    @property
    def _folder(self) -> Path:
        return Path(tempfile.gettempdir()) / "sandboxes" / str(self.id)

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code and the layers of a function version; its text goes into the function's StateReason."""
        settings = function_version.config
        if settings.runtime != RUNTIME or not settings.code:
            what = settings.runtime or f"package type {settings.package_type}"
            raise LambdaRuntimeException(
                f"LocalStack without Docker runs {RUNTIME} functions from a zip file only, not {what}"
            )
        settings.code.prepare_for_execution()
        for layer in settings.layers:
            layer.code.prepare_for_execution()
            shutil.copytree(layer.code.get_unzipped_code_location(), _layers(function_version), dirs_exist_ok=True)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Remove the layers' content; LocalStack removes the code."""
        shutil.rmtree(_layers(function_version), ignore_errors=True)


def _function(version: FunctionVersion, given: dict[str, object], folder: Path) -> Function:
    python = Path(os.environ[PYTHON_VARIABLE])
    task_root = version.config.code.get_unzipped_code_location()
    environment = function_environment(
        given,
        version.config.environment or {},
        python=python,
        task_root=task_root,
        layers=_layers(version),
        scratch=folder / "tmp",
    )
    # -B: /var/task is read-only on AWS, so nothing is compiled into it.
    command = [str(python), "-B", "-m", "awslambdaric", str(version.config.handler)]
    return Function(
        version.id.qualifier, command, environment, task_root, version.config.timeout, version.config.memory_size
    )


def _layers(version: FunctionVersion) -> Path:
    return Path(tempfile.gettempdir()) / "layers" / version.config.internal_revision
