from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path

environment = importlib.import_module("process_executor.environment")


class Kind(StrEnum):
    ON_DEMAND = "on-demand"


GIVEN = {
    "AWS_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 128,
    "AWS_LAMBDA_INITIALIZATION_TYPE": Kind.ON_DEMAND,
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "_HANDLER": "app.handler",
    "TZ": ":UTC",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LOCALSTACK_RUNTIME_ID": "x",
    "EDGE_PORT": "4566",
}


def made(own: dict[str, object]) -> dict[str, str]:
    """The environment of a function with these variables of its own."""
    variables: dict[str, str] = environment.function_environment(
        GIVEN,
        own,
        python=Path("/runtime/bin/python"),
        task_root=Path("/code"),
        layers=Path("/opt"),
        scratch=Path("/sandbox/tmp"),
    )
    return variables


def test_as_on_aws() -> None:
    """A function sees what AWS sets, all text, and nothing of LocalStack or of this machine."""
    assert {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "eu-west-1",
        "HOME": "/sandbox/tmp",
        "LAMBDA_RUNTIME_DIR": "/runtime/bin",
        "LAMBDA_TASK_ROOT": "/code",
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": "/code:/code/lib:/opt/lib",
        "PATH": "/runtime/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "PYTHONPATH": "/opt/python/lib/python3.13/site-packages:/opt/python",
        "TMPDIR": "/sandbox/tmp",
        "TZ": ":UTC",
        "_HANDLER": "app.handler",
    } == made({})


def test_own_variables() -> None:
    """The function's own variables are added, and win over those that may be changed."""
    variables = made({"TABLE": "results", "COUNT": 3, "TZ": "Europe/Berlin"})
    assert ("results", "3", "Europe/Berlin") == (variables["TABLE"], variables["COUNT"], variables["TZ"])
