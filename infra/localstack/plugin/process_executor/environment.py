"""The variables that a function sees: those that AWS sets, the function's own, and nothing of this machine. Pure.

AWS's list: Lambda developer guide, "Defined runtime environment variables". Three differ, for there is no container
here: LAMBDA_TASK_ROOT is the folder of the unpacked code instead of /var/task, TMPDIR names the environment's own
/tmp, and HOME is that folder too, so that no file of the user's home (~/.aws) is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What LocalStack computes for a function and AWS sets as well; the rest of LocalStack's own is left out.
FROM_LOCALSTACK: Final = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_LEVEL",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "AWS_ENDPOINT_URL",
    "_HANDLER",
    "TZ",
)


def function_environment(
    given: Mapping[str, object],
    own: Mapping[str, object],
    *,
    python: Path,
    task_root: Path,
    layers: Path,
    scratch: Path,
) -> dict[str, str]:
    """Every variable of the function's process but AWS_LAMBDA_RUNTIME_API, which is new with each process.

    Args:
        given: what LocalStack computed, of any type.
        own: what the function's configuration says; it wins, as AWS refuses to configure the reserved names.
        python: the interpreter of the Lambda runtime's environment.
        task_root: the unpacked code.
        layers: the layers' content, as /opt on AWS; need not exist.
        scratch: the environment's /tmp.
    """
    merged: dict[str, object] = {
        "LANG": "en_US.UTF-8",
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin:{layers}/bin",
        "LD_LIBRARY_PATH": f"{task_root}:{task_root}/lib:{layers}/lib",
        "PYTHONPATH": f"{layers}/python/lib/python3.13/site-packages:{layers}/python",
        "HOME": scratch,
        "TMPDIR": scratch,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": python.parent,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    }
    merged |= {name: given[name] for name in FROM_LOCALSTACK if name in given}
    merged |= own
    return {name: str(value) for name, value in merged.items()}
