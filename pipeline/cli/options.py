"""Options that several commands share: which AWS, and which stack."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Concatenate

import click

from pipeline.aws.clients import Clients
from pipeline.emulator import endpoint_url as local_endpoint_url
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_STACK = "kinesis-pipeline"

stack_option = click.option(
    "--stack", default=DEFAULT_STACK, show_default=True, metavar="NAME", help="The deployed stack."
)


def aws_options[**P, R](function: Callable[Concatenate[Clients, P], R]) -> Callable[P, R]:
    """Add --local, --endpoint-url, --region and --profile, and call with the clients they mean."""

    @click.option("--local", is_flag=True, help="Use the LocalStack that `pipeline local up` started.")
    @click.option("--endpoint-url", metavar="URL", help="Use the AWS services at this address.")
    @click.option("--region", metavar="NAME", help="AWS region; default: the AWS configuration's.")
    @click.option("--profile", metavar="NAME", help="Profile of the AWS configuration.")
    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        local = bool(kwargs.pop("local"))
        endpoint_url = _text(kwargs.pop("endpoint_url"))
        if local and endpoint_url is None:
            endpoint_url = local_endpoint_url(project_root())
        clients = Clients(endpoint_url, _text(kwargs.pop("region")), _text(kwargs.pop("profile")), local=local)
        return function(clients, *args, **kwargs)

    return wrapper


def _text(value: object) -> str | None:
    return None if value is None else str(value)
