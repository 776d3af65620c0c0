"""CloudFormation: what a stack is and what it made. Deploying and deleting one have files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.aws.failures import error_code
from pipeline.errors import NotDeployed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudformation.type_defs import StackTypeDef

    from pipeline.aws.clients import Clients


def outputs(clients: Clients, stack: str) -> Mapping[str, str]:
    """What the stack made: output name to value. Raises NotDeployed."""
    found = find(clients, stack)
    if found is None:
        raise NotDeployed(f"there is no stack {stack!r} {where(clients)}; deploy it with: {_deploy(clients, stack)}")
    values = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}
    if not values:
        raise NotDeployed(
            f"stack {stack!r} {where(clients)} is in {found['StackStatus']} and has made nothing yet; "
            f"deploy it with: {_deploy(clients, stack)}"
        )
    if clients.endpoint_url and "amazonaws.com" not in values.get("ApiUrl", "amazonaws.com"):
        # LocalStack makes up a host name below its own, which nothing resolves; its APIs are here.
        values["ApiUrl"] = f"{clients.endpoint_url}/_aws/execute-api/{values['ApiId']}/v1"
    return values


def find(clients: Clients, stack: str) -> StackTypeDef | None:
    """The stack as CloudFormation describes it; None when there is none, or only the memory of one."""
    try:
        found = clients.cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        # CloudFormation has no code of its own for this.
        if error_code(error) == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    return next((each for each in found if each["StackStatus"] != "DELETE_COMPLETE"), None)


def where(clients: Clients) -> str:
    """The place that the clients look at, for a person: `in eu-central-1`, `at http://127.0.0.1:4566`."""
    return f"at {clients.endpoint_url}" if clients.endpoint_url else f"in {clients.cloudformation.meta.region_name}"


def _deploy(clients: Clients, stack: str) -> str:
    if clients.local:
        place = " --local"
    elif clients.endpoint_url:
        place = f" --endpoint-url {clients.endpoint_url}"
    else:
        place = ""
    return f"pipeline deploy --stack {stack}{place}"
