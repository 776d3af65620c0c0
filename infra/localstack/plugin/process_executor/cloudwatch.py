"""Writes the log of an invocation to CloudWatch Logs before the invocation is answered.

LocalStack does it in a thread of its own, some time later; a test that reads the log right after an invocation
would be a race.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation.logs import LogHandler
from localstack.utils.aws.client_types import ServicePrincipal

if TYPE_CHECKING:
    from localstack.services.lambda_.invocation.logs import LogItem

LOG: Final = logging.getLogger(__name__)
_LOCK: Final = threading.Lock()


def install() -> None:
    """Replace LocalStack's way of keeping an invocation's log."""
    LogHandler.add_logs = _add_logs


def _add_logs(handler: LogHandler, item: LogItem) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": f"{line}\n"} for line in item.logs.split("\n") if line]
    try:
        _put(_client(handler), item, events)
    except Exception as error:  # noqa: BLE001 - a log that cannot be kept is no reason to fail the invocation
        LOG.warning("The log of an invocation could not be kept in %s: %s", item.log_group, error)


def _put(logs: Any, item: LogItem, events: list[dict[str, object]]) -> None:  # noqa: ANN401 - a client made at run time
    names = {"logGroupName": item.log_group, "logStreamName": item.log_stream}
    try:
        logs.put_log_events(**names, logEvents=events)
    except logs.exceptions.ResourceNotFoundException:
        for create, arguments in (
            (logs.create_log_group, {"logGroupName": item.log_group}),
            (logs.create_log_stream, names),
        ):
            try:
                create(**arguments)
            except logs.exceptions.ResourceAlreadyExistsException:
                LOG.debug("%s is there already", arguments)
        logs.put_log_events(**names, logEvents=events)


def _client(handler: LogHandler) -> Any:  # noqa: ANN401 - a client made at run time
    with _LOCK:
        if not hasattr(handler, "process_executor_client"):
            handler.process_executor_client = connect_to.with_assumed_role(
                region_name=handler.region, role_arn=handler.role_arn, service_principal=ServicePrincipal.lambda_
            ).logs
    return handler.process_executor_client
